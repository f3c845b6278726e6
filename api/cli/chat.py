"""The terminal client on the public WebSocket: streams, shows citations, model, cost and cache, cancels on Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import aclosing

import click

from api.cli.connection import base_url, credentials, speaker_at
from api.cli.main import with_data_dir
from api.client import Chat, Colloquy, Failure, Refused
from api.client import frames as f
from api.settings import read_settings

DIM, BOLD, CYAN, YELLOW, RED, OFF = "\033[2m", "\033[1m", "\033[36m", "\033[33m", "\033[31m", "\033[0m"


class Painter:
    """Colours on a terminal, nothing in a pipe."""

    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, style: str, text: str) -> str:
        return f"{style}{text}{OFF}" if self._colours else text


class Conversation:
    """A chat at the terminal: what is asked, printed as it is answered."""

    def __init__(self, chat: Chat, painter: Painter, speaker: str) -> None:
        self._chat, self._paint, self._speaker = chat, painter, speaker
        self._citations: dict[int, f.Citation] = {}
        self.asking = self.cancelling = False

    async def ask(self, text: str) -> bool:
        """Ask and print the answer as it streams; True when it was answered."""
        self.asking, self.cancelling = True, False
        self._citations.clear()
        try:
            async with aclosing(self._chat.ask(text)) as told:
                async for frame in told:
                    await self._show(frame)
                    if isinstance(frame, f.Completed):
                        return frame.status == "completed"
        except Refused as refused:
            self._fail(refused.message, refused.code)
        finally:
            self.asking = False
        return False

    async def _show(self, frame: f.AnyTurnFrame | f.Error) -> None:
        match frame:
            case f.Step(status="started") if sys.stderr.isatty():
                self._note(f"… {frame.step}")
            case f.Delta():
                click.echo(frame.delta, nl=False)
            case f.Reset():
                click.echo(self._paint(YELLOW, f"\n(starting again: {frame.reason})"))
            case f.Citation():
                self._citations[frame.n] = frame
            case f.FailedOver():
                click.echo(self._paint(YELLOW, f"\n({frame.from_} failed; {frame.to} goes on)"), err=True)
            case f.ToolCall(status="waiting"):
                await self._confirm(frame)
            case f.ToolCall() if frame.status != "completed":
                self._note(f"\n({'calls' if frame.status == 'started' else 'could not use'} {frame.name})")
            case f.PiiRedacted():
                kinds = ", ".join(f"{count} {kind}" for kind, count in frame.kinds.items())
                self._note(f"(kept from the model: {kinds})")
            case f.CacheHit():
                self._note(f"({frame.layer} cache, {frame.age_s} s old, saved ${frame.saved_usd})")
            case f.Completed():
                self._footer(frame)
            case f.Failed():
                self._fail(frame.error["message"], frame.error["code"])
            case f.Error():
                self._fail(frame.message, frame.code)

    def _note(self, text: str) -> None:
        click.echo(self._paint(DIM, text), err=True)

    def _fail(self, message: str, code: str) -> None:
        click.echo(self._paint(RED, f"\n{message} ({code})"), err=True)

    async def _confirm(self, frame: f.ToolCall) -> None:
        """Ask whether a tool may be called; where nobody can be asked it may not."""
        allow = False
        if sys.stdin.isatty():
            told = f"\n{frame.name} {json.dumps(frame.input or {}, ensure_ascii=False)}"
            click.echo(self._paint(BOLD, told), err=True)
            answer = await asyncio.to_thread(input, "Allow this? [y/N] ")
            allow = answer.strip().lower() in ("y", "yes")
        await self._chat.confirm(str(frame.call), allow)

    def _footer(self, done: f.Completed) -> None:
        click.echo()
        for n, citation in sorted(self._citations.items()):
            where = f"{citation.title} · {citation.start}..{citation.end}"
            click.echo(f"{self._paint(CYAN, f'[{n}]')} {self._paint(BOLD, where)}")
            click.echo(self._paint(DIM, "    “" + " ".join(citation.quote.split()) + "”"))
        badge = f" · cache: {done.cached}" if done.cached else ""
        tokens = f"{done.usage['input_tokens'] + done.usage['cache_read_tokens']} in, {done.usage['output_tokens']} out"
        model = f"{done.model} (spoken by {self._speaker})" if self._speaker else done.model
        first = f"first token {done.ttft_ms} ms"
        click.echo(self._paint(DIM, f"{done.status} · {model} · ${done.cost_usd} · {tokens} · {first}{badge}"))

    async def cancel(self) -> None:
        """Stop the running answer."""
        await self._chat.cancel()


async def _talk(tenant: str, user: str, session: str | None, assistant: str, question: str | None) -> int:
    from application.tasks import TaskSet

    painter = Painter(sys.stdout.isatty())
    url, auth = base_url(read_settings()), credentials(tenant, ["member"], user)
    speaker = await asyncio.to_thread(speaker_at, url)
    async with (
        Colloquy(url, lambda: auth.token) as colloquy,
        colloquy.chat(assistant=assistant, session_id=session) as chat,
    ):
        conversation = Conversation(chat, painter, speaker)
        loop, cancelling = asyncio.get_running_loop(), TaskSet("cancel")
        main = asyncio.current_task()
        assert main is not None, "we run in a task"

        def interrupt() -> None:
            if conversation.cancelling or not (conversation.asking and chat.turn_id):
                main.cancel()
            else:
                conversation.cancelling = True
                cancelling.start(conversation.cancel())

        loop.add_signal_handler(signal.SIGINT, interrupt)
        if question:
            return 0 if await conversation.ask(question) else 1
        click.echo(painter(DIM, f"session {chat.session_id} · Ctrl-C stops an answer, twice leaves, Ctrl-D ends"))
        return await _prompt(conversation, painter)


async def _prompt(conversation: Conversation, painter: Painter) -> int:
    while True:
        try:
            line = await asyncio.to_thread(input, painter(BOLD, "> ") if sys.stdin.isatty() else "")
        except EOFError:
            return 0
        if line.strip():
            await conversation.ask(line)


@click.command()
@with_data_dir
@click.option("--tenant", required=True, help="The tenant's id (see `colloquy tenant list`).")
@click.option("--user", default="me", show_default=True, help="Who is asking.")
@click.option("--session", help="Go on with this session.")
@click.option("--assistant", default="default", show_default=True)
@click.argument("question", required=False)
def chat(tenant: str, user: str, session: str | None, assistant: str, question: str | None) -> None:
    """Ask QUESTION, or talk when there is none.

    Example: colloquy chat --tenant 0199... "How long can I return coffee?"
    """
    try:
        code = asyncio.run(_talk(tenant, user, session, assistant, question))
    except asyncio.CancelledError:
        code = 130
    except Failure as failure:
        raise click.ClickException(failure.message) from None
    if code:
        raise click.exceptions.Exit(code)
