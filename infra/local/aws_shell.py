"""An ASGI shell round the AWS emulator that makes acknowledged writes survive a kill: it saves only on a clean stop.

Data writes of DynamoDB can be replayed: each is appended to a log before its answer leaves, and the log is folded into
a snapshot when it grows. Calls that draw random ids (tables, keys), and those on buckets and locks, are followed by a
snapshot; objects are files already. A snapshot of DynamoDB holds the number of the log file that follows it, so that
every write is applied once. All this is against the death of the process, not of the machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from ministack import app as emulator
from ministack.core.persistence import STATE_DIR, save_state
from ministack.services import dynamodb, kms, s3

from infra.local.object_locks import ObjectLocks
from infra.local.operation_log import Headers, OperationLog

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REPLAYABLE = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
READS = ("Get", "Query", "Scan", "Describe", "List", "BatchGet", "TransactGet", "Decrypt", "Encrypt", "Generate")
SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}
SAVED: dict[str, Any] = {"dynamodb": dynamodb, "kms": kms, "s3": s3}
# An S3 request with a key and none but these in its query is about one object, which the emulator keeps in a file.
OBJECT_QUERY = {"x-id", "uploadId", "uploads", "partNumber", "versionId"}
FOLD_BYTES = 8 << 20
DURABLE = os.environ.get("COLLOQUY_AWS_FAST") != "1"
MARK = "operation_log"


class Durability:
    """Snapshots and the log of what came after the last one."""

    def __init__(self) -> None:
        self._home = Path(STATE_DIR)
        self.log = OperationLog(self._home)
        self.applying = asyncio.Lock()  # the order of the log is the order of application
        self._saving = asyncio.Lock()
        self._folding: asyncio.Task[None] | None = None
        self._mark = 0
        self._dynamodb_state, self._load_dynamodb = dynamodb.get_state, dynamodb.load_persisted_state
        dynamodb.get_state, dynamodb.load_persisted_state = self._marked_state, self._load_marked
        self.locks = ObjectLocks()

    def _marked_state(self) -> dict[str, Any]:
        return {**self._dynamodb_state(), MARK: self.log.go_on()}

    def _load_marked(self, state: dict[str, Any]) -> None:
        self._mark = state.get(MARK, 0)
        self._load_dynamodb(state)

    async def recover(self) -> None:
        """Apply what the last snapshot, which is loaded by now, does not hold."""
        self.log.forget_before(self._mark)
        for headers, body in list(self.log.since(self._mark)):
            await emulator.app(_request(headers, len(body)), _one_body(body), _nowhere)

    async def snapshot(self, service: str) -> None:
        """Save a service whole. Its state is copied in one step of the loop, so it is consistent."""
        async with self._saving:
            state = SAVED[service].get_state()
            await asyncio.to_thread(self._save, service, state)
            if MARK in state:
                self.log.forget_before(state[MARK])

    def _save(self, service: str, state: dict[str, Any]) -> None:
        """The emulator's own writer logs a failure and goes on; a write must not be acknowledged then."""
        path = self._home / f"{service}.json"
        before = path.stat().st_ino if path.exists() else None
        save_state(service, state)
        if not path.exists() or path.stat().st_ino == before:
            raise OSError(f"{path} could not be written")

    def note(self, headers: Headers, body: bytes) -> None:
        """Log a replayable write; fold when the log has grown."""
        self.log.add(headers, body)
        if self.log.size > FOLD_BYTES and (self._folding is None or self._folding.done()):
            self._folding = asyncio.create_task(self.snapshot("dynamodb"))


durability: Durability | None = None


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """The emulator, made durable."""
    if scope["type"] == "lifespan":
        await emulator.app(scope, receive, _starting(send))
    elif scope["type"] != "http" or durability is None or scope["method"] in ("GET", "HEAD"):
        await emulator.app(scope, receive, send)
    else:
        await _durably(durability, scope, receive, send)


def _starting(send: Send) -> Send:
    global durability
    if DURABLE:
        durability = Durability()

    async def recover_then_send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete" and durability:
            await durability.recover()
        await send(message)

    return recover_then_send


async def _durably(kept: Durability, scope: Message, receive: Receive, send: Send) -> None:
    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode()
    api, _, operation = target.partition(".")
    service = SERVICES.get(api)
    if service is None:
        locks = kept.locks.count()

        async def save_s3() -> None:
            if kept.locks.count() != locks or not _about_an_object(scope):
                await kept.snapshot("s3")

        await emulator.app(scope, receive, _answering_after(save_s3, send))
    elif operation.startswith(READS):
        await emulator.app(scope, receive, send)
    elif (body := await _whole_body(receive)) is not None:  # before the lock, which is never held for a slow client

        async def save() -> None:
            if operation in REPLAYABLE:
                kept.note(scope["headers"], body)
            else:
                await kept.snapshot(service)

        async with kept.applying:
            await emulator.app(scope, _one_body(body), _answering_after(save, send))


def _about_an_object(scope: Message) -> bool:
    has_key = "/" in scope["path"].strip("/")
    return has_key and parse_qs(scope["query_string"].decode(), keep_blank_values=True).keys() <= OBJECT_QUERY


def _answering_after(save: Callable[[], Awaitable[None]], send: Send) -> Send:
    """Hold a good answer back until `save` is done; if that fails, there is none."""

    async def save_then_send(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 300:
            await save()
        await send(message)

    return save_then_send


async def _whole_body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _request(headers: Headers, size: int) -> Message:
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


if __name__ == "__main__":
    # Not by uvicorn's own command line, which would import from the folder that it is started in.
    uvicorn.run(app, fd=int(sys.argv[1]), log_level="warning", access_log=False, timeout_graceful_shutdown=3)
