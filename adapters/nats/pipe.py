"""The event pipe on JetStream: one stream a lane, written with an expected last sequence so that order cannot break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from nats.js.api import DiscardPolicy, Header, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from adapters.nats.connection import CALL_S, Connection, answering
from adapters.nats.reader import JetStreamReader
from application.ports.event_pipe import PipeEnd, PipeMoved, PipeReader
from application.ports.event_store import Recorded
from domain.event import StreamId

WRONG_LAST_SEQUENCE = 10071
LARGEST = 900_000
"""Bytes; NATS takes a megabyte with headers."""

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Recorded)


def stream_name(lane: int) -> str:
    """The JetStream stream of a lane."""
    return f"EVENTS_{lane}"


def subject_of(lane: int, event: Recorded) -> str:
    """`events.<lane>.<tenant>.<kind>.<topic>`: nothing in it is text that a user chose."""
    id = StreamId.parse(event.stream)
    return f"events.{lane}.{id.tenant}.{id.kind}.{event.topic.replace('.', '_')}"


class NatsEventPipe:
    """Streams on disk, of `max_bytes` and `max_age_s` seconds at most, the oldest messages going first."""

    def __init__(self, connection: Connection, *, max_bytes: int, max_age_s: float) -> None:
        self._connection, self._max_bytes, self._max_age_s = connection, max_bytes, max_age_s

    async def provision(self, lane: int) -> None:
        """See the port."""
        config = StreamConfig(
            name=stream_name(lane),
            subjects=[f"events.{lane}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_bytes=self._max_bytes,
            max_age=self._max_age_s,
            duplicate_window=min(120, self._max_age_s),
        )
        with answering():
            js = await self._connection.jetstream()
            try:
                await js.stream_info(stream_name(lane))
            except NotFoundError:
                await js.add_stream(config)

    async def end(self, lane: int) -> PipeEnd:
        """See the port."""
        with answering():
            js = await self._connection.jetstream()
            info = await js.stream_info(stream_name(lane))
            try:
                message = await js.get_last_msg(stream_name(lane), f"events.{lane}.>")
            except NotFoundError:
                return PipeEnd(None, info.state.last_seq)
        return PipeEnd(_decoder.decode(message.data), max(info.state.last_seq, message.seq))

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        """See the port. All of them are under way together; each is accepted only behind the one before it."""
        with answering():
            js = await self._connection.jetstream()
            waiting = [
                await self._send(js, lane, event, after.sequence + number) for number, event in enumerate(events)
            ]
            async with asyncio.timeout(CALL_S):
                acks = await asyncio.gather(*waiting, return_exceptions=True)
            for number, ack in enumerate(acks, 1):
                _check(ack, after.sequence + number)
        return PipeEnd(events[-1], after.sequence + len(events))

    async def _send(self, js: Any, lane: int, event: Recorded, last_sequence: int) -> asyncio.Future[Any]:
        body = _encode(event)
        if len(body) > LARGEST:
            body = _encode(msgspec.structs.replace(event, state=b""))
        headers = {
            Header.MSG_ID: f"{lane}:{event.position}",
            Header.EXPECTED_LAST_SEQUENCE: str(last_sequence),
            "Prev": str(event.previous),
        }
        future: asyncio.Future[Any] = await js.publish_async(
            subject_of(lane, event), body, wait_stall=CALL_S, stream=stream_name(lane), headers=headers
        )
        return future

    async def reader(self, lane: int, name: str) -> PipeReader:
        """See the port."""
        with answering():
            js = await self._connection.jetstream()
            return await JetStreamReader.bind(js, stream_name(lane), name, _decoder)

    async def forget(self, lane: int, name: str) -> None:
        """See the port."""
        with answering():
            js = await self._connection.jetstream()
            try:
                await js.delete_consumer(stream_name(lane), name)
            except NotFoundError:
                pass  # it is gone, as was asked


def _check(ack: Any, sequence: int) -> None:
    """Anything but an acknowledgement of exactly this place means that the stream's end is not where we thought."""
    if isinstance(ack, APIError) and ack.err_code == WRONG_LAST_SEQUENCE:
        raise PipeMoved
    if isinstance(ack, BaseException):
        raise ack
    if ack.duplicate or ack.seq != sequence:
        raise PipeMoved


@asynccontextmanager
async def open_pipe(
    nats_url: str, *, max_bytes: int = 2 << 30, max_age_s: float = 7 * 86_400
) -> AsyncIterator[NatsEventPipe]:
    """The pipe at `nats_url`. NATS need not be there yet."""
    connection = Connection(nats_url)
    try:
        yield NatsEventPipe(connection, max_bytes=max_bytes, max_age_s=max_age_s)
    finally:
        await connection.close()
