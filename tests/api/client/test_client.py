"""The client library: its types are the server's, and it goes on whatever becomes of its connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from api.client import Backoff, Chat, Closed, Colloquy, Problem, Refused, TurnFailed
from api.client import frames as f
from api.client.web_socket import Lost
from api.connections import client_frames
from application.sessions import feed_frames

SERVER = (
    *feed_frames.AnyFrame.__args__,
    client_frames.SessionWatched,
    client_frames.Error,
    client_frames.Pong,
    client_frames.AuthExpiring,
    client_frames.SessionDraining,
)


def shape(kind: type, *without: str) -> dict[str, Any]:
    """The fields of a type as JSON schema, without their words and bounds, and which of them must be there."""
    _, parts = msgspec.json.schema_components([kind], ref_template="{name}")
    found: dict[str, Any] = parts[kind.__name__]
    plain = {name: _plain(of) for name, of in found["properties"].items() if name not in without}
    return {"fields": plain, "required": set(found.get("required", ())) - set(without)}


def _plain(schema: Any) -> Any:
    if isinstance(schema, dict):
        bounds = ("maxLength", "maxItems", "maxProperties", "minimum", "maximum", "default", "propertyNames")
        return {key: plain for key, value in schema.items() if key not in bounds and (plain := _plain(value)) != {}}
    return [_plain(value) for value in schema] if isinstance(schema, list) else schema


def test_every_frame_of_the_server_is_known_with_its_fields() -> None:
    assert f.SERVER_FRAMES.keys() == {kind.__struct_config__.tag for kind in SERVER}
    common = ("type", "seq", "session_id", "at", "turn_id")
    for kind in SERVER:
        ours = f.SERVER_FRAMES[str(kind.__struct_config__.tag)]
        assert shape(ours, *common)["fields"] == shape(kind, *common)["fields"], kind
        assert shape(ours, *common)["required"] >= shape(kind, *common)["required"], kind
    sent = {str(kind.__struct_config__.tag): kind for kind in f.CLIENT_FRAMES}
    assert sent.keys() == client_frames.CLIENT_FRAMES.keys()
    for name, kind in client_frames.CLIENT_FRAMES.items():
        assert shape(sent[name], "type") == shape(kind), kind


class FakeSocket:
    """Plays frames; a string is said, an exception raised. Ends as lost."""

    def __init__(self, said: Sequence[f.AnyFrame | Exception], sent: list[f.Sent]) -> None:
        self.said, self.sent, self.closed = list(said), sent, False

    async def send(self, frame: f.Sent) -> None:
        self.sent.append(frame)

    async def receive(self) -> f.AnyFrame:
        if not self.said:
            raise Lost("gone")
        frame = self.said.pop(0)
        if isinstance(frame, Exception):
            raise frame
        return frame

    async def close(self) -> None:
        self.closed = True


class Server:
    """Each connection plays the next script; one that is an exception refuses to connect."""

    def __init__(self, *scripts: Sequence[f.AnyFrame | Exception] | Exception) -> None:
        self.scripts, self.sent, self.waited = list(scripts), list[f.Sent](), list[float]()

    async def connect(self) -> FakeSocket:
        script = self.scripts.pop(0)
        if isinstance(script, Exception):
            raise script
        return FakeSocket(script, self.sent)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def chat(self, **fields: Any) -> Chat:
        return Chat(self.connect, backoff=Backoff(tries=3, sleep=self._sleep, draw=lambda: 1.0), **fields)


OPENED = f.SessionOpened(
    seq=0, session_id="s", assistant="default", history=[], history_next=None, limits=f.FrameLimits(9, 9, 9)
)
ASKED: dict[str, Any] = {"session_id": "s", "turn_id": "t"}
CREATED = f.Created(seq=1, client_id="q", **ASKED)
DONE = f.Completed(
    seq=9, status="completed", text="24 months", citations=[], model="m", cached=False, usage={}, cost_usd="0", ms=1,
    ttft_ms=1, finish_reason="stop", **ASKED,
)  # fmt: skip


def delta(seq: int, text: str) -> f.Delta:
    return f.Delta(seq=seq, delta=text, **ASKED)


async def told(chat: Chat) -> list[str]:
    """What an asker sees, in short."""
    seen = []
    async with chat:
        async for frame in chat.ask("How long?", id="q"):
            seen.append(getattr(frame, "delta", str(frame.__struct_config__.tag)))
    return seen


def openings(server: Server) -> list[tuple[str | None, int | None]]:
    return [(frame.session_id, frame.after_seq) for frame in server.sent if isinstance(frame, f.SessionOpen)]


def asked_times(server: Server) -> int:
    return sum(isinstance(frame, f.TurnCreate) and frame.id == "q" for frame in server.sent)


async def test_a_lost_connection_is_no_seam() -> None:
    """It comes back to what followed the last frame, waits longer each time, and asks once."""
    server = Server(
        [OPENED, CREATED, delta(2, "24 ")], Lost("refused"), Lost("refused"), [OPENED, delta(3, "months"), DONE]
    )
    assert await told(server.chat()) == ["turn.created", "24 ", "months", "turn.completed"]
    assert openings(server) == [(None, None), ("s", 2)] and asked_times(server) == 1
    assert server.waited == [0.25, 0.5, 1.0]


async def test_a_question_that_may_not_have_arrived_is_asked_again_by_its_id() -> None:
    overloaded = f.Error(code="overloaded", message="", client_id="q", retry_after_s=3.0)
    server = Server([OPENED], [OPENED, overloaded], [OPENED, CREATED, CREATED, delta(2, "24 months"), DONE])
    assert await told(server.chat()) == ["turn.created", "24 months", "turn.completed"]
    assert asked_times(server) == 3 and server.waited[1] == 3.25


async def test_a_restart_is_obeyed_and_what_cannot_be_resumed_is_told_anew() -> None:
    draining = f.SessionDraining(seq=2, session_id="s", reconnect_after_ms=2_000)
    gone = f.Error(code="resume_out_of_range", message="")
    server = Server(
        [OPENED, CREATED, delta(2, "24 mo"), draining],
        [gone, OPENED, CREATED, delta(1, "24 "), delta(2, "months"), DONE],
    )
    assert await told(server.chat()) == ["turn.created", "24 mo", "turn.reset", "24 ", "months", "turn.completed"]
    assert openings(server) == [(None, None), ("s", 2), ("s", None)] and server.waited == [2.25]


async def test_a_token_that_can_be_renewed_is_renewed_in_time() -> None:
    expiring = f.AuthExpiring(seq=2, session_id="s", in_s=30)
    server = Server([OPENED, CREATED, delta(2, "24 "), expiring], [OPENED, delta(3, "months"), DONE])
    assert (await told(server.chat(renewable=True)))[-2:] == ["months", "turn.completed"]
    assert openings(server)[-1] == ("s", 2)


FAILURES: list[tuple[list[Any], type[Exception], Callable[[Any], bool]]] = [
    ([OPENED, f.Error(code="prompt_too_long", message="", client_id="q")], Refused, lambda e: not e.retryable),
    ([OPENED, f.Error(code="rate_limited", message="", client_id="q", retry_after_s=2.0)], Refused,
     lambda e: e.retry_after_s == 2.0),
    ([OPENED, CREATED, f.Failed(seq=2, error={"code": "model_unavailable", "message": "", "retryable": True}, **ASKED)],
     TurnFailed, lambda e: e.retryable and e.code == "model_unavailable"),
    ([f.Error(code="session_not_found", message="")], Refused, lambda e: e.code == "session_not_found"),
    ([OPENED, CREATED, Closed(4401, "expired")], Closed, lambda e: e.close_code == 4401),
]  # fmt: skip


async def test_what_cannot_be_mended_is_said() -> None:
    for script, kind, holds in FAILURES:
        with pytest.raises(kind) as failed:
            async with Server(script).chat() as chat:
                await chat.answer("How long?", id="q")
        assert holds(failed.value), script
    with pytest.raises(Closed):  # three tries and no more
        await told(Server(*[Lost("refused")] * 4).chat())


async def test_cancel_confirm_and_feedback_are_of_the_turn() -> None:
    server = Server([OPENED, CREATED, DONE])
    async with server.chat() as chat:
        assert (await chat.answer("How long?", id="q")).text == "24 months"
        await asyncio.gather(chat.cancel(), chat.confirm("c", True), chat.feedback("up", "good"))
    assert [getattr(frame, "turn_id", None) for frame in server.sent[-3:]] == ["t"] * 3
    assert all(getattr(frame, "id", "") for frame in server.sent[-3:])


def test_frames_of_newer_servers_are_passed_over() -> None:
    assert f.read_frame(b'{"type": "turn.sang", "song": 1}') is None
    read = f.read_frame('{"type": "turn.delta", "delta": "x", "key": "of tomorrow", "seq": 4}')
    assert isinstance(read, f.Delta) and (read.delta, read.seq) == ("x", 4)


def server_of(request: httpx.Request) -> httpx.Response:
    assert request.headers["authorization"] == "Bearer good"
    match request.url.path:
        case "/v1/search":
            found = {"document_id": "d", "title": "a.txt", "text": "x", "start": 0, "end": 1, "score": 0.5, "new": 1}
            return httpx.Response(200, json={"passages": [found]})
        case "/v1/documents":
            return httpx.Response(202, json={"document_id": "d", "status": "pending"})
        case "/v1/documents/d":
            return httpx.Response(200, json={"document_id": "d", "status": "indexed", "title": "a.txt", "passages": 3})
        case _:
            problem = {"detail": "Later.", "code": "rate_limited", "trace_id": "t-1"}
            return httpx.Response(429, json=problem, headers={"Retry-After": "7"})


async def test_search_documents_and_problems() -> None:
    async with Colloquy("http://colloquy", lambda: "good", transport=httpx.MockTransport(server_of)) as colloquy:
        (passage,) = await colloquy.search("x", k=1)
        added = await colloquy.add_document(("a.txt", b"x"))
        read = await colloquy.document_read(added.document_id)
        assert (passage.title, added.status, read.passages) == ("a.txt", "pending", 3)
        with pytest.raises(Problem) as failed:
            await colloquy.costs()
    assert (failed.value.status, failed.value.code, failed.value.retry_after_s) == (429, "rate_limited", 7.0)
    assert failed.value.retryable and failed.value.trace_id == "t-1" and Decimal("0") == 0
