"""An ASGI shell round the AWS emulator that makes acknowledged writes survive a kill: it saves only on a clean stop.

Data writes of DynamoDB can be replayed: each is appended to a log before its answer leaves, and the log is folded into
a snapshot when it grows. Calls that draw random ids (tables, keys) and S3's metadata are followed by a snapshot.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from ministack import app as emulator
from ministack.core.persistence import STATE_DIR, save_state

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HOME = Path(STATE_DIR)
REPLAYABLE = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
READS = ("Get", "Query", "Scan", "Describe", "List", "BatchGet", "TransactGet", "Decrypt", "Encrypt", "Generate")
SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}
KEPT_HEADERS = {b"x-amz-target", b"authorization", b"content-type", b"host", b"x-amz-date"}
FOLD_BYTES = 8 << 20
DURABLE = os.environ.get("COLLOQUY_AWS_FAST") != "1"
HEAD = struct.Struct(">II")


class OperationLog:
    """Acknowledged writes since the last snapshot, in files `ops.N`."""

    def __init__(self) -> None:
        HOME.mkdir(parents=True, exist_ok=True)
        self.files = sorted(HOME.glob("ops.*"), key=lambda p: int(p.suffix[1:]))
        self._number = int(self.files[-1].suffix[1:]) + 1 if self.files else 1
        self._file = self._open()

    def _open(self) -> Any:
        return (HOME / f"ops.{self._number}").open("ab", buffering=0)

    def add(self, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Append one write."""
        kept = json.dumps([[k.decode(), v.decode("latin1")] for k, v in headers if k in KEPT_HEADERS]).encode()
        self._file.write(HEAD.pack(len(kept), len(body)) + kept + body)

    @property
    def large(self) -> bool:
        """Whether it is time to fold."""
        return bool(self._file.tell() > FOLD_BYTES)

    def begin_anew(self) -> list[Path]:
        """Write to a new file from now on; the old ones, to be removed once a snapshot holds them."""
        old = [p for p in HOME.glob("ops.*") if int(p.suffix[1:]) <= self._number]
        self._file.close()
        self._number += 1
        self._file = self._open()
        return old


log: OperationLog | None = None
applying = asyncio.Lock()
folding: asyncio.Task[None] | None = None
s3_changed = asyncio.Event()
s3_saver: asyncio.Task[None] | None = None


async def snapshot(*services: str) -> None:
    """Save these services whole. Their state is copied in one step of the loop, so it is consistent."""
    assert log is not None, "set at start"
    states = {name: make() for name, make in emulator._build_persistence_save_dict().items() if name in services}
    old = log.begin_anew() if "dynamodb" in states else []
    for name, state in states.items():
        await asyncio.to_thread(save_state, name, state)
    for path in old:
        path.unlink(missing_ok=True)


async def replay(path: Path) -> None:
    """Apply a log file again; a torn last write was never acknowledged and is left out."""
    data, at = path.read_bytes(), 0
    while at + HEAD.size <= len(data):
        head, size = HEAD.unpack_from(data, at)
        end = at + HEAD.size + head + size
        if end > len(data):
            break
        headers = [(k.encode(), v.encode("latin1")) for k, v in json.loads(data[at + HEAD.size :][:head])]
        body = data[end - size : end]
        await emulator.app(_request(headers, len(body)), _one_body(body), _nowhere)
        at = end


def _request(headers: list[tuple[bytes, bytes]], size: int) -> Message:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/",
        "raw_path": b"/", "query_string": b"", "scheme": "http", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1), "headers": [*headers, (b"content-length", str(size).encode())],
    }  # fmt: skip


def _one_body(body: bytes) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    return receive


async def _nowhere(_: Message) -> None:
    return None


async def _save_s3() -> None:
    while True:
        await s3_changed.wait()
        s3_changed.clear()
        await snapshot("s3")


async def _whole_body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """The emulator, made durable."""
    if scope["type"] == "lifespan":
        await _lifespan(scope, receive, send)
    elif scope["type"] != "http" or not DURABLE:
        await emulator.app(scope, receive, send)
    else:
        await _durably(scope, receive, send)


async def _durably(scope: Message, receive: Receive, send: Send) -> None:
    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode()
    api, _, operation = target.partition(".")
    service = SERVICES.get(api)
    if service is None:
        await emulator.app(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD"):
            s3_changed.set()
        return
    if operation.startswith(READS):
        await emulator.app(scope, receive, send)
        return
    body = await _whole_body(receive)  # before the lock, which is never held for a slow client
    if body is not None:
        async with applying:  # the order of the log is the order of application
            await emulator.app(scope, _one_body(body), _keeping(scope, body, service, operation, send))


def _keeping(scope: Message, body: bytes, service: str, operation: str, send: Send) -> Send:
    start: list[Message] = []

    async def keep_then_send(message: Message) -> None:
        global folding
        if message["type"] == "http.response.start":
            start.append(message)
            return
        if start:
            if start[0]["status"] == 200:
                if operation in REPLAYABLE:
                    assert log is not None, "set at start"
                    log.add(scope["headers"], body)
                    if log.large and (folding is None or folding.done()):
                        folding = asyncio.create_task(snapshot("dynamodb"))
                else:
                    await snapshot(service)
            await send(start.pop())
        await send(message)

    return keep_then_send


async def _lifespan(scope: Message, receive: Receive, send: Send) -> None:
    async def replay_then_send(message: Message) -> None:
        global log, s3_saver
        if message["type"] == "lifespan.startup.complete":
            log = OperationLog()
            for path in log.files:
                await replay(path)
            s3_saver = asyncio.create_task(_save_s3())
        if message["type"] == "lifespan.shutdown.complete":
            for path in HOME.glob("ops.*"):  # the emulator has just saved everything
                path.unlink(missing_ok=True)
        await send(message)

    await emulator.app(scope, receive, replay_then_send)
