"""The background work on audit trees: grown, signed and anchored again and again; checked now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from application.clock import Seconds, monotonic
from application.tasks import Loops, Up, pause
from domain.refusals import DependencyUnavailable
from projections.audit_tree.anchoring import Anchoring
from projections.audit_tree.checks import in_words, keep_checks
from projections.audit_tree.growth import TreeDamaged, TreeGrowth
from projections.audit_tree.verification import Verification
from projections.leadership import leadership
from projections.transactions import Pool, looking, rows

LOOK_S = 2.0
"""How soon a new tenant's first head is signed."""
SHARE = 0.05
"""Of the time that a process may check logs: a long log is checked less often."""

NEW = """
SELECT EXISTS (SELECT FROM public.tenant_keys k WHERE NOT EXISTS (
  SELECT FROM public.audit_heads h WHERE h.tenant = k.tenant)) AS found"""

log = structlog.get_logger()


class AuditJob:
    """Any number may run: one process leads each of the two."""

    def __init__(
        self,
        pool: Pool,
        database_url: str,
        growth: TreeGrowth,
        anchoring: Anchoring,
        verification: Verification,
        *,
        lanes: int,
        anchor_s: float,
        clock: Seconds = monotonic,
    ) -> None:
        self._pool, self._url, self._lanes, self._anchor_s = pool, database_url, lanes, anchor_s
        self._growth, self._anchoring, self._verification, self._clock = growth, anchoring, verification, clock

    def keep(self, loops: Loops) -> None:
        """Let it run in these loops until they stop."""
        loops.keep("audit_anchors", lambda up: self._lead("audit-anchors", loops.stop, up, self._anchor))
        loops.keep("audit_checks", lambda up: self._lead("audit-checks", loops.stop, up, self._check))

    async def _lead(
        self, what: str, stop: asyncio.Event, up: Up, work: Callable[[asyncio.Event], Awaitable[None]]
    ) -> None:
        while not stop.is_set():
            async with leadership(self._url, what, stop) as leader:
                while leader and not stop.is_set():
                    await leader.check()
                    await work(stop)
                    up()

    async def _anchor(self, stop: asyncio.Event) -> None:
        """A round, and the time until the next."""
        began = self._clock()
        await self.round()
        while not stop.is_set() and self._clock() - began < self._anchor_s:
            await pause(stop, min(LOOK_S, max(0.0, self._anchor_s - (self._clock() - began))))
            async with looking(self._pool) as connection:
                if (await rows(connection, NEW))[0]["found"]:
                    return

    async def round(self) -> None:
        """Grow the trees, sign their heads, bring them out. What was damaged stops its lane and sounds the alarm."""
        for lane in range(self._lanes):
            try:
                await self._growth.grow(lane)
            except TreeDamaged as error:
                log.critical("audit_tree_damaged", lane=lane, reason=str(error))
        await self._anchoring.bring_out()

    async def _check(self, stop: asyncio.Event) -> None:
        began = self._clock()
        try:
            await self.check()
        except DependencyUnavailable as error:
            log.warning("audit_check_postponed", reason=error.detail)
        took = self._clock() - began
        await pause(stop, max(self._anchor_s, took / SHARE))

    async def check(self) -> None:
        """Check all logs, and keep what that came to."""
        verdicts = await self._verification.check()
        await keep_checks(self._pool, verdicts)
        for verdict in verdicts:
            if not verdict.ok:
                log.critical("audit_log_not_verified", tenant=verdict.tenant_id, reason=in_words(verdict))
