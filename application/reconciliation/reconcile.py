"""Compares our ledger with the provider's own log of calls, call by call, and closes by facts what was estimated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from application.clock import now
from application.execute import Aggregate, Context, LoadedAggregate
from application.failure_classes import POISON, class_of
from application.ports.facts.event_store import OpenedLog
from application.ports.models.invocation_logs import InvocationLogs, LoggedCall, UnreadableLine
from application.reconciliation.call_events import read_call_facts
from application.reconciliation.match_calls import Join, LedgerEntry
from application.reconciliation.report import Accounting, Finding, Kind, Report
from domain.event import StreamId
from domain.ids import MAX_POSITION
from domain.model_calls import Calls, LedgerCall, TokensCorrected, TokensUsed, close_by_log, evolve_calls
from domain.usage import Usage, cost_of

SLACK = timedelta(minutes=15)
"""Longer than any call lasts: so far beyond the period both sides are read, to find the other half of a pair."""
CALLS = Aggregate(Calls, evolve_calls)
BY = "reconcile"

Verdict = Literal["matched", "unbilled", "under_way", "close", "counted", "log_not_whole"]


async def told_to_nobody(report: Report) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Reads both sides once, side by side. What it stores goes to the streams that made the calls, each fact once
    however often it runs; who watches is `told` what it came to. `DependencyUnavailable` when a side cannot be read."""

    store: OpenedLog
    logs: InvocationLogs
    lanes: int = 1
    told: Callable[[Report], Awaitable[None]] = told_to_nobody

    async def __call__(
        self,
        since: datetime,
        until: datetime,
        *,
        found: Callable[[Finding], None],
        tenant: str = "",
        apply: bool = True,
        grace_s: float = 900.0,
    ) -> Report:
        """Reconcile the calls that started with `since <= at < until`, of one tenant or (empty) of all; each
        difference is handed to `found`. Without `apply` nothing is stored.

        A call younger than `grace_s` seconds is left alone while it is not settled or has no line: it may be under
        way, or its line may be.
        """
        report = Report(since=since, until=until, applied=apply, tenant=tenant)
        account = Accounting(report, now() - timedelta(seconds=grace_s), found)
        join, by_size, paired = Join(), set[str](), False
        async with aclosing(self._pairs(join, report)) as pairs:
            async for entry, line in pairs:
                paired = True
                if entry.by_size:
                    by_size.add(line.model)
                await self._try(account, entry, line)
        alone = join.calls_without_a_line()
        # Only a log with a line for every call that was counted proves that one without a line never arrived.
        whole = paired and not any(
            verdict_on(e.call, None, young=e.at >= account.young, whole=True) == "counted"
            for e in alone
            if account.within(e.at)
        )
        for entry in alone:
            await self._try(account, entry, None, whole=whole)
        for line in join.lines_without_a_call():
            _judge_line(account, line, by_size)
        await self.told(report)
        return report

    async def _pairs(self, join: Join, report: Report) -> AsyncGenerator[tuple[LedgerEntry, LoggedCall], None]:
        """Both sides in the order of time; at the end what can only be paired once all has been seen."""
        begin, end = report.since - SLACK, report.until + SLACK
        tidied = begin
        async with (
            aclosing(read_call_facts(self.store, self.lanes, begin, end, report.miss)) as facts,
            aclosing(self._lines(report, begin, end)) as lines,
        ):
            fact, line = await anext(facts, None), await anext(lines, None)
            while fact is not None or line is not None:
                if fact is not None and (line is None or fact.at <= line.at):
                    at, more = fact.at, join.take_fact(fact.stream, fact.at, fact.event)
                    fact = await anext(facts, None)
                elif line is not None:
                    at, more = line.at, join.take_line(line)
                    line = await anext(lines, None)
                for pair in more:
                    yield pair
                if at - tidied > 2 * SLACK:
                    tidied = at - SLACK
                    for pair in join.match_embeddings(before=tidied):
                        yield pair
        for pair in (*join.match_embeddings(before=end), *join.match_the_rest()):
            yield pair

    async def _lines(self, report: Report, begin: datetime, end: datetime) -> AsyncGenerator[LoggedCall, None]:
        async for line in self.logs.read(begin, end):
            if isinstance(line, UnreadableLine):
                report.unreadable += 1
            else:
                yield line

    async def _try(
        self, account: Accounting, entry: LedgerEntry, line: LoggedCall | None, *, whole: bool = True
    ) -> None:
        """One call, which keeps no other from being judged."""
        try:
            await self._judge(account, entry, line, whole=whole)
        except Exception as error:
            if class_of(error) is not POISON:
                raise
            account.report.miss(entry.stream, error)

    async def _judge(
        self, account: Accounting, entry: LedgerEntry, line: LoggedCall | None, *, whole: bool = True
    ) -> None:
        """One call with its line, or without one."""
        report, young = account.report, entry.at >= account.young
        if not account.within(entry.at) or report.tenant not in ("", _tenant(entry)):
            return
        report.calls += 1
        report.by_size += entry.by_size and line is not None
        call, id, held = entry.call, entry.call.started.call_id, None
        verdict = verdict_on(call, line, young=young, whole=whole)
        if verdict in ("close", "log_not_whole"):
            held = await self._held(entry.stream)  # it may have been settled or corrected after what was read
            call = held.state.by_id[id]
            verdict = verdict_on(call, line, young=young, whole=whole)
        if verdict in ("matched", "unbilled", "under_way"):
            account.count(verdict, call.standing)
        elif verdict != "close" or held is None:
            account.tell(_missing(entry, call, verdict), closed=False)
        else:
            usage, request_id = (line.usage, line.request_id) if line else (None, "")
            closing = close_by_log(call, usage, request_id)
            account.tell(_closed(entry, call, closing[0], line), closed=report.applied)
            if report.applied:
                context = Context(BY, call.started.turn_id)
                await held.execute(lambda calls: close_by_log(calls.by_id[id], usage, request_id), context)

    async def _held(self, stream: str) -> LoadedAggregate[Calls]:
        """The calls of a stream as they are now. Read whole: a snapshot would hide the facts that it covers."""
        held = LoadedAggregate(self.store, stream, CALLS)
        for envelope in await self.store.load(stream, upto=MAX_POSITION):
            held.state, held.version = evolve_calls(held.state, envelope.event), envelope.version
        return held


