"""What checks of logs came to, kept for those who look, and how the anchoring stands, as metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
from prometheus_client import Gauge

from application.clock import Moment, now
from projections.audit_tree.verification import LogVerdict
from projections.transactions import Pool, looking, rows, writing

MOST_KEPT = 100
"""Findings of a tenant that are kept; `colloquy audit verify` names all."""

KEEP = """
INSERT INTO public.audit_checks (tenant, ok, at, tree_size, detail, findings) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant) DO UPDATE SET ok = excluded.ok, at = excluded.at, tree_size = excluded.tree_size,
  detail = excluded.detail, findings = excluded.findings"""
STANDING = "SELECT anchors, age_s, verified, not_verified, oldest_check_s FROM public.audit_standing()"

ANCHORS = Gauge("colloquy_audit_anchors", "Signed heads of audit trees that were anchored outside the database")
AGE = Gauge("colloquy_audit_anchor_age_seconds", "Since when there may be something that is not anchored")
LOGS = Gauge("colloquy_audit_logs", "Tenants' logs by what the last check of each said", ["state"])
CHECK_AGE = Gauge("colloquy_audit_check_age_seconds", "Age of the oldest of these checks")


async def keep_checks(pool: Pool, verdicts: Sequence[LogVerdict], clock: Moment = now) -> None:
    """Write down what a check came to, now."""
    at = clock()
    async with writing(pool) as connection, connection.cursor() as cursor:
        await cursor.executemany(KEEP, [_row(verdict, at) for verdict in verdicts])


def _row(verdict: LogVerdict, at: object) -> tuple[object, ...]:
    findings = [msgspec.to_builtins(finding) for finding in verdict.findings[:MOST_KEPT]]
    return verdict.tenant_id, verdict.ok, at, verdict.tree_size, in_words(verdict), json.dumps(findings)


def in_words(verdict: LogVerdict) -> str:
    """For people."""
    beside = "" if verdict.anchored is None else f"; {verdict.anchored} of them are anchored outside the database"
    if verdict.ok:
        return f"{verdict.events} facts were read, and {verdict.tree_size} of them are under a signed head{beside}."
    first = verdict.findings[0]
    more = f", and {len(verdict.findings) - 1} more" if len(verdict.findings) > 1 else ""
    what = first.where.replace("_", " ")
    return f"{first.kind}: the {what} at position {first.position} of {first.stream}{more}."


async def refresh_standing(pools: Sequence[Pool]) -> None:
    """Set the metrics: of all databases together, and as old as the oldest."""
    found = []
    for pool in pools:
        async with looking(pool) as connection:
            found += await rows(connection, STANDING)
    ANCHORS.set(sum(one["anchors"] for one in found))
    AGE.set(max(one["age_s"] or 0 for one in found))
    LOGS.labels("verified").set(sum(one["verified"] for one in found))
    LOGS.labels("not verified").set(sum(one["not_verified"] for one in found))
    CHECK_AGE.set(max(one["oldest_check_s"] or 0 for one in found))
