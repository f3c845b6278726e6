"""What a reconciliation says: sums over all calls of a period, and each call on which ledger and log differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec
import structlog

from domain.model_calls import TokensUsed
from domain.usage import Usage

Kind = Literal["corrected", "settled", "missing", "extra"]
NOTHING = Decimal(0)
log = structlog.get_logger()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A call on which the two differ. `corrected`: it was settled otherwise; `settled`: nobody had settled it (an
    orphan; `ledger` is what was estimated); `missing`: the log lacks it; `extra`: the ledger lacks it.

    `reason` says more: as in `TokensCorrected`, or `never_settled`, `counted` (the provider counted the call in its
    answer, and yet the log lacks it), `log_not_whole` (so that what it lacks proves nothing), `unknown_call`,
    `fits_no_call`. `logged` is None without a line. `by_size`: the line was found by model, time and size.
    """

    kind: Kind
    reason: str
    call_id: str
    tenant: str
    stream: str
    at: datetime
    step: str
    model: str
    ledger: Usage | None
    logged: Usage | None
    ledger_usd: Decimal
    logged_usd: Decimal
    request_id: str = ""
    by_size: bool = False


class Report(msgspec.Struct, kw_only=True):
    """All calls of a period. Each of the `calls` that started in it is one of `matched`, `corrected`, `settled`,
    `unbilled` (no tokens and no line: refused), `missing`, `under_way` (too young to be judged).

    `extra` lines name a call that we do not know, or fit none; `foreign` ones are no calls of ours, or name none and
    cost nothing; `unreadable` pieces of the log could not be read. `damaged` facts and calls of the ledger could not be
    read either: they keep no other from being compared, and the program's log names each. `by_size` of the pairs were
    found by model, time and size. Drifts in USD are sums of each call's difference, so that two errors cannot hide each
    other; `drift_usd` is what is left of it now.
    """

    since: datetime
    until: datetime
    applied: bool
    tenant: str = ""
    calls: int = 0
    matched: int = 0
    by_size: int = 0
    corrected: int = 0
    settled: int = 0
    unbilled: int = 0
    missing: int = 0
    under_way: int = 0
    extra: int = 0
    foreign: int = 0
    unreadable: int = 0
    damaged: int = 0
    ledger_usd: Decimal = NOTHING
    logged_usd: Decimal = NOTHING
    drift_before_usd: Decimal = NOTHING
    drift_usd: Decimal = NOTHING

    @property
    def explained(self) -> bool:
        """Whether no call is left that only one side knows, and none that could not be read."""
        return not self.missing and not self.extra and not self.damaged

    def miss(self, stream: str, error: Exception) -> None:
        """Something of the ledger could not be read."""
        self.damaged += 1
        log.error("ledger_damaged", stream=stream, error=type(error).__name__)


@dataclass(slots=True)
class Accounting:
    """Adds up a report while the calls are judged; every difference is handed to `found`."""

    report: Report
    young: datetime
    found: Callable[[Finding], None]

    def within(self, at: datetime) -> bool:
        """Whether a call of that time belongs to the period."""
        return self.report.since <= at < self.report.until

    def count(self, what: Literal["matched", "unbilled", "under_way"], used: TokensUsed | None) -> None:
        """A call that needs no word of its own."""
        setattr(self.report, what, getattr(self.report, what) + 1)
        if used is not None and what != "under_way":
            self.report.ledger_usd += used.cost_usd
            self.report.logged_usd += used.cost_usd

    def tell(self, finding: Finding, *, closed: bool) -> None:
        """A difference, and whether nothing will be left of it."""
        report = self.report
        setattr(report, finding.kind, getattr(report, finding.kind) + 1)
        drift = abs(finding.ledger_usd - finding.logged_usd)
        report.ledger_usd += finding.ledger_usd
        report.logged_usd += finding.logged_usd
        report.drift_before_usd += drift
        report.drift_usd += NOTHING if closed else drift
        self.found(finding)
