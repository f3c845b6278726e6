"""Ledger against log: every call is explained once, what was guessed is corrected once, and the money adds up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.clock import new_id
from application.ports.facts.event_store import Recorded
from application.ports.facts.keys import KeyUnusable
from application.ports.models.invocation_logs import LoggedCall, UnreadableLine
from application.reconciliation.call_events import read_call_facts
from application.reconciliation.reconcile import Reconcile
from application.reconciliation.report import Finding, Report
from domain.event import Envelope, Event
from domain.model_calls import ModelCallStarted, TokensCorrected, TokensUsed, settle
from domain.refusals import DependencyUnavailable
from domain.session.events import SessionOpened
from domain.usage import Usage, cost_of
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_invocation_logs import InMemoryInvocationLogs

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
START = datetime(2026, 11, 3, tzinfo=UTC)
END = START + timedelta(days=1)
NOON = START + timedelta(hours=12)
ESTIMATE = Usage(input_tokens=900, output_tokens=1_000)


class World:
    """A ledger and a log that tests fill with calls."""

    def __init__(self) -> None:
        self.store, self.logs = InMemoryEventStore(), InMemoryInvocationLogs()
        self.findings: list[Finding] = []

    async def put(self, stream: str, at: datetime, *events: Event) -> None:
        last = max((e.version for e in self.store.log if e.stream == stream), default=0)
        await self.store.append(
            [Envelope(stream=stream, version=last + n, at=at, event=event) for n, event in enumerate(events, 1)]
        )

    async def call(
        self,
        usage: Usage | None,
        *,
        logged: Usage | None,
        at: datetime = NOON,
        stream: str = "",
        step: str = "answer",
        model: str = SONNET,
        **settling: Any,
    ) -> ModelCallStarted:
        """A call that was settled with `usage` (None: never) and of which the log says `logged` (None: nothing)."""
        stream = stream or f"acme/session/{new_id()}"
        started = ModelCallStarted(call_id=new_id(), step=step, model=model, user="ada", estimate=ESTIMATE)
        await self.put(stream, at, started)
        if usage is not None:
            await self.put(stream, at + timedelta(seconds=2), settle(started, usage, **settling))
        if logged is not None:
            metadata = {"call_id": started.call_id, "tenant_id": "acme"} if step != "embed" else {}
            self.log(logged, at=at + timedelta(seconds=1), model=model, metadata=metadata)
        return started

    def log(self, usage: Usage, *, at: datetime = NOON, **fields: Any) -> None:
        line = {"request_id": new_id(), "operation": "ConverseStream", "model": SONNET} | fields
        self.logs.lines.append(LoggedCall(at=at, usage=usage, **line))

    async def reconcile(self, since: datetime = START, until: datetime = END, **wishes: Any) -> Report:
        self.findings = []
        return await Reconcile(self.store, self.logs)(since, until, found=self.findings.append, **wishes)

    def facts(self, kind: type[Event]) -> list[Any]:
        return [e.event for e in self.store.log if isinstance(e.event, kind)]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_call_of_which_both_say_the_same_is_matched(world: World) -> None:
    await world.call(Usage(10, 5), logged=Usage(10, 5))
    report = await world.reconcile()
    assert (report.calls, report.matched, report.drift_before_usd) == (1, 1, 0)
    assert report.ledger_usd == report.logged_usd == cost_of(SONNET, Usage(10, 5))
    assert report.explained
    assert not world.findings


async def test_an_estimate_is_corrected_once_by_what_the_log_counted(world: World) -> None:
    started = await world.call(ESTIMATE, logged=Usage(10, 5), estimated=True, failure="StreamCut")
    first = await world.reconcile()
    (fact,) = world.facts(TokensCorrected)
    assert (fact.call_id, fact.reason) == (started.call_id, "estimate")
    assert (fact.old_usage, fact.usage) == (ESTIMATE, Usage(10, 5))
    assert fact.cost_usd == cost_of(SONNET, Usage(10, 5))
    assert (fact.failure, fact.request_id) == ("StreamCut", world.logs.lines[0].request_id)
    assert first.corrected == 1
    assert first.drift_before_usd == cost_of(SONNET, ESTIMATE) - cost_of(SONNET, Usage(10, 5))
    assert first.drift_usd == 0
    again = await world.reconcile()
    assert (again.matched, again.corrected, again.drift_before_usd) == (1, 0, 0)
    assert len(world.facts(TokensCorrected)) == 1


async def test_a_dry_run_stores_nothing_and_says_what_drift_is_left(world: World) -> None:
    await world.call(ESTIMATE, logged=Usage(10, 5), estimated=True)
    report = await world.reconcile(apply=False)
    assert report.corrected == 1
    assert report.drift_usd == report.drift_before_usd > 0
    assert not world.facts(TokensCorrected)


async def test_an_estimate_that_was_right_is_an_estimate_no_more(world: World) -> None:
    await world.call(Usage(10, 5), logged=Usage(10, 5), estimated=True)
    assert (await world.reconcile()).corrected == 1
    assert (await world.reconcile()).matched == 1


async def test_a_call_that_nobody_settled_is_settled_by_the_log(world: World) -> None:
    await world.call(None, logged=Usage(10, 5))
    report = await world.reconcile()
    (fact,) = world.facts(TokensUsed)
    assert (fact.usage, fact.estimated) == (Usage(10, 5), False)
    (finding,) = world.findings
    assert (finding.kind, finding.reason, finding.ledger) == ("settled", "never_settled", ESTIMATE)
    assert (report.settled, report.drift_usd) == (1, 0)
    assert (await world.reconcile()).matched == 1


async def test_a_call_that_never_reached_the_provider_costs_nothing(world: World) -> None:
    await world.call(Usage(1, 1), logged=Usage(1, 1))
    await world.call(None, logged=None)
    await world.call(ESTIMATE, logged=None, estimated=True)
    report = await world.reconcile()
    assert (report.matched, report.settled, report.corrected) == (1, 1, 1)
    assert {finding.reason for finding in world.findings} == {"not_in_log"}
    assert report.drift_usd == 0
    assert all(not f.usage.input_tokens for f in world.facts(TokensCorrected))
    again = await world.reconcile()
    assert (again.matched, again.unbilled, again.calls) == (1, 2, 3)


async def test_a_log_with_holes_proves_nothing(world: World) -> None:
    await world.call(Usage(1, 1), logged=Usage(1, 1))
    await world.call(Usage(7, 7), logged=None)
    await world.call(ESTIMATE, logged=None, estimated=True)
    report = await world.reconcile()
    assert (report.missing, report.corrected, report.explained) == (2, 0, False)
    assert {finding.reason for finding in world.findings} == {"counted", "log_not_whole"}


async def test_an_empty_log_proves_nothing(world: World) -> None:
    await world.call(None, logged=None)
    report = await world.reconcile()
    assert (report.missing, report.settled) == (1, 0)


async def test_refused_calls_need_no_line(world: World) -> None:
    await world.call(Usage(), logged=None, failure="ThrottlingException")
    await world.call(Usage(), logged=Usage(), failure="ValidationException")
    report = await world.reconcile()
    assert (report.unbilled, report.matched, report.explained) == (1, 1, True)


async def test_a_line_of_a_call_that_we_do_not_know_is_extra_and_anothers_is_foreign(world: World) -> None:
    world.log(Usage(3, 4), metadata={"call_id": "c", "tenant_id": "beta"})
    world.log(Usage(9, 9))
    world.logs.torn.append(UnreadableLine("file", "torn"))
    report = await world.reconcile()
    assert (report.extra, report.foreign, report.unreadable) == (1, 1, 1)
    (finding,) = world.findings
    assert (finding.tenant, finding.call_id, finding.reason) == ("beta", "c", "unknown_call")
    assert report.drift_usd == cost_of(SONNET, Usage(3, 4))
    assert not report.explained


async def test_young_calls_are_left_alone(world: World) -> None:
    await world.call(Usage(1, 1), logged=Usage(1, 1))
    await world.call(None, logged=Usage(5, 5))
    await world.call(None, logged=None)
    await world.call(Usage(5, 5), logged=None)
    long = (datetime.now(UTC) - START).total_seconds()
    report = await world.reconcile(grace_s=max(long, 0) + 86_400)
    assert (report.matched, report.under_way, report.explained) == (1, 3, True)


async def test_a_count_that_differs_from_the_log_is_corrected_too(world: World) -> None:
    await world.call(Usage(10, 5), logged=Usage(11, 5))
    assert (await world.reconcile()).corrected == 1
    (fact,) = world.facts(TokensCorrected)
    assert fact.reason == "count_differs"


async def test_the_hour_long_part_of_a_cache_write_is_kept_where_the_log_leaves_it_open(world: World) -> None:
    await world.call(Usage(10, 5, 0, 2_000, 1_500), logged=Usage(10, 5, 0, 2_000))
    assert (await world.reconcile()).matched == 1


async def test_calls_at_the_edges_find_their_lines_beyond_them(world: World) -> None:
    await world.call(Usage(1, 1), logged=Usage(1, 1), at=END - timedelta(seconds=0.5))
    await world.call(Usage(2, 2), logged=Usage(2, 2), at=START - timedelta(seconds=0.5))
    report = await world.reconcile()
    assert (report.calls, report.matched, report.extra) == (1, 1, 0)


async def test_a_tenants_report_holds_its_own_calls(world: World) -> None:
    await world.call(Usage(1, 1), logged=Usage(1, 1), stream="beta/session/1")
    await world.call(ESTIMATE, logged=Usage(1, 1), estimated=True)
    world.log(Usage(3, 4), metadata={"call_id": "c", "tenant_id": "acme"})
    report = await world.reconcile(tenant="beta")
    assert (report.calls, report.matched, report.extra) == (1, 1, 0)
    assert not world.facts(TokensCorrected)


async def test_what_was_settled_after_the_stretch_that_is_read_counts(world: World) -> None:
    stream = "acme/session/late"
    started = await world.call(None, logged=Usage(4, 4), stream=stream)
    late = END + timedelta(days=3)
    await world.put(stream, late, settle(started, Usage(4, 4)))
    report = await world.reconcile()
    assert (report.matched, report.settled) == (1, 0)


async def test_embeddings_are_matched_by_model_time_and_size(world: World) -> None:
    embedding: dict[str, Any] = {"step": "embed", "model": TITAN}
    await world.call(Usage(10), logged=Usage(10), **embedding)
    await world.call(Usage(10), logged=Usage(10), at=NOON + timedelta(seconds=3), **embedding)
    cut = await world.call(ESTIMATE, logged=Usage(33), at=NOON + timedelta(hours=1), estimated=True, **embedding)
    timed_out = await world.call(Usage(), logged=Usage(44), at=NOON + timedelta(hours=2), failure="x", **embedding)
    report = await world.reconcile()
    assert (report.matched, report.corrected, report.by_size, report.extra) == (2, 2, 4, 0)
    fixed = {fact.call_id: fact.usage for fact in world.facts(TokensCorrected)}
    assert fixed == {cut.call_id: Usage(33), timed_out.call_id: Usage(44)}
    assert (await world.reconcile()).matched == 4


async def test_an_embedding_leaves_the_line_of_one_that_broke_off_before_it(world: World) -> None:
    """Of many of one size each could have the line of the one before; then the last line would be nobody's."""
    size: dict[str, Any] = {"logged": Usage(26), "step": "embed", "model": TITAN}
    await world.call(None, **size)
    for n in range(1, 10):
        await world.call(Usage(26), at=NOON + timedelta(seconds=3 * n), **size)
    report = await world.reconcile()
    assert (report.matched, report.settled, report.extra) == (9, 1, 0)
    assert report.drift_usd == 0


