"""A server of OpenAI's chat completions that says what a test tells it to, on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.local.bedrock.http_server import HttpConnection, HttpReply, Request, chunk

USAGE = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
DONE = b"data: [DONE]\n\n"


@dataclass
class Script:
    """One answer: an error's `status` with `body`; or `events`, values as they are or bytes of the wire. Then it ends
    as it should, is `cut`, or goes on saying nothing (`silent`) or the last event for ever (`endless`)."""

    events: list[Any] = field(default_factory=list)
    status: int = 200
    body: Any = None
    cut: bool = False
    silent: bool = False
    endless: bool = False


def piece(**delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}]}


def end(reason: str | None = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def saying(*words: str, reason: str = "stop", usage: dict[str, Any] | None = USAGE) -> Script:
    """Words, an end, and the usage where there is one."""
    counted = [{"choices": [], "usage": usage}] if usage else []
    return Script([piece(role="assistant"), *(piece(content=word) for word in words), end(reason), *counted, DONE])


def calling(name: str, arguments: str, id: str = "call_1") -> Script:
    """A call of a tool, its arguments in two halves."""
    half = len(arguments) // 2
    first = {"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": arguments[:half]}}
    rest = {"index": 0, "function": {"arguments": arguments[half:]}}
    counted = {"choices": [], "usage": USAGE}
    return Script([piece(tool_calls=[first]), piece(tool_calls=[rest]), end("tool_calls"), counted, DONE])


class ScriptedChat:
    """Answers by `script(request body)`, and keeps the bodies that came."""

    def __init__(self, script: Callable[[dict[str, Any]], Script]) -> None:
        self.script = script
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.left: asyncio.Queue[None] = asyncio.Queue()  # clients that went before their answer's end
        self.url = ""

    def handle(self, request: Request, reply: HttpReply) -> None:
        body = request.json()
        self.keys.append(request.headers.get("authorization", ""))
        if request.path[-1] == "embeddings":
            reply.send_json(200, {"data": [{"embedding": [3.0, 4.0, 0.0]}]})
            return
        self.asked.append(body)
        script = self.script(body)
        if script.status != 200 or script.body is not None:
            reply.send_json(script.status, script.body)
            return
        reply.send(reply.start("text/event-stream") + b"".join(chunk(_event(event)) for event in script.events))
        reply.on_drop = self._lost
        if script.cut:
            reply.cut()
        elif script.endless:
            asyncio.get_running_loop().call_soon(self._again, reply, chunk(_event(script.events[-1]) * 50))
        elif not script.silent:
            reply.finish()

    def _again(self, reply: HttpReply, data: bytes) -> None:
        if not reply.ended:
            reply.send(data)
            asyncio.get_running_loop().call_later(0.001, self._again, reply, data)

    def _lost(self) -> None:
        self.left.put_nowait(None)


def _event(event: Any) -> bytes:
    return event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() + b"\n\n"


@asynccontextmanager
async def serving(script: Callable[[dict[str, Any]], Script]) -> AsyncIterator[ScriptedChat]:
    """One in this loop."""
    chat, connections = ScriptedChat(script), set[HttpConnection]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpConnection(chat.handle, connections), "127.0.0.1", 0)
    chat.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()
        for connection in list(connections):
            connection.close()


@contextmanager
def serving_in_a_thread(script: Callable[[dict[str, Any]], Script]) -> Iterator[ScriptedChat]:
    """One for other processes, while this one does other things."""
    started, ready, stop = [], threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(script) as chat:
            started.append(chat)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
