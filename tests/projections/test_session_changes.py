"""What one write of the session view holds is bounded, whatever its facts say."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.event import Envelope, Event
from domain.session import events as e
from projections.session_writer import MOST_AT_ONCE, WRITE_BYTES, _few

AT = datetime(2026, 11, 27, tzinfo=UTC)


def envelopes(*events: Event) -> list[Envelope]:
    return [Envelope(stream="t/session/s", version=n, at=AT, event=event) for n, event in enumerate(events, 1)]


def test_a_write_is_bounded_in_bytes() -> None:
    facts: list[Event] = []
    for n in range(20):
        facts.append(e.TurnStarted(turn_id=f"t{n}", client_id=f"c{n}", text="q" * 100_000))
        facts.append(e.TurnCompleted(turn_id=f"t{n}", text="a" * 120_000))
    left, written = envelopes(*facts), list[Envelope]()
    while left:
        few, changes = _few(left)
        assert changes.size <= WRITE_BYTES and (changes.after, changes.version) == (few[0].version - 1, few[-1].version)
        written += few
        left = left[len(few) :]
    assert [fact.version for fact in written] == list(range(1, 41))


def test_small_facts_go_together_and_one_that_is_large_alone() -> None:
    small = envelopes(*[e.TurnStarted(turn_id=f"t{n}", client_id="c", text="q") for n in range(100)])
    assert len(_few(small)[0]) == MOST_AT_ONCE
    large = envelopes(*[e.TurnCompleted(turn_id=f"t{n}", text="a" * 2_000_000) for n in range(3)])
    assert len(_few(large)[0]) == 1
