"""Room for uploads is counted in places and bytes, for all and for each tenant, before anything is read."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from application.byte_room import ByteRoom
from domain.refusals import Overloaded, RateLimited


async def take(stack: AsyncExitStack, space: ByteRoom, tenant: str, size: int = 1) -> None:
    await stack.enter_async_context(space.room(tenant, size))


async def test_a_tenant_has_half_and_another_still_finds_room() -> None:
    space = ByteRoom(places=4, size=100, wait_s=0)
    async with AsyncExitStack() as stack:
        await take(stack, space, "a")
        await take(stack, space, "a")
        with pytest.raises(RateLimited) as refused:
            await take(stack, space, "a")
        assert refused.value.retry_after_s
        await take(stack, space, "b")
        await take(stack, space, "b")
        with pytest.raises(Overloaded) as full:
            await take(stack, space, "c")
        assert full.value.retry_after_s
    async with space.room("c", 1):
        pass


async def test_bytes_count_as_places_do() -> None:
    space = ByteRoom(places=100, size=100, wait_s=0)
    async with AsyncExitStack() as stack:
        await take(stack, space, "a", 30)
        with pytest.raises(RateLimited):
            await take(stack, space, "a", 30)
        await take(stack, space, "b", 50)
        with pytest.raises(Overloaded):
            await take(stack, space, "c", 21)
        await take(stack, space, "c", 20)


async def test_a_file_larger_than_all_room_goes_alone() -> None:
    space = ByteRoom(places=4, size=10, wait_s=0)
    async with space.room("a", 1_000):
        with pytest.raises(Overloaded):
            async with space.room("b", 1):
                pass


async def test_who_waits_gets_the_room_that_is_given_back() -> None:
    space = ByteRoom(places=2, size=100, wait_s=10)
    inside, leave = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with space.room("a", 1):
            inside.set()
            await leave.wait()

    async def follow() -> None:
        async with space.room("a", 1):
            pass

    first = asyncio.create_task(hold())
    await inside.wait()
    waiting = [asyncio.create_task(follow()) for _ in range(5)]
    done, _ = await asyncio.wait(waiting, timeout=0)
    assert not done
    leave.set()
    await asyncio.wait_for(asyncio.gather(first, *waiting), 5)


async def test_who_gives_up_waiting_takes_nothing() -> None:
    space = ByteRoom(places=2, size=100, wait_s=10)
    async with space.room("a", 1):
        waiting = asyncio.create_task(space.room("a", 1).__aenter__())
        await asyncio.wait([waiting], timeout=0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with space.room("a", 1):
        pass
