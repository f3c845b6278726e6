"""The pacer: held sockets are let go in their turn, and silence is noticed, by one timer."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.bedrock.pacer import SLOTS, STREAMS_A_SLOT, Pacer
from application.ports.models.model import TextDelta
from tests.contracts.test_language_model import call
from tests.stand_in import running_stand_in


class Socket:
    """What the pacer needs of a transport."""

    def __init__(self) -> None:
        self.reading = True
        self.resumed = asyncio.Event()

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        self.resumed.set()


class Stream:
    """A stream that is watched."""

    def __init__(self, deadline: float = float("inf")) -> None:
        self.deadline = deadline
        self.expired = asyncio.Event()

    def expire(self) -> None:
        self.deadline = float("inf")
        self.expired.set()


async def test_a_held_socket_is_read_again() -> None:
    pacer, stream, socket = Pacer(0.001), Stream(), Socket()
    pacer.watch(stream)
    pacer.hold(cast(Any, socket))
    assert not socket.reading
    await asyncio.wait_for(socket.resumed.wait(), 5)
    pacer.leave(stream)


async def test_with_many_streams_a_turn_comes_after_more_ticks() -> None:
    pacer = Pacer(0.001)
    sockets = [Socket(), Socket()]
    pacer.hold(cast(Any, sockets[0]))
    streams = [Stream() for _ in range(STREAMS_A_SLOT * SLOTS)]
    for stream in streams:
        pacer.watch(stream)
    pacer.hold(cast(Any, sockets[1]))
    await asyncio.wait_for(sockets[0].resumed.wait(), 5)
    assert not sockets[1].reading
    await asyncio.wait_for(sockets[1].resumed.wait(), 5)
    for stream in streams:
        pacer.leave(stream)


async def test_a_silent_stream_expires_once() -> None:
    pacer, silent, talking = Pacer(0.001), Stream(deadline=0.0), Stream()
    pacer.watch(silent)
    pacer.watch(talking)
    await asyncio.wait_for(silent.expired.wait(), 5)
    assert not talking.expired.is_set()
    pacer.leave(silent)
    pacer.leave(talking)


async def test_many_streams_at_once_come_out_merged_and_whole() -> None:
    async with running_stand_in(token_ms=2.0) as stand_in:
        model = BedrockLanguageModel(stand_in.http)

        async def one() -> list[str]:
            return [event.text async for event in model.stream(call()) if isinstance(event, TextDelta)]

        answers = await asyncio.gather(*(one() for _ in range(60)))
        whole = {"".join(answer) for answer in answers}
        assert len(whole) == 1
        deltas = stand_in.runtime.deltas
    assert sum(map(len, answers)) < deltas
