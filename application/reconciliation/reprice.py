"""A tenant's own prices: agreed from a date on, which may lie in the past, and brought to the calls they hold for."""

from __future__ import annotations

from collections import defaultdict
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec

from application.execute import TENANT, Aggregate, Context, LoadedAggregate, execute
from application.ports.facts.event_store import EventStore, OpenedLog
from application.reconciliation.call_events import read_call_facts
from application.reconciliation.report import Report
from domain.event import StreamId
from domain.ids import MAX_POSITION
from domain.model_calls import Calls, ModelCallStarted, TokensCorrected, evolve_calls, reprice
from domain.refusals import InvalidField
from domain.tenant import rules
from domain.tenant.budget import AgreedPrice
from domain.tenant.state import Tenant

CALLS = Aggregate(Calls, evolve_calls)
BY = "reconcile"
MOST_USD = Decimal(10_000)


class Repriced(msgspec.Struct, kw_only=True):
    """How many calls were brought to their tenant's own price, and what they had cost and cost now (US dollars).
    `damaged` facts could not be read, and `waiting` calls are estimated: they are brought to it once counted."""

    calls: int = 0
    old_usd: Decimal = Decimal(0)
    new_usd: Decimal = Decimal(0)
    damaged: int = 0
    waiting: int = 0


async def agree_on_price(store: EventStore, tenant: str, agreed: AgreedPrice) -> None:
    """Store what the tenant pays from a date on. `NotFound` when there is no such tenant, `InvalidField` when it is no
    price."""
    if not all(0 <= amount <= MOST_USD for amount in msgspec.structs.astuple(agreed.price)):
        raise InvalidField(f"price: from 0 to {MOST_USD} USD for a million tokens")
    stream = f"{tenant}/tenant/{tenant}"
    await execute(store, stream, TENANT, lambda held: rules.agree_on_price(held, agreed), Context(BY))


@dataclass(frozen=True, slots=True)
class Reprice:
    """Corrects calls that stand at another price than the one that holds for their tenant. What is stored goes to the
    streams that made the calls, once however often it runs; a call that is estimated waits until it is counted."""

    store: OpenedLog
    lanes: int = 1

    async def __call__(self, since: datetime, until: datetime, *, tenant: str = "", apply: bool = True) -> Repriced:
        """The calls that left with `since <= at < until`, of one tenant or (empty) of all."""
        done, damage = Repriced(), Report(since=since, until=until, applied=apply)
        for stream, prices in (await self._started(since, until, tenant, damage)).items():
            await self._bring(stream, prices, done, apply=apply)
        done.damaged = damage.damaged
        return done

    async def _started(
        self, since: datetime, until: datetime, tenant: str, damage: Report
    ) -> dict[str, dict[str, AgreedPrice]]:
        """By stream, the calls for which a price of their tenant's own holds."""
        found: defaultdict[str, dict[str, AgreedPrice]] = defaultdict(dict)
        tenants: dict[str, Tenant] = {}
        async with aclosing(read_call_facts(self.store, self.lanes, since, until, damage.miss)) as facts:
            async for fact in facts:
                whose = StreamId.parse(fact.stream).tenant
                if not isinstance(fact.event, ModelCallStarted) or tenant not in ("", whose):
                    continue
                if whose not in tenants:
                    tenants[whose] = await self._tenant(whose)
                if price := rules.price_at(tenants[whose], fact.event.model, fact.at):
                    found[fact.stream][fact.event.call_id] = price
        return found

    async def _tenant(self, id: str) -> Tenant:
        held = LoadedAggregate(self.store, f"{id}/tenant/{id}", TENANT)
        await held.catch_up()
        return held.state

    async def _bring(self, stream: str, prices: dict[str, AgreedPrice], done: Repriced, *, apply: bool) -> None:
        held = LoadedAggregate(self.store, stream, CALLS)
        for envelope in await self.store.load(stream, upto=MAX_POSITION):  # a snapshot would hide the facts it covers
            held.state, held.version = evolve_calls(held.state, envelope.event), envelope.version

        def corrections(calls: Calls) -> list[TokensCorrected]:
            return [fact for id, own in prices.items() for fact in reprice(calls.by_id[id], own.price, own.version)]

        for fact in corrections(held.state):
            done.calls += 1
            done.old_usd += fact.old_cost_usd
            done.new_usd += fact.cost_usd
        done.waiting += sum(1 for id in prices if (used := held.state.by_id[id].standing) is None or used.estimated)
        if apply:
            await held.execute(corrections, Context(BY))
