"""The event pipe on JetStream: one stream a lane, written with an expected last sequence so that order cannot break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import msgspec
from nats.js.api import DiscardPolicy, RawStreamMsg, RetentionPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, answering
from adapters.nats.permissions import inbox_of
from adapters.nats.reader import JetStreamReader
from adapters.nats.signed_facts import Secrets, SignedFacts
from adapters.nats.window import PipeMessage, publish_window
from application.ports.facts.event_pipe import PipeEnd, PipeReader
from application.ports.facts.event_store import Recorded
from application.tasks import isolated
from domain.event import StreamId

DUPLICATES_S = 1.0
"""Order and uniqueness come from the expected last sequence. The server remembers message ids beyond a purge, so a long
window would only keep an emptied stream from being filled again."""
STRANGERS = 32
"""Messages at the pipe's end that we did not write, looked past to find our own last one."""
LARGEST = 900_000
"""Bytes; NATS takes a megabyte with headers."""
MAX_AGE_S = 7 * 86_400.0


def stream_name(lane: int) -> str:
    """The JetStream stream of a lane."""
    return f"EVENTS_{lane}"


def subject_of(lane: int, event: Recorded) -> str:
    """`events.<lane>.<tenant>.<kind>.<topic>`: nothing in it is text that a user chose."""
    id = StreamId.parse(event.stream)
    return f"events.{lane}.{id.tenant}.{id.kind}.{event.topic.replace('.', '_')}"


def uncaused(_: Recorded) -> str:
    """Messages say nothing of a trace."""
    return ""


class NatsEventPipe:
    """Streams on disk, of `max_bytes` and `MAX_AGE_S` seconds at most, the oldest messages going first. They are those
    of one database, which numbers its lanes by itself: the first of them is `first_lane` of all."""

    def __init__(
        self,
        connection: Connection,
        facts: SignedFacts,
        *,
        max_bytes: int,
        replicas: int = 1,
        context: Callable[[Recorded], str] = uncaused,
        first_lane: int = 0,
    ) -> None:
        self._connection, self._facts, self._first = connection, facts, first_lane
        self._max_bytes, self._replicas = max_bytes, replicas
        self._context = context

    async def provision(self, lane: int) -> None:
        """See the port."""
        lane += self._first
        config = StreamConfig(
            name=stream_name(lane),
            subjects=[f"events.{lane}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_bytes=self._max_bytes,
            max_age=MAX_AGE_S,
            duplicate_window=DUPLICATES_S,
            num_replicas=self._replicas,
        )
        with answering():
            js = await self._connection.jetstream()
            try:
                found = (await js.stream_info(stream_name(lane))).config
            except NotFoundError:
                await js.add_stream(config)
            else:
                if (found.num_replicas or 1, found.max_bytes) != (config.num_replicas, config.max_bytes):
                    await js.update_stream(config)

    async def end(self, lane: int) -> PipeEnd:
        """See the port."""
        lane += self._first
        with answering():
            js = await self._connection.jetstream()
            info = await js.stream_info(stream_name(lane))
            try:
                message = await js.get_last_msg(stream_name(lane), f"events.{lane}.>")
            except NotFoundError:
                return PipeEnd(None, info.state.last_seq)
            return PipeEnd(await self._last_fact(js, lane, message), max(info.state.last_seq, message.seq))

    async def _last_fact(self, js: JetStreamContext, lane: int, message: RawStreamMsg) -> Recorded | None:
        """What the last of our own messages says, so that strangers' behind it do not make us fill the pipe again; None
        when there is none among so many."""
        for _ in range(STRANGERS):
            if fact := self._fact(lane, message):
                return fact
            try:
                message = await js.get_msg(stream_name(lane), seq=(message.seq or 1) - 1)
            except NotFoundError:  # the first, or one that the server has let go
                return None
        return None

    def _fact(self, lane: int, message: RawStreamMsg) -> Recorded | None:
        facts: list[Recorded] = []
        with isolated("pipe_message"):
            facts.append(self._facts.decode(lane, message.data or b""))
        return facts[0] if facts else None

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        """See the port. All of them are under way together; each is accepted only behind the one before it."""
        messages = [
            self._message(self._first + lane, event, after.sequence + number) for number, event in enumerate(events)
        ]
        with answering():
            await publish_window(await self._connection.client(), messages, after.sequence + 1)
        return PipeEnd(events[-1], after.sequence + len(events))

    def _message(self, lane: int, event: Recorded, last_sequence: int) -> PipeMessage:
        body = self._facts.encode(lane, event)
        if len(body) > LARGEST:
            body = self._facts.encode(lane, msgspec.structs.replace(event, state=b""))
        headers = {
            "Nats-Expected-Stream": stream_name(lane),
            "Nats-Expected-Last-Sequence": str(last_sequence),
            "Nats-Msg-Id": f"{lane}:{event.position}",
            "Prev": str(event.previous),
        }
        if context := self._context(event):
            headers["traceparent"] = context
        return PipeMessage(subject_of(lane, event), body, headers)

    async def reader(self, lane: int, name: str) -> PipeReader:
        """See the port."""
        lane += self._first
        with answering():
            js = await self._connection.jetstream()
            return await JetStreamReader.bind(js, stream_name(lane), name, partial(self._facts.decode, lane))

    async def forget(self, lane: int, name: str) -> None:
        """See the port."""
        lane += self._first
        with answering():
            js = await self._connection.jetstream()
            try:
                await js.delete_consumer(stream_name(lane), name)
            except NotFoundError:
                pass  # it is gone, as was asked


@asynccontextmanager
async def open_pipe(
    nats_url: str,
    secrets: Secrets,
    *,
    job: str = "project",
    credentials: str = "",
    max_bytes: int = 2 << 30,
    replicas: int = 1,
    context: Callable[[Recorded], str] = uncaused,
    first_lane: int = 0,
) -> AsyncIterator[NatsEventPipe]:
    """The pipe at `nats_url` for one of the jobs that work with it, its messages signed with `secrets` and with
    the W3C `traceparent` that `context` says. NATS need not be there yet."""
    connection, facts = Connection(nats_url, credentials, inbox=inbox_of(job)), SignedFacts(secrets)
    try:
        yield NatsEventPipe(
            connection,
            facts,
            max_bytes=max_bytes,
            replicas=replicas,
            context=context,
            first_lane=first_lane,
        )
    finally:
        await connection.close()
