"""Turns begin a few in each round of the event loop, tenant by tenant, in their order; the others wait, in bounded
number."""

from __future__ import annotations

import asyncio

import pytest

from application.turns.turnstile import Turnstile
from domain.refusals import Overloaded


async def begin(turnstile: Turnstile, begun: list[int], number: int) -> None:
    await turnstile.pass_through()
    begun.append(number)


async def test_a_few_begin_in_each_round_in_the_order_in_which_they_came() -> None:
    turnstile, begun, at_most = Turnstile(at_once=3), list[int](), 0
    tasks = [asyncio.ensure_future(begin(turnstile, begun, number)) for number in range(20)]
    while len(begun) < 20:
        before = len(begun)
        await asyncio.sleep(0)
        at_most = max(at_most, len(begun) - before)
    assert begun == list(range(20))
    assert at_most == 3
    await asyncio.gather(*tasks)


async def test_one_alone_does_not_wait() -> None:
    turnstile = Turnstile(at_once=1)
    passing = turnstile.pass_through()
    with pytest.raises(StopIteration):
        passing.send(None)


async def test_who_leaves_while_he_waits_takes_no_place() -> None:
    turnstile, begun = Turnstile(at_once=1), list[int]()
    tasks = [asyncio.ensure_future(begin(turnstile, begun, number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert begun == [0, 2, 3]


async def test_too_many_that_wait_are_refused() -> None:
    turnstile, begun = Turnstile(at_once=1, most_waiting=2), list[int]()
    tasks = [asyncio.ensure_future(begin(turnstile, begun, number)) for number in range(4)]
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[3], Overloaded)
    assert begun == [0, 1, 2]


async def test_whoever_asks_much_stands_in_his_own_way_alone() -> None:
    turnstile, begun = Turnstile(at_once=2), list[str]()

    async def ask(tenant: str, number: int) -> None:
        await turnstile.pass_through(tenant)
        begun.append(f"{tenant}{number}")

    asked = [("noisy", n) for n in range(20)] + [("calm", 0), ("quiet", 0), ("calm", 1)]
    await asyncio.gather(*(ask(*one) for one in asked))
    assert begun[2:7] == ["noisy2", "calm0", "quiet0", "noisy3", "calm1"], "two were through before anybody waited"
    assert begun[7:] == [f"noisy{n}" for n in range(4, 20)]
