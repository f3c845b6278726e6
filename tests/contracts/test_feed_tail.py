"""FeedTail: kept in order and apart by stream; in Valkey sealed, and bound to the stream and the place in its feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import valkey.asyncio

from adapters.valkey.feed_tail import ValkeyFeedTail
from application.clock import new_id
from application.ports.sessions.feed_tail import FeedTail, TailPiece
from infra.local.endpoints import Endpoints
from tests.fakes.in_memory_feed_tail import InMemoryFeedTail
from tests.fakes.in_memory_sealer import InMemorySealer

ONE, TWO = TailPiece(1, 3, b"the canary sings"), TailPiece(3, 4, b"again")


@pytest.fixture(params=["in memory", pytest.param("valkey", marks=pytest.mark.real)])
async def tail(request: pytest.FixtureRequest) -> AsyncIterator[FeedTail]:
    if request.param == "in memory":
        yield InMemoryFeedTail()
        return
    client = valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url)
    yield ValkeyFeedTail(client, InMemorySealer())
    await client.aclose()


def stream() -> str:
    return f"tenant/session/{new_id()}"


async def test_pieces_are_kept_in_order_and_apart(tail: FeedTail) -> None:
    one, other = stream(), stream()
    await tail.push([(one, ONE), (other, TWO)])
    await tail.push([(one, TWO)])
    assert (await tail.read(one), await tail.read(other)) == ([ONE, TWO], [TWO])
    await tail.forget(one)
    assert (await tail.read(one), await tail.read(other)) == ([], [TWO])


async def test_a_stream_that_nobody_pushed_has_none(tail: FeedTail) -> None:
    assert await tail.read(stream()) == []


async def test_without_valkey_nothing_is_kept_and_nothing_fails() -> None:
    tail = ValkeyFeedTail(valkey.asyncio.from_url("redis://127.0.0.1:1"), InMemorySealer())
    await tail.push([(stream(), ONE)])
    assert await tail.read(stream()) == []


@pytest.fixture
async def client(endpoints: Endpoints) -> AsyncIterator[Any]:
    client = valkey.asyncio.from_url(endpoints.valkey_url)
    yield client
    await client.aclose()


@pytest.mark.real
async def test_what_lies_in_valkey_says_nothing_and_belongs_to_one_place_of_one_stream(client: Any) -> None:
    tail, one, other = ValkeyFeedTail(client, InMemorySealer()), stream(), stream()
    await tail.push([(one, ONE), (one, TWO), (other, ONE)])
    mine, theirs = [await client.lrange(f"feed:{s}", 0, -1) for s in (one, other)]
    assert b"canary" not in b"".join(mine)
    moved = TWO.after.to_bytes(8, "big") + mine[0][8:]
    cut, flipped = mine[0][:-1], mine[0][:-1] + bytes([mine[0][-1] ^ 1])
    for junk in (*theirs, moved, cut, flipped, b"", b"\0", b"x" * 16, b"x" * 20, b"x" * 1000, mine[0][:16]):
        await client.delete(f"feed:{one}")
        await client.rpush(f"feed:{one}", junk, mine[1], junk)
        assert await tail.read(one) == [TWO]


@pytest.mark.real
async def test_something_else_in_the_lists_place_is_as_nothing(client: Any) -> None:
    tail, one = ValkeyFeedTail(client, InMemorySealer()), stream()
    await client.set(f"feed:{one}", b"no list")
    assert await tail.read(one) == []
    await tail.push([(one, ONE)])


@pytest.mark.real
async def test_with_the_streams_key_its_tail_is_gone(client: Any) -> None:
    shredded: set[str] = set()
    tail, one = ValkeyFeedTail(client, InMemorySealer(shredded)), stream()
    await tail.push([(one, ONE)])
    shredded.add(one)
    assert await tail.read(one) == []
