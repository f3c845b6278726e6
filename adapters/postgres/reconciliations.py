"""What the last comparison of the whole ledger with the provider's log came to, kept and shown as metrics."""

from __future__ import annotations

from prometheus_client import Gauge

from adapters.database_transactions import Pool, one_statement
from application.clock import now
from application.reconciliation.report import Report

NOTE = "SELECT note_reconciliation(%s, %s, %s, %s)"
LAST = "SELECT until_s, found_usd, left_usd, unexplained FROM last_reconciliation()"

AGE = Gauge(
    "colloquy_reconciled_age_seconds", "How long ago the calls end that were reconciled last; 0: none ever were"
)
FOUND = Gauge("colloquy_reconciled_found_usd", "By how much ledger and provider's log differed then")
LEFT = Gauge("colloquy_reconciled_left_usd", "By how much they still did afterwards")
UNEXPLAINED = Gauge(
    "colloquy_reconciled_unexplained_calls", "Calls that only one of the two knew, or that were damaged"
)


async def keep_report(worker: Pool, report: Report) -> None:
    """Write down what a run came to, if it was of all tenants."""
    if report.tenant:
        return
    unexplained = report.missing + report.extra + report.damaged
    async with one_statement(worker) as connection:
        await connection.execute(NOTE, (report.until, report.drift_before_usd, report.drift_usd, unexplained))


async def refresh_reconciled(pool: Pool) -> None:
    """Set the metrics."""
    async with one_statement(pool) as connection:
        row = await (await connection.execute(LAST)).fetchone()
    if row is not None:
        until_s, *rest = row
        AGE.set(now().timestamp() - until_s)
        for gauge, value in zip((FOUND, LEFT, UNEXPLAINED), rest, strict=True):
            gauge.set(value)
