"""What operators ask of the process that projects: placed by any process, done by one of those that project."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import structlog

from application.tasks import TaskSet, Up, Work, idle, pause
from domain.access import PLATFORM_TENANT
from domain.refusals import Overloaded, Refusal
from projections.transactions import Pool, placing, reading, rows, writing

What = Literal["rebuild", "retry"]
LOOK_S = 1.0
BEAT_S = 5.0
SILENT = "30 seconds"
"""After so long without a beat its worker is taken for dead."""

TAKE = """
UPDATE projections.orders SET beat_at = now() WHERE id = (
  SELECT id FROM projections.orders WHERE what = 'rebuild' AND name = %s AND ended_at IS NULL
    AND (beat_at IS NULL OR beat_at < now() - %s::interval)
  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"""
BEAT = "UPDATE projections.orders SET beat_at = now() WHERE id = %s"
END = "UPDATE projections.orders SET ended_at = now(), outcome = %s WHERE id = %s"
RECENT = """
SELECT DISTINCT ON (what, name, stream) what, name, stream, asked_at, beat_at, ended_at, outcome
FROM projections.orders ORDER BY what, name, stream, id DESC LIMIT 500"""

UNDONE = ("waiting", "running", "failed", "done")
log = structlog.get_logger()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The latest order of its kind: open until `ended_at`; then `outcome` is `done`, or why it was not."""

    what: What
    name: str
    stream: str
    asked_at: datetime
    beat_at: datetime | None
    ended_at: datetime | None
    outcome: str

    @property
    def state(self) -> Literal["waiting", "running", "done", "failed"]:
        """How far it is."""
        if self.ended_at:
            return "done" if self.outcome == "done" else "failed"
        return "running" if self.beat_at else "waiting"


async def place(pool: Pool, what: What, name: str, by: str, stream: str = "") -> None:
    """Place an order, as an operator; one that is open already stays as it is. `Overloaded` when too many wait."""
    async with placing(pool, PLATFORM_TENANT) as connection:
        found = await rows(connection, "SELECT projections.place_order(%s, %s, %s, %s) AS id", (what, name, stream, by))
    if found[0]["id"] is None:
        raise Overloaded("Many orders wait already; try again when some are done.", retry_after_s=10)
    log.info("order_placed", what=what, projection=name, by=by)


async def recent(pool: Pool) -> list[Order]:
    """The latest of each kind, for operators."""
    async with reading(pool, PLATFORM_TENANT) as connection:
        return [Order(**row) for row in await rows(connection, RECENT)]


async def recent_of_all(pools: Sequence[Pool]) -> list[Order]:
    """The same where each database has its own: of one kind that which is furthest from its end."""
    found: dict[tuple[str, str, str], Order] = {}
    for pool in pools:
        for order in await recent(pool):
            kind = (order.what, order.name, order.stream)
            if kind not in found or UNDONE.index(order.state) < UNDONE.index(found[kind].state):
                found[kind] = order
    return list(found.values())


class RebuildOrders:
    """Sees to it that a read model is built anew when an operator asks. Any number may run: one takes each order."""

    def __init__(self, pool: Pool, name: str, rebuild: Callable[[asyncio.Event], Work[int]]) -> None:
        self._pool, self._name, self._rebuild = pool, name, rebuild

    async def run(self, stop: asyncio.Event, up: Up = idle) -> None:
        """Look for orders until `stop`."""
        while not stop.is_set():
            async with writing(self._pool) as connection:
                taken = await rows(connection, TAKE, (self._name, SILENT))
            if taken:
                await self._do(taken[0]["id"], stop)
            up()
            await pause(stop, LOOK_S)

    async def _do(self, id: int, stop: asyncio.Event) -> None:
        tasks = TaskSet("rebuild_order")
        work = tasks.start_awaited(self._rebuild(stop))
        try:
            while not work.done():
                await tasks.join(BEAT_S)
                await self._note(BEAT, (id,))
        finally:
            await tasks.end()
        try:
            await work
        except Refusal as refusal:
            outcome = refusal.detail
        except Exception as error:  # an order that cannot be done is no reason to stop looking for others
            log.error("rebuild_failed", projection=self._name, error=type(error).__name__)
            outcome = type(error).__name__
        else:
            outcome = "done"
        await self._note(END, (outcome[:500], id))

    async def _note(self, sql: str, parameters: tuple[object, ...]) -> None:
        async with writing(self._pool) as connection:
            await connection.execute(sql, parameters)
