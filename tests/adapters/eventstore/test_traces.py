"""A fact keeps the trace that it was stored under where traces are kept, and reads either way in every version."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from adapters.eventstore.keyring import Keyring
from adapters.eventstore.mapper import EnvelopeMapper
from domain.event import Envelope
from domain.model_calls import ModelCallStarted

TRACE = "ab" * 16
FACT = Envelope(
    stream="t/session/s", version=1, at=datetime(2026, 1, 1, tzinfo=UTC), correlation_id="turn",
    event=ModelCallStarted(call_id="c", step="answer", model="m", user="u", turn_id="turn"),
)  # fmt: skip


class BodyBefore(msgspec.Struct, array_like=True, frozen=True):
    """As the version before reads it."""

    at: datetime
    actor: str
    correlation_id: str
    causation_id: str
    data: msgspec.Raw


def test_a_trace_is_read_back_and_takes_no_room_where_there_is_none() -> None:
    mapper = EnvelopeMapper(Keyring())
    without = mapper.to_stored_event(FACT)
    mapper.trace = lambda: TRACE
    stored = mapper.to_stored_event(FACT)
    assert len(stored.state) - len(without.state) == 34
    assert mapper.to_domain_event(without).trace_id == ""
    back = mapper.to_domain_event(stored)
    assert back.trace_id == TRACE and back.event == FACT.event


def test_a_version_that_knows_of_no_traces_reads_the_fact() -> None:
    mapper = EnvelopeMapper(Keyring())
    mapper.trace = lambda: TRACE
    before = msgspec.msgpack.decode(mapper.to_stored_event(FACT).state[1:], type=BodyBefore)
    assert before.correlation_id == "turn" and msgspec.msgpack.decode(before.data, type=ModelCallStarted) == FACT.event
