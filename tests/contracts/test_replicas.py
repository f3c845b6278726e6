"""Processes hear and ask each other, in memory and over NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import msgspec
import pytest

from adapters.nats.replicas import announcement_of, open_replicas
from application.clock import new_id
from application.ports.sessions.replicas import Replicas
from domain.refusals import DependencyUnavailable
from tests.fakes.in_memory_replicas import InMemoryReplicas

WITHIN_S = 10


@dataclass
class Pair:
    """Two processes of one installation, the second by its name."""

    here: Replicas
    there: Replicas
    there_is: str


@pytest.fixture(params=["memory", pytest.param("nats", marks=pytest.mark.real)])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    here, there = f"here-{new_id()}", f"there.example-{new_id()}"
    if request.param == "memory":
        one = InMemoryReplicas(here)
        yield Pair(one, InMemoryReplicas(there, beside=one), there)
        return
    url = request.getfixturevalue("endpoints").nats_url
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(open_replicas(url, name)) for name in (here, there)]
        for one_ in both:
            await one_.listen([], nobody)
        yield Pair(both[0], both[1], there)


async def nobody(stream: str, message: bytes) -> None:
    raise AssertionError("it is told of a session that it does not listen to")


async def test_who_listens_hears_what_others_tell_in_order_and_nothing_of_others(pair: Pair) -> None:
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def hear(stream: str, message: bytes) -> None:
        heard.put_nowait((stream, message))

    mine, other = (f"{new_id()}/session/{new_id()}" for _ in range(2))
    await pair.here.listen([mine], nobody)
    await pair.there.listen([mine], hear)
    for number in range(100):
        await pair.here.tell(other, b"not yours")
        await pair.here.tell(mine, str(number).encode())
    async with asyncio.timeout(WITHIN_S):
        assert [await heard.get() for _ in range(100)] == [(mine, str(n).encode()) for n in range(100)]
    await pair.there.leave([mine])
    await pair.there.leave([mine])
    await pair.here.tell(mine, b"too late")
    await pair.there.listen([other], hear)
    await pair.here.tell(other, b"last")
    async with asyncio.timeout(WITHIN_S):
        assert await heard.get() == (other, b"last")


async def test_who_begins_turns_is_heard_by_every_other_process_alone(pair: Pair) -> None:
    heard: asyncio.Queue[tuple[str, list[str]]] = asyncio.Queue()

    async def begun(process: str, streams: Sequence[str]) -> None:
        heard.put_nowait((process.partition("-")[0], list(streams)))

    async def own(process: str, streams: Sequence[str]) -> None:
        raise AssertionError("a process hears of its own turns")

    await pair.here.hear_begun(own)
    await pair.there.hear_begun(begun)
    await pair.here.announce(["t/session/a", "t/session/b"])
    await pair.here.announce(["u/session/c"])
    async with asyncio.timeout(WITHIN_S):
        assert await heard.get() == ("here", ["t/session/a", "t/session/b"])
        assert await heard.get() == ("here", ["u/session/c"])


def test_nobody_is_asked_by_a_name_that_is_more_than_one() -> None:
    for name in ("a", "host-1.example-0197", "x_y"):
        assert announcement_of(msgspec.msgpack.encode((name, ["t/session/a"]))) == (name, ["t/session/a"])
    for name in ("", "*", ">", "a b", "a..b", ".a", "a\r\nPUB x 0", "a\n", "ä"):
        with pytest.raises(ValueError, match="name"):
            announcement_of(msgspec.msgpack.encode((name, [])))
    with pytest.raises(msgspec.MsgspecError):
        announcement_of(b"no message")


async def test_who_is_asked_answers_and_who_cannot_is_away(pair: Pair) -> None:
    async def answer(message: bytes) -> bytes:
        if message == b"bad":
            raise DependencyUnavailable
        return b"you said " + message

    with pytest.raises(DependencyUnavailable):
        await pair.here.ask(pair.there_is, b"too early", 0.5)
    await pair.there.answer(answer)
    answers = await asyncio.gather(*(pair.here.ask(pair.there_is, str(n).encode(), WITHIN_S) for n in range(20)))
    assert answers == [f"you said {n}".encode() for n in range(20)]
    with pytest.raises(DependencyUnavailable):
        await pair.here.ask(pair.there_is, b"bad", 0.5)
    with pytest.raises(DependencyUnavailable):
        await pair.here.ask("nobody-of-that-name", b"hello", WITHIN_S)


@pytest.mark.real  # a connection that nobody answers takes its time
async def test_without_a_nats_there_are_no_others() -> None:
    for url in ("", "nats://127.0.0.1:1"):
        async with open_replicas(url, "here") as alone:
            told = alone.tell("t/session/s", b""), alone.announce(["t/session/s"])
            for call in (alone.listen([], nobody), *told, alone.ask("other", b"", 1)):
                with pytest.raises(DependencyUnavailable):
                    await call
            await alone.leave(["t/session/s"])
