"""Replicas on core NATS: a subject a session and one a process, nothing kept by the server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from adapters.nats.connection import Connection, answering
from adapters.nats.permissions import inbox_of
from application.ports.sessions.replicas import Answer, Begun, Hear
from application.tasks import TaskSet, isolated
from domain.event import StreamId
from domain.refusals import DependencyUnavailable

SETTLE_S = 1.0
WAITING, WAITING_BYTES = 200, 4 * 1024 * 1024
"""Messages of one session that wait to be heard; what is more is asked for again."""
QUESTIONS = 500
"""Of other processes that are answered at a time."""
BEGUN = "turns.begun"
"""Where every process says which turns it has begun, many in a message, and every process hears it."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, list[str]]).decode
_PROCESS = re.compile(r"[\w-]++(?:\.[\w-]++)*+", re.ASCII)
"""A name that is part of a subject and cannot end it."""


def subject_of(stream: str) -> str:
    """`live.<tenant>.<session>`: accounts and permissions of NATS can keep tenants apart by it."""
    id = StreamId.parse(stream)
    return f"live.{id.tenant}.{id.id}"


def announcement_of(message: bytes) -> tuple[str, list[str]]:
    """A process and the streams whose turns it runs; ValueError when it is none, or no name of a process."""
    process, streams = _decode(message)
    if not _PROCESS.fullmatch(process):
        raise ValueError("no process has such a name")
    return process, streams


def process_subject(process: str) -> str:
    """Where a process is asked."""
    return f"process.{process}"


class NatsReplicas:
    """See the port. Subscriptions are made again by the library when a connection was lost, by us when it was for
    good."""

    def __init__(self, connection: Connection, process: str) -> None:
        self._connection, self._process = connection, process
        self._client: Any = None
        self._hearing: dict[str, Any] = {}
        self._hear: Hear | None = None
        self._answer: Answer | None = None
        self._begun: Begun | None = None
        self._tasks = TaskSet("replica_answers")

    async def listen(self, streams: Sequence[str], hear: Hear) -> None:
        """See the port. An empty list asks whether there is a way."""
        self._hear = hear
        with answering():
            client = await self._connected()
            for stream in streams:
                if stream not in self._hearing:
                    self._hearing[stream] = await self._subscribe(client, stream)
            if streams:
                await client.flush(timeout=SETTLE_S)

    async def leave(self, streams: Sequence[str]) -> None:
        """See the port."""
        for stream in streams:
            subscription = self._hearing.pop(stream, None)
            if subscription is not None:
                with suppress(Exception):  # what is gone with its connection is left as well
                    await subscription.unsubscribe()

    async def tell(self, stream: str, message: bytes) -> None:
        """See the port."""
        with answering():
            await self._connection.live.publish(subject_of(stream), message)

    async def announce(self, streams: Sequence[str]) -> None:
        """See the port."""
        with answering():
            await self._connection.live.publish(BEGUN, _encode((self._process, streams)))

    async def hear_begun(self, begun: Begun) -> None:
        """See the port."""
        self._begun = begun
        with answering():
            await (await self._connected()).flush(timeout=SETTLE_S)

    async def ask(self, process: str, message: bytes, within_s: float) -> bytes:
        """See the port."""
        with answering():
            answer = await self._connection.live.request(process_subject(process), message, timeout=within_s)
        if not answer.data:
            raise DependencyUnavailable("The other process has no answer.")
        return bytes(answer.data)

    async def answer(self, answer: Answer) -> None:
        """See the port."""
        self._answer = answer
        with answering():
            await (await self._connected()).flush(timeout=SETTLE_S)

    async def close(self) -> None:
        """Answer nobody any more."""
        await self._tasks.end()

    async def _connected(self) -> Any:
        """The live connection, with all subscriptions."""
        client = await self._connection.client()
        if client is not self._client:
            self._client, known = client, list(self._hearing)
            self._hearing = {stream: await self._subscribe(client, stream) for stream in known}
            await client.subscribe(process_subject(self._process), cb=self._asked)
            await client.subscribe(
                BEGUN, cb=self._announced, pending_msgs_limit=WAITING, pending_bytes_limit=WAITING_BYTES
            )
        return client

    async def _subscribe(self, client: Any, stream: str) -> Any:
        async def heard(message: Any) -> None:
            if self._hear is not None:
                with isolated("replica_message"):
                    await self._hear(stream, message.data)

        return await client.subscribe(
            subject_of(stream), cb=heard, pending_msgs_limit=WAITING, pending_bytes_limit=WAITING_BYTES
        )

    async def _announced(self, message: Any) -> None:
        if self._begun is not None:
            with isolated("replica_message"):
                await self._begun(*announcement_of(message.data))

    async def _asked(self, message: Any) -> None:
        """Each question is answered by a task of its own: one may wait for the store."""
        if len(self._tasks) < QUESTIONS and self._answer is not None:
            self._tasks.start(_reply(message, self._answer))


async def _reply(message: Any, answer: Answer) -> None:
    with isolated("replica_question"):
        await message.respond(await answer(message.data))


class Alone:
    """There is no way to other processes: no NATS is named."""

    async def listen(self, streams: Sequence[str], hear: Hear) -> None:
        """See the port."""
        raise DependencyUnavailable("No NATS is named.")

    async def leave(self, streams: Sequence[str]) -> None:
        """See the port."""

    async def tell(self, stream: str, message: bytes) -> None:
        """See the port."""
        raise DependencyUnavailable("No NATS is named.")

    async def announce(self, streams: Sequence[str]) -> None:
        """See the port."""
        raise DependencyUnavailable("No NATS is named.")

    async def hear_begun(self, begun: Begun) -> None:
        """See the port."""

    async def ask(self, process: str, message: bytes, within_s: float) -> bytes:
        """See the port."""
        raise DependencyUnavailable("No NATS is named.")

    async def answer(self, answer: Answer) -> None:
        """See the port."""


@asynccontextmanager
async def open_replicas(nats_url: str, process: str, credentials: str = "") -> AsyncIterator[NatsReplicas | Alone]:
    """The way to the other processes, over the NATS at `nats_url`, which need not be there yet."""
    if not nats_url:
        yield Alone()
        return
    connection = Connection(nats_url, credentials, echo=False, inbox=inbox_of("serve"))
    replicas = NatsReplicas(connection, process)
    try:
        yield replicas
    finally:
        await replicas.close()
        await connection.close()
