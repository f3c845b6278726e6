"""Callers that share a trip: batches, order, guilt, leaving, and the end of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from adapters import sharing
from adapters.sharing import Batcher
from domain.refusals import DependencyUnavailable, Overloaded

MOST = 4


class Guilty(Exception):
    """Somebody asked for what cannot be."""


class Squares(Batcher[int, int]):
    """Squares numbers, at most four a trip; a negative one is an error, a thousand finds nobody there."""

    def __init__(self, trips: int, most_waiting: int = 5_000) -> None:
        super().__init__(trips, most_waiting)
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.all_under_way = asyncio.Event()
        self.most_under_way = self._now = 0

    def size(self, asked: int) -> int:
        return asked if asked > 10_000 else 1

    def fits(self, batch: Sequence[int], asked: int) -> bool:
        return len(batch) < MOST

    def is_item_error(self, error: Exception) -> bool:
        return isinstance(error, Guilty)

    async def send_batch(self, batch: Sequence[int]) -> Sequence[int]:
        self._now += 1
        self.most_under_way = max(self.most_under_way, self._now)
        if self._now == self._most:
            self.all_under_way.set()
        try:
            await self.open.wait()
            self.batches.append(list(batch))
            if 1_000 in batch:
                raise DependencyUnavailable
            if any(number < 0 for number in batch):
                raise Guilty
            return [number * number for number in batch]
        finally:
            self._now -= 1


async def test_those_that_wait_go_together_in_order_and_few_trips_are_under_way() -> None:
    trips = Squares(2)
    trips.open.clear()
    calls = [asyncio.create_task(trips.call(n)) for n in range(20)]
    await trips.all_under_way.wait()
    trips.open.set()
    assert await asyncio.gather(*calls) == [n * n for n in range(20)]
    assert sorted(trips.batches) == [list(range(first, first + MOST)) for first in range(0, 20, MOST)]
    assert trips.most_under_way == 2


async def test_only_the_guilty_one_fails() -> None:
    trips = Squares(1)
    answers = await asyncio.gather(*(trips.call(n) for n in (1, -2, 3)), return_exceptions=True)
    assert [answers[0], type(answers[1]), answers[2]] == [1, Guilty, 9]


async def test_when_the_place_is_away_all_of_a_batch_hear_so_and_the_next_goes_on() -> None:
    trips = Squares(1)
    answers = await asyncio.gather(*(trips.call(n) for n in (1, 1_000, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DependencyUnavailable] * 3
    assert await trips.call(5) == 25


async def test_who_has_left_is_not_carried() -> None:
    trips = Squares(1)
    trips.open.clear()
    first = asyncio.create_task(trips.call(1))
    await asyncio.sleep(0)  # it is under way
    leaving, staying = asyncio.create_task(trips.call(2)), asyncio.create_task(trips.call(3))
    await asyncio.sleep(0)
    leaving.cancel()
    trips.open.set()
    assert list(await asyncio.gather(first, staying)) == [1, 9]
    assert 2 not in [n for batch in trips.batches for n in batch]


async def test_too_many_that_wait_are_told_to_come_back() -> None:
    trips = Squares(1, most_waiting=3)
    trips.open.clear()
    waiting = [asyncio.create_task(trips.call(n)) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await trips.call(4)
    trips.open.set()
    assert await asyncio.gather(*waiting) == [0, 1, 4]


async def test_a_trip_that_is_cancelled_leaves_nobody_waiting() -> None:
    trips = Squares(1)
    trips.open.clear()
    call = asyncio.create_task(trips.call(1))
    await trips.all_under_way.wait()
    for trip in trips._tasks:
        trip.cancel()
    with pytest.raises(DependencyUnavailable):
        await asyncio.wait_for(call, 5)
    trips.open.set()
    assert await trips.call(3) == 9


class Panic(BaseException):
    """What a library in another language raises."""


@pytest.mark.parametrize("fault", [KeyError(), asyncio.CancelledError(), Panic()], ids=lambda f: type(f).__name__)
@pytest.mark.parametrize("where", ["carry", "fits", "guilt", "answers"])
async def test_whatever_breaks_a_trip_nobody_waits_for_ever_and_later_callers_are_served(
    where: str, fault: BaseException
) -> None:
    class Breaking(Squares):
        broken = True

        def fits(self, batch: Sequence[int], asked: int) -> bool:
            if where == "fits" and self.broken:
                raise fault
            return super().fits(batch, asked)

        def is_item_error(self, error: Exception) -> bool:
            if where == "guilt" and self.broken:
                raise fault
            return super().is_item_error(error)

        async def send_batch(self, batch: Sequence[int]) -> Sequence[int]:
            if where == "carry" and self.broken:
                raise fault
            if where == "guilt" and self.broken:
                raise Guilty
            answers = await super().send_batch(batch)
            return answers[1:] if where == "answers" and self.broken else answers

    trips = Breaking(1)
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*(trips.call(n) for n in range(10)), return_exceptions=True)
        assert all(isinstance(outcome, Exception | int) for outcome in outcomes)
        assert any(isinstance(outcome, Exception) for outcome in outcomes)
        trips.broken = False
        assert await trips.call(5) == 25


async def test_those_that_wait_are_bounded_in_bytes() -> None:
    trips = Squares(1)
    trips.open.clear()
    first = asyncio.create_task(trips.call(2))
    await trips.all_under_way.wait()
    large = sharing.MOST_BYTES // 2
    waiting = [asyncio.create_task(trips.call(large)) for _ in range(2)]
    await asyncio.wait(waiting, timeout=0)
    with pytest.raises(Overloaded):
        await trips.call(3)
    trips.open.set()
    assert await asyncio.gather(first, *waiting) == [4, large * large, large * large]
    assert await trips.call(large) == large * large
