"""The event pipe: the fake and JetStream behave the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import msgspec
import nats
import pytest

from adapters.nats.pipe import STRANGERS, NatsEventPipe, open_pipe, stream_name, subject_of, uncaused
from adapters.nats.signed_facts import NotOurs, SignedFacts
from application.clock import new_id
from application.ports.facts.event_pipe import EventPipe, PipeEnd, PipeMoved
from application.ports.facts.event_store import LOG_BYTES, Recorded
from domain.refusals import DependencyUnavailable
from tests.fakes.in_memory_pipe import InMemoryPipe
from tests.projections.waiting import until

TENANT = new_id()
KEY = b"s" * 32


def secrets() -> list[bytes]:
    return [KEY]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
async def pipe(request: pytest.FixtureRequest, lane: int) -> AsyncIterator[EventPipe]:
    if request.param == "fake":
        fake = InMemoryPipe()
        await fake.provision(lane)
        yield fake
        return
    async with open_pipe(request.getfixturevalue("endpoints").nats_url, secrets, max_bytes=64 << 20) as opened:
        await opened.provision(lane)
        await opened.provision(lane)
        yield opened
        async with client(request) as js:
            await js.delete_stream(stream_name(lane))


@pytest.fixture
def lane() -> int:
    return int(new_id()[-6:], 16)


class client:  # a plain client, as an operator has one
    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._url = request.getfixturevalue("endpoints").nats_url

    async def __aenter__(self) -> Any:
        self._client = await nats.connect(self._url)
        return self._client.jetstream()

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()


def facts(first: int, last: int, state: bytes = b"x") -> list[Recorded]:
    return [Recorded(n, n - 1, f"{TENANT}/session/s", n, "turn.started.1", state) for n in range(first, last + 1)]


async def test_what_is_published_is_read_in_order(pipe: EventPipe, lane: int) -> None:
    reader = await pipe.reader(lane, "costs_1")
    end = await pipe.publish(lane, facts(1, 300), await pipe.end(lane))
    assert end == await pipe.end(lane) == PipeEnd(facts(300, 300)[0], 300)
    got: list[Recorded] = []
    while len(got) < 300:
        got += await reader.fetch(128, timeout_s=2)
        await reader.acknowledge()
    assert got == facts(1, 300)
    assert await reader.fetch(10, timeout_s=0.1) == []


async def test_a_reader_goes_on_where_it_acknowledged(pipe: EventPipe, lane: int) -> None:
    reader = await pipe.reader(lane, "costs_1")
    await pipe.publish(lane, facts(1, 10), await pipe.end(lane))
    assert await reader.fetch(4, timeout_s=2) == facts(1, 4)
    await reader.acknowledge()
    again = await pipe.reader(lane, "costs_1")
    assert (await again.fetch(100, timeout_s=2))[-1:] == facts(10, 10)


async def test_a_new_reader_begins_at_the_end(pipe: EventPipe, lane: int) -> None:
    end = await pipe.publish(lane, facts(1, 5), await pipe.end(lane))
    reader = await pipe.reader(lane, "audit_1")
    await pipe.publish(lane, facts(6, 7), end)
    assert await reader.fetch(10, timeout_s=2) == facts(6, 7)


async def test_a_writer_that_is_behind_is_refused(pipe: EventPipe, lane: int) -> None:
    start = await pipe.end(lane)
    end = await pipe.publish(lane, facts(1, 5), start)
    for stale, first in ((start, 1), (PipeEnd(facts(4, 4)[0], 4), 5), (PipeEnd(facts(6, 6)[0], 6), 7)):
        with pytest.raises(PipeMoved):
            await pipe.publish(lane, facts(first, 5) or facts(7, 7), stale)
    assert await pipe.end(lane) == end


@pytest.mark.real
async def test_a_subject_holds_no_text_of_users() -> None:
    assert subject_of(0, facts(1, 1)[0]) == f"events.0.{TENANT}.session.turn_started_1"


@pytest.mark.real
async def test_an_emptied_stream_can_be_filled_again(request: pytest.FixtureRequest, lane: int) -> None:
    async with (
        open_pipe(request.getfixturevalue("endpoints").nats_url, secrets, max_bytes=1 << 20) as pipe,
        client(request) as js,
    ):
        await pipe.provision(lane)
        await pipe.publish(lane, facts(1, 10), await pipe.end(lane))
        await js.purge_stream(stream_name(lane))
        assert await pipe.end(lane) == PipeEnd(None, 10)

        async def refilled() -> bool:
            """The server takes a second to forget the ids it has seen, and may have forgotten the first ones only."""
            end = await pipe.end(lane)
            if end.sequence < 20:
                with suppress(PipeMoved):
                    end = await pipe.publish(lane, facts(end.sequence - 9, 10), end)
            return end == PipeEnd(facts(10, 10)[0], 20)

        await until(refilled, "the stream is filled again")
        await js.delete_stream(stream_name(lane))


@pytest.mark.real
async def test_an_existing_stream_is_brought_to_what_settings_say(request: pytest.FixtureRequest, lane: int) -> None:
    """Also what messages bear of a trace."""
    url, trace = request.getfixturevalue("endpoints").nats_url, f"00-{'ab' * 16}-{'cd' * 8}-01"
    async with client(request) as js:
        for position, (size, context) in enumerate(((8 << 20, uncaused), (16 << 20, lambda _: trace)), 1):
            async with open_pipe(url, secrets, max_bytes=size, context=context) as pipe:
                await pipe.provision(lane)
                await pipe.publish(lane, facts(position, position), await pipe.end(lane))
            found = await js.stream_info(stream_name(lane))
            assert found.config.max_bytes == size
        assert found.state.messages == 2
        headers = [(await js.get_msg(stream_name(lane), seq=n)).headers or {} for n in (1, 2)]
        assert [header.get("traceparent") for header in headers] == [None, trace]
        await js.delete_stream(stream_name(lane))


@pytest.mark.real
async def test_a_deleted_stream_is_noticed_by_writer_and_reader(request: pytest.FixtureRequest, lane: int) -> None:
    async with (
        open_pipe(request.getfixturevalue("endpoints").nats_url, secrets, max_bytes=1 << 20) as pipe,
        client(request) as js,
    ):
        await pipe.provision(lane)
        reader = await pipe.reader(lane, "costs_1")
        end = await pipe.publish(lane, facts(1, 3), await pipe.end(lane))
        await js.delete_stream(stream_name(lane))
        with pytest.raises(DependencyUnavailable):
            await pipe.publish(lane, facts(4, 5), end)
        with pytest.raises(DependencyUnavailable):
            await pipe.end(lane)
        with pytest.raises(DependencyUnavailable):
            for _ in range(20):
                await reader.fetch(10, timeout_s=1)


@pytest.mark.real
async def test_a_fact_too_large_comes_without_its_state(request: pytest.FixtureRequest, lane: int) -> None:
    async with (
        open_pipe(request.getfixturevalue("endpoints").nats_url, secrets, max_bytes=8 << 20) as pipe,
        client(request) as js,
    ):
        await pipe.provision(lane)
        reader = await pipe.reader(lane, "costs_1")
        await pipe.publish(lane, facts(1, 1, b"x" * 2_000_000), await pipe.end(lane))
        assert await reader.fetch(1, timeout_s=2) == facts(1, 1, b"")
        await js.delete_stream(stream_name(lane))


@pytest.mark.real
async def test_a_pipe_that_is_away_says_so() -> None:
    async with open_pipe("nats://127.0.0.1:9", secrets) as pipe:
        assert isinstance(pipe, NatsEventPipe)
        with pytest.raises(DependencyUnavailable):
            await pipe.end(0)


async def test_a_batch_is_bounded_in_bytes(pipe: EventPipe, lane: int) -> None:
    reader = await pipe.reader(lane, "costs_1")
    large, end = b"x" * 700_000, await pipe.end(lane)
    for first in (1, 11, 21, 31):
        end = await pipe.publish(lane, facts(first, first + 9, large), end)
    got: list[Recorded] = []
    sizes = []
    while len(got) < 40:
        batch = await reader.fetch(500, timeout_s=2)
        await reader.acknowledge()
        got += batch
        sizes.append(sum(len(fact.state) for fact in batch))
    assert got == facts(1, 40, large)
    assert max(sizes) < LOG_BYTES + 16 * 1_000_000


@pytest.mark.real
async def test_what_others_wrote_is_a_hole_for_readers_and_no_end_for_the_writer(
    request: pytest.FixtureRequest, lane: int
) -> None:
    async with (
        open_pipe(request.getfixturevalue("endpoints").nats_url, secrets, max_bytes=8 << 20) as pipe,
        client(request) as js,
    ):
        await pipe.provision(lane)
        reader = await pipe.reader(lane, "costs_1")
        end = await pipe.publish(lane, facts(1, 2), await pipe.end(lane))
        forged = facts(3, 3)[0]
        theirs = [msgspec.msgpack.encode(forged), SignedFacts(lambda: [b"t" * 32]).encode(lane, forged)]
        theirs += [SignedFacts(secrets).encode(lane + 1, forged), b"", b"\xff" * 50]
        for body in theirs:
            await js.publish(subject_of(lane, forged), body)
        assert await reader.fetch(10, timeout_s=2) == facts(1, 2)
        assert await pipe.end(lane) == PipeEnd(facts(2, 2)[0], end.sequence + len(theirs)), "our own last one is found"
        for _ in range(STRANGERS):
            await js.publish(subject_of(lane, forged), b"x")
        assert await pipe.end(lane) == PipeEnd(None, end.sequence + len(theirs) + STRANGERS), "within bounds"
        await js.delete_stream(stream_name(lane))


def test_a_secret_that_was_replaced_still_reads() -> None:
    (fact,) = facts(1, 1)
    written = SignedFacts(lambda: [KEY]).encode(0, fact)
    assert SignedFacts(lambda: [b"n" * 32, KEY]).decode(0, written) == fact
    for message in (written[:-1], written + b"x", written[1:], bytes([written[0] ^ 1]) + written[1:]):
        with pytest.raises(NotOurs):
            SignedFacts(secrets).decode(0, message)