async def test_a_snapshot_hides_no_call(world: World) -> None:
    stream = "acme/session/s"
    await world.put(stream, NOON, SessionOpened(user="ada", assistant="default"))
    await world.call(ESTIMATE, logged=Usage(1, 1), estimated=True, stream=stream)
    await world.store.snapshot(
        Envelope(stream=stream, version=3, at=NOON, event=SessionOpened(user="a", assistant="d"))
    )
    assert (await world.reconcile()).corrected == 1


async def test_two_at_the_same_time_correct_once(world: World) -> None:
    await world.call(ESTIMATE, logged=Usage(10, 5), estimated=True)
    await asyncio.gather(world.reconcile(), world.reconcile(), world.reconcile())
    assert len(world.facts(TokensCorrected)) == 1


async def test_a_call_just_beyond_the_stretch_that_is_read_makes_no_hole_in_the_log(world: World) -> None:
    await world.call(Usage(1, 1), logged=Usage(1, 1))
    await world.call(Usage(2, 2), logged=Usage(2, 2), at=END + timedelta(minutes=15) - timedelta(seconds=0.5))
    await world.call(ESTIMATE, logged=None, estimated=True)
    assert (await world.reconcile()).corrected == 1


@pytest.mark.parametrize("minute", [0, 1, 150, 299])
async def test_the_facts_of_a_stretch_are_found_in_a_long_log(world: World, minute: int) -> None:
    for number in range(300):
        await world.put(
            f"acme/session/{number}", START + timedelta(minutes=number), SessionOpened(user="a", assistant="d")
        )
        started = ModelCallStarted(call_id=str(number), step="answer", model=SONNET, user="ada")
        await world.put(f"acme/search/{number}", START + timedelta(minutes=number, seconds=1), started)
    since = START + timedelta(minutes=minute)
    found = [fact async for fact in read_call_facts(world.store, 1, since, since + timedelta(minutes=3), unmissed)]
    assert [fact.stream for fact in found] == [f"acme/search/{n}" for n in range(minute, min(minute + 3, 300))]


