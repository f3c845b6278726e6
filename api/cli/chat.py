"""The terminal client on the public WebSocket: streams, shows citations, model, cost and cache, cancels on Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import click

from api.cli.connection import base_url, credentials, speaker_at
from api.cli.main import with_data_dir
from api.settings import read_settings

DIM, BOLD, CYAN, YELLOW, RED, OFF = "\033[2m", "\033[1m", "\033[36m", "\033[33m", "\033[31m", "\033[0m"
ANSWER_WITHIN_S = 180.0


class Painter:
    """Colours on a terminal, nothing in a pipe."""

    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, style: str, text: str) -> str:
        return f"{style}{text}{OFF}" if self._colours else text


class Conversation:
    """One socket on one session."""

    def __init__(self, socket: Any, painter: Painter, speaker: str) -> None:
        self._socket, self._paint, self._speaker = socket, painter, speaker
        self.session_id = ""
        self.turn_id = ""
        self._asked = 0
        self.cancelling = False

    async def open(self, session_id: str | None, assistant: str) -> dict[str, Any]:
        """Begin or resume; the `session.opened` frame."""
        frame: dict[str, Any] = {"type": "session.open", "assistant": assistant}
        if session_id:
            frame["session_id"] = session_id
        await self._send(frame)
        opened = await self._receive()
        if opened["type"] == "error":
            raise click.ClickException(opened["message"])
        self.session_id = opened["session_id"]
        return opened

    async def _send(self, frame: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(frame))

    async def _receive(self) -> dict[str, Any]:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            frame: dict[str, Any] = json.loads(await self._socket.recv())
        return frame

    async def ask(self, text: str) -> bool:
        """Ask and print the answer as it streams; True when it was answered."""
        import uuid_utils.compat

        self.turn_id, self.cancelling = "", False
        await self._send({"type": "turn.create", "id": str(uuid_utils.compat.uuid7()), "text": text})
        citations: dict[int, dict[str, Any]] = {}
        async for frame in self._turn():
            match frame["type"]:
                case "turn.created":
                    self.turn_id = frame["turn_id"]
                case "turn.step" if frame["status"] == "started" and sys.stderr.isatty():
                    click.echo(self._paint(DIM, f"… {frame['step']}"), err=True)
                case "turn.delta":
                    click.echo(frame["delta"], nl=False)
                case "turn.reset":
                    click.echo(self._paint(YELLOW, f"\n(starting again: {frame['reason']})"))
                case "turn.citation":
                    citations[frame["n"]] = frame
                case "turn.model_failed_over":
                    click.echo(self._paint(YELLOW, f"\n({frame['from']} failed; {frame['to']} goes on)"), err=True)
                case "turn.tool_call" if frame["status"] == "waiting":
                    await self._confirm(frame)
                case "turn.tool_call" if frame["status"] != "completed":
                    told = "calls" if frame["status"] == "started" else "could not use"
                    click.echo(self._paint(DIM, f"\n({told} {frame['name']})"), err=True)
                case "turn.pii_redacted":
                    kinds = ", ".join(f"{count} {kind}" for kind, count in frame["kinds"].items())
                    click.echo(self._paint(DIM, f"(kept from the model: {kinds})"), err=True)
                case "turn.cache_hit":
                    saved = f"({frame['layer']} cache, {frame['age_s']} s old, saved ${frame['saved_usd']})"
                    click.echo(self._paint(DIM, saved), err=True)
                case "turn.completed":
                    self._footer(frame, citations)
                    return bool(frame["status"] == "completed")
                case "turn.failed" | "error":
                    error = frame.get("error", frame)
                    click.echo(self._paint(RED, f"\n{error['message']} ({error['code']})"), err=True)
                    return False
        return False

    async def _confirm(self, frame: dict[str, Any]) -> None:
        """Ask whether a tool may be called; where nobody can be asked it may not."""
        allow = False
        if sys.stdin.isatty():
            told = f"\n{frame['name']} {json.dumps(frame.get('input', {}), ensure_ascii=False)}"
            click.echo(self._paint(BOLD, told), err=True)
            answer = await asyncio.to_thread(input, "Allow this? [y/N] ")
            allow = answer.strip().lower() in ("y", "yes")
        await self._send({"type": "tool.confirm", "turn_id": self.turn_id, "call": frame["call"], "allow": allow})

    async def _turn(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            frame = await self._receive()
            yield frame

    def _footer(self, done: dict[str, Any], citations: dict[int, dict[str, Any]]) -> None:
        click.echo()
        for n, citation in sorted(citations.items()):
            where = f"{citation['title']} · {citation['start']}..{citation['end']}"
            click.echo(f"{self._paint(CYAN, f'[{n}]')} {self._paint(BOLD, where)}")
            click.echo(self._paint(DIM, "    “" + " ".join(citation["quote"].split()) + "”"))
        badge = f" · cache: {done['cached']}" if done["cached"] else ""
        usage = done["usage"]
        tokens = f"{usage['input_tokens'] + usage['cache_read_tokens']} in, {usage['output_tokens']} out"
        first = f"first token {done['ttft_ms']} ms"
        model = f"{done['model']} (spoken by {self._speaker})" if self._speaker else done["model"]
        note = f"{done['status']} · {model} · ${done['cost_usd']} · {tokens} · {first}{badge}"
        click.echo(self._paint(DIM, note))

    async def cancel(self) -> None:
        """Stop the running answer."""
        self.cancelling = True
        if self.turn_id:
            await self._send({"type": "turn.cancel", "turn_id": self.turn_id})


async def _talk(tenant: str, user: str, session: str | None, assistant: str, question: str | None) -> int:
    from websockets.asyncio.client import connect

    from application.tasks import TaskSet

    painter = Painter(sys.stdout.isatty())
    url = base_url(read_settings()).replace("http", "ws", 1) + "/v1/chat"
    headers = {"Authorization": credentials(tenant, ["member"], user).bearer}
    speaker = await asyncio.to_thread(speaker_at, base_url(read_settings()))
    async with connect(url, additional_headers=headers, compression=None, max_size=None) as socket:
        conversation = Conversation(socket, painter, speaker)
        opened = await conversation.open(session, assistant)
        loop, cancelling = asyncio.get_running_loop(), TaskSet("cancel")
        main = asyncio.current_task()
        assert main is not None, "we run in a task"

        def interrupt() -> None:
            if conversation.cancelling or not conversation.turn_id:
                main.cancel()
            else:
                conversation.cancelling = True
                cancelling.start(conversation.cancel())

        loop.add_signal_handler(signal.SIGINT, interrupt)
        if question:
            return 0 if await conversation.ask(question) else 1
        click.echo(painter(DIM, f"session {opened['session_id']} · Ctrl-C stops an answer, twice leaves, Ctrl-D ends"))
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
    if code:
        raise click.exceptions.Exit(code)
