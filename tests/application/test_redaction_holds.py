"""Redacting any kind of text takes time by its length and gives way meanwhile, the first time and again."""

from __future__ import annotations

import pytest

from application.redaction.redactor import Redactor
from infra.bench.texts import KINDS, LONGEST, TextBench, holds, text_of

pytestmark = pytest.mark.long

BENCH = TextBench()
LINEAR = 9.0
"""Four times the text may take so many times as long; sixteen times would be quadratic. Between them is the clock."""


def spent(redactor: Redactor, text: str) -> tuple[float, int]:
    """Milliseconds of CPU, and in how many stretches."""
    stretches = [cpu for cpu, _ in holds(redactor.redact(text))]
    return sum(stretches), len(stretches)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_takes_time_by_its_length_and_gives_way(kind: str) -> None:
    text = text_of(kind, 7, LONGEST)
    quarter, _ = min(spent(BENCH.redactor(), f"{n}{text}"[: LONGEST // 4]) for n in range(3))
    whole, stretches = min(spent(BENCH.redactor(), f"{n}{text}"[:LONGEST]) for n in range(3))
    assert whole < LINEAR * quarter or whole < 5
    assert stretches > 1 or whole < 20


@pytest.mark.parametrize("kind", ["nothing but email", "nothing but phone", "one word again and again"])
def test_a_redactor_that_knows_many_values_is_as_quick(kind: str) -> None:
    redactor = BENCH.redactor()
    first, _ = spent(redactor, text_of(kind, 8, LONGEST))
    again = min(spent(redactor, text_of(kind, number, LONGEST))[0] for number in (9, 10, 11))
    assert again < 3 * first