class Drawn(msgspec.Struct):
    """One call of a drawn history."""

    settled: str
    line: str
    minute: int
    embedding: bool


drawn = st.builds(
    Drawn,
    settled=st.sampled_from(["counted", "estimated", "refused", "never"]),
    line=st.sampled_from(["same", "other", "none"]),
    minute=st.integers(0, 23 * 60),
    embedding=st.booleans(),
)


@given(calls=st.lists(drawn, max_size=12), strangers=st.lists(st.integers(0, 23 * 60), max_size=3))
async def test_any_history_is_parted_and_its_money_adds_up(calls: list[Drawn], strangers: list[int]) -> None:
    world = World()
    for n, call in enumerate(sorted(calls, key=lambda c: c.minute)):
        known = Usage(n + 1) if call.embedding else Usage(100 + n, 7)
        usage = {"counted": known, "estimated": ESTIMATE, "refused": Usage(), "never": None}[call.settled]
        logged = {"same": known, "other": Usage(5_000 + n), "none": None}[call.line]
        how: dict[str, Any] = {"step": "embed", "model": TITAN} if call.embedding else {}
        if call.settled == "refused":
            how["failure"] = "ThrottlingException"
        at = START + timedelta(minutes=call.minute)
        await world.call(usage, logged=logged, at=at, estimated=call.settled == "estimated", **how)
    for minute in strangers:
        world.log(Usage(1, 1), at=START + timedelta(minutes=minute), metadata={"call_id": new_id()})

    report = await world.reconcile()
    assert report.calls == len(calls)
    parts = report.matched + report.corrected + report.settled + report.unbilled + report.missing + report.under_way
    assert parts == report.calls
    lines = len(world.logs.lines)
    assert report.extra + report.foreign + _with_a_line(report, world) == lines
    drift = sum((abs(f.ledger_usd - f.logged_usd) for f in world.findings), Decimal(0))
    assert report.drift_before_usd == drift

    again = await world.reconcile()
    assert (again.corrected, again.settled) == (0, 0)
    assert again.drift_before_usd == again.drift_usd == report.drift_usd
    assert again.explained == report.explained
    if report.explained and not report.foreign:
        assert again.ledger_usd == sum((cost_of(line.model, line.usage) for line in world.logs.lines), Decimal(0))


