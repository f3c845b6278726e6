"""How far jobs stand back, beside the deadlines that go by the clock."""

from __future__ import annotations

from adapters.extract.pool import WALL
from api.cli.jobs import AWAITED, BEHIND


def weight(nice: int) -> float:
    """What Linux weighs it at: a tenth of a processor more or less a step, which is a factor of 1.25."""
    return 1024 / 1.25**nice


def test_a_reader_beside_somebody_who_answers_comes_to_its_own_end_before_the_clock_ends_it() -> None:
    share = weight(AWAITED) / (weight(AWAITED) + weight(0))
    assert share * WALL >= 1
    assert weight(BEHIND) / weight(0) >= 0.1, "a call of a second's work is done within ten"
