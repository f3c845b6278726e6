"""Who watches is told that money runs low, and the tenant's facts hold it once a period."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec

from application.budget.balance import BudgetThresholdCrossed
from application.sessions import feed_frames as f
from application.tenants.warn_of_budget import TellOfBudget
from domain.tenant.events import BudgetWarned
from tests.application.turns.harness import TENANT, frames_of, house

NEWS = BudgetThresholdCrossed(
    tenant=TENANT, user="", period="2026-11-01", limit_usd=Decimal(10), used_usd=Decimal("8.1"), state="warned"
)


async def test_watchers_are_told_and_the_fact_is_kept_once() -> None:
    async with house() as ours:
        watched, other = await ours.open(), await ours.open("bob")
        watched.watchers = 1
        tell = TellOfBudget(ours.store, ours.sessions, ours.incidents.raising)
        tell(NEWS)
        await asyncio.gather(*tell.tasks)
        tell(NEWS)
        await asyncio.gather(*tell.tasks)
        (frame, _) = frames_of(watched, f.BudgetUpdated)
        assert isinstance(frame, f.BudgetUpdated) and (frame.state, frame.used_usd) == ("warned", "8.1")
        assert not frames_of(other, f.BudgetUpdated)
        kept = await ours.store.load(f"{TENANT}/tenant/{TENANT}")
        assert [type(envelope.event) for envelope in kept] == [BudgetWarned]


async def test_a_budget_that_is_used_up_is_an_incident_and_a_users_own_is_not() -> None:
    async with house() as ours:
        tell = TellOfBudget(ours.store, ours.sessions, ours.incidents.raising)
        for news in (NEWS, msgspec.structs.replace(NEWS, user="ada", state="out")):
            tell(news)
        await asyncio.gather(*tell.tasks)
        await ours.incidents.settled()
        assert not ours.incidents.register.rows
        tell(msgspec.structs.replace(NEWS, state="out"))
        await asyncio.gather(*tell.tasks)
        await ours.incidents.settled()
        (row,) = ours.incidents.register.rows.values()
        assert (row.raised.cause, row.raised.raised_by, row.raised.session_id) == ("budget_out", "policy", "")