def _with_a_line(report: Report, world: World) -> int:
    """How many calls found a line."""
    return report.matched + sum(f.logged is not None and f.kind != "extra" for f in world.findings)


def unmissed(stream: str, error: Exception) -> None:
    raise error


class DamagedStore(InMemoryEventStore):
    """One stream's facts cannot be read: its bytes, or those of its heading too, or only when it is loaded."""

    damaged, how = "", ""

    def open(self, recorded: Recorded) -> Envelope:
        if recorded.stream == self.damaged and self.how in ("body", "heading"):
            raise ValueError("altered")
        return super().open(recorded)

    def heading(self, recorded: Recorded) -> Envelope:
        if recorded.stream == self.damaged and self.how == "heading":
            raise ValueError("altered")
        return super().heading(recorded)

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        if stream == self.damaged and self.how in ("load", "key"):
            raise KeyUnusable if self.how == "key" else ValueError("altered")
        return await super().load(stream, after=after, upto=upto)


@pytest.mark.parametrize("how", ["body", "heading", "load", "key"])
async def test_a_call_that_cannot_be_read_keeps_no_other_from_being_reconciled(how: str) -> None:
    world = World()
    world.store = store = DamagedStore()
    store.damaged, store.how = "acme/session/damaged", how
    usage = Usage(input_tokens=10, output_tokens=20)
    first = await world.call(ESTIMATE, logged=usage, estimated=True)
    await world.call(ESTIMATE, logged=usage, estimated=True, stream=store.damaged, at=NOON + timedelta(minutes=1))
    last = await world.call(ESTIMATE, logged=usage, estimated=True, at=NOON + timedelta(minutes=2))
    report = await world.reconcile()
    assert {finding.call_id for finding in world.findings if finding.kind == "corrected"} == {
        first.call_id,
        last.call_id,
    }
    assert report.damaged and not report.explained


async def test_a_ledger_that_is_away_is_said_to_be() -> None:
    world = World()
    await world.call(ESTIMATE, logged=None)
    world.store.away = True
    with pytest.raises(DependencyUnavailable):
        await world.reconcile()
