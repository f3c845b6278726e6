"""Folding a fact into a state gives a new state and leaves the old one as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.document import events as d
from domain.document import state as document
from domain.event import Event
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e
from domain.session.evolve import evolve as evolve_session
from domain.session.state import Session, snapshot_of
from domain.tenant import events as t
from domain.tenant import state as tenant
from domain.tenant.assistant import Assistant
from domain.tenant.budget import Budget
from domain.tenant.tool import Tool, Webhook
from domain.usage import Usage

few = st.sampled_from(("a", "b", "c"))
calls: list[Any] = [
    st.builds(ModelCallStarted, call_id=few, step=few, model=few, user=few, estimate=st.just(Usage(1, 2))),
    st.builds(TokensUsed, call_id=few, step=few, model=few, user=few, usage=st.just(Usage(1, 2)),
              cost_usd=st.just(Decimal(0)), price_version=few),
]  # fmt: skip
passages = st.just((e.Passage(passage_id="p", document_id="d", title="T", start=0, end=1, text="x", score=1.0),))
session_facts = st.one_of(
    *calls,
    st.builds(e.SessionOpened, user=few, assistant=few),
    st.builds(e.SessionRenamed, title=few, chosen=st.booleans()),
    st.builds(e.SessionClosed),
    st.builds(e.SessionForked, of=few, version=st.just(3)),
    st.builds(e.TurnCopied, turn_id=few, of_turn=few, asked_at=st.just(datetime(2026, 1, 1, tzinfo=UTC)), text=few),
    st.builds(e.SessionErased),
    st.builds(e.TurnStarted, turn_id=few, client_id=few, text=few),
    st.builds(e.TurnResumed, turn_id=few, by=few),
    st.builds(e.PassagesRetrieved, turn_id=few, passages=passages),
    st.builds(e.CacheHit, turn_id=few, layer=st.just("exact"), age_s=st.just(1), saved_usd=st.just(Decimal(0)),
              similarity=st.just(1.0), source_turn=few),
    st.builds(e.StepRun, turn_id=few, step=few, model=few, reason=few, ms=st.just(1), result=few),
    st.builds(e.ToolCalled, turn_id=few, name=few, key=few, input=few,
              status=st.sampled_from(("started", "completed"))),
    st.builds(e.ToolConfirmationAsked, turn_id=few, key=few, name=few, input=few),
    st.builds(e.ToolConfirmed, turn_id=few, key=few, allow=st.booleans(), by=few),
    st.builds(e.TurnCompleted, turn_id=few, text=few),
    st.builds(e.TurnCancelled, turn_id=few, text=few),
    st.builds(e.TurnFailed, turn_id=few, code=few, message=few, retryable=st.booleans()),
    st.builds(e.FeedbackGiven, turn_id=few, rating=st.sampled_from(("up", "down"))),
    st.builds(e.HistorySummarised, summary=few, through_turn=few),
    st.builds(lambda turn: snapshot_of(evolve_session(Session(), turn)), st.builds(
        e.TurnStarted, turn_id=few, client_id=few, text=few)),
)  # fmt: skip
tool = st.builds(Tool, description=few, input_schema=st.just({"type": "object"}),
                 webhook=st.one_of(st.none(), st.builds(Webhook, url=few, secret=st.integers(1, 3))))  # fmt: skip
tenant_facts = st.one_of(
    st.builds(t.TenantCreated, name=few),
    st.builds(t.AssistantPut, name=few, assistant=st.builds(Assistant), version=st.integers(1, 3)),
    st.builds(t.AssistantDeleted, name=few, version=st.integers(1, 3)),
    st.builds(t.ToolPut, name=few, tool=tool, version=st.integers(1, 3)),
    st.builds(t.ToolDeleted, name=few, version=st.integers(1, 3)),
    st.builds(t.DatasetPut, name=few, columns=st.just(()), rows=st.just(0), version=st.integers(1, 3)),
    st.builds(t.DatasetDeleted, name=few, version=st.integers(1, 3)),
    st.builds(t.BudgetPut, budget=st.builds(Budget)),
    st.builds(t.BudgetWarned, period=few, user=few, limit_usd=st.just(Decimal(1)), used_usd=st.just(Decimal(1))),
)
document_facts = st.one_of(
    *calls,
    st.builds(d.DocumentIndexed, passages=st.just(1)),
    st.builds(d.DocumentFailed, reason=few),
    st.builds(d.DocumentDeleted),
)
Evolve = Callable[[Any, Event], Any]
KINDS = [
    (Session, evolve_session, session_facts),
    (tenant.Tenant, tenant.evolve, tenant_facts),
    (document.Document, document.evolve, document_facts),
]


@pytest.mark.parametrize(("kind", "evolve", "facts"), KINDS, ids=lambda one: getattr(one, "__name__", ""))
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_folding_leaves_the_old_state_as_it_was(kind: type[Any], evolve: Evolve, facts: Any, data: Any) -> None:
    """Compared by what the states encode to, which goes through all they hold."""
    states, shown = [kind()], [shape(kind())]
    for fact in data.draw(st.lists(facts, max_size=12)):
        states.append(evolve(states[-1], fact))
        shown.append(shape(states[-1]))
    assert [shape(state) for state in states] == shown


@settings(max_examples=100, deadline=None)
@given(st.lists(session_facts, max_size=12))
def test_a_snapshot_is_the_session_again(facts: list[Event]) -> None:
    session = Session()
    for fact in facts:
        session = evolve_session(session, fact)
    assert evolve_session(Session(), snapshot_of(session)) == session


def shape(state: Any) -> bytes:
    """A state as bytes; sets in order."""
    return msgspec.msgpack.encode(state, order="sorted")