def verdict_on(call: LedgerCall, line: LoggedCall | None, *, young: bool, whole: bool) -> Verdict:
    """What is to be said of a call with this line, or without one in a log that is `whole` or not: whether it needs
    no more than to be counted, is to be closed by what the log says, or lacks a line that should be there."""
    used = call.standing
    if line is not None and used is not None:
        return "close" if close_by_log(call, line.usage) else "matched"
    if line is not None:
        return "under_way" if young else "close"
    if used is not None and used.usage == Usage() and not used.estimated:
        return "unbilled"
    if young:
        return "under_way"
    if used is not None and not used.estimated:
        return "counted"
    return "close" if whole else "log_not_whole"


def _tenant(entry: LedgerEntry) -> str:
    return StreamId.parse(entry.stream).tenant


def _finding(entry: LedgerEntry, call: LedgerCall, kind: Kind, reason: str, **fields: Any) -> Finding:
    used = call.standing
    usage = used.usage if used else call.started.estimate
    return Finding(
        kind=kind,
        reason=reason,
        call_id=call.started.call_id,
        tenant=_tenant(entry),
        stream=entry.stream,
        at=entry.at,
        step=call.started.step,
        model=call.started.model,
        ledger=usage,
        ledger_usd=used.cost_usd if used else cost_of(call.started.model, usage),
        **fields,
    )


def _missing(entry: LedgerEntry, call: LedgerCall, reason: str) -> Finding:
    """The estimate or count stands, and the log says nothing."""
    return _finding(entry, call, "missing", reason, logged=None, logged_usd=Decimal(0))


def _closed(
    entry: LedgerEntry, call: LedgerCall, event: TokensUsed | TokensCorrected, line: LoggedCall | None
) -> Finding:
    """What the closing fact says."""
    logged = {"logged": line.usage if line else None, "request_id": line.request_id if line else ""}
    kind: Kind = "corrected" if isinstance(event, TokensCorrected) else "settled"
    reason = event.reason if isinstance(event, TokensCorrected) else event.failure or "never_settled"
    cost = event.cost_usd
    return _finding(entry, call, kind, reason, logged_usd=cost, by_size=entry.by_size and line is not None, **logged)


def _judge_line(account: Accounting, line: LoggedCall, by_size: set[str]) -> None:
    """A line that found no call: one of ours that the ledger lacks, or none of ours."""
    call_id, tenant = line.metadata.get("call_id", ""), line.metadata.get("tenant_id", "")
    if not account.within(line.at) or account.report.tenant not in ("", tenant):
        return
    if not call_id and (line.model not in by_size or line.usage == Usage()):
        account.report.foreign += 1
        return
    finding = Finding(
        kind="extra",
        reason="unknown_call" if call_id else "fits_no_call",
        call_id=call_id,
        tenant=tenant,
        stream="",
        at=line.at,
        step=line.metadata.get("step", ""),
        model=line.model,
        ledger=None,
        logged=line.usage,
        ledger_usd=Decimal(0),
        logged_usd=cost_of(line.model, line.usage),
        request_id=line.request_id,
    )
    account.tell(finding, closed=False)
