"""A tenant's own price: from a date on, back-dated too, each call corrected once and never an estimate."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from application.clock import new_id
from application.reconciliation.reprice import Reprice, Repriced, agree_on_price
from domain.event import Event
from domain.model_calls import ModelCallStarted, TokensCorrected, TokensUsed, settle
from domain.models import Price
from domain.refusals import InvalidField, NotFound
from domain.tenant import rules
from domain.tenant.budget import AgreedPrice
from domain.tenant.events import TenantCreated
from domain.tenant.state import Tenant
from domain.usage import Usage, cost_of
from tests.application.reconciliation.test_reconcile import END, NOON, SONNET, START, World

OURS = Price(Decimal("2.4"), Decimal(12), Decimal("0.24"), Decimal(3), Decimal("4.8"))
USED = Usage(1_003, 217, 411, 90, 30)


def agreed(since: Any = NOON, model: str = "sonnet", price: Price = OURS) -> AgreedPrice:
    return AgreedPrice(model=model, since=since, price=price)


@pytest.fixture
async def world() -> World:
    made = World()
    await made.put("acme/tenant/acme", START, TenantCreated(name="Acme"))
    return made


async def run(world: World, **wishes: Any) -> Repriced:
    return await Reprice(world.store)(START, END, **wishes)


def standing(world: World) -> list[tuple[str, Decimal, str]]:
    found = world.facts(TokensCorrected)
    return [(fact.call_id, fact.cost_usd, fact.reason) for fact in found]


async def test_calls_since_the_date_are_brought_to_the_price_once(world: World) -> None:
    await world.call(USED, logged=USED, at=NOON - timedelta(seconds=1))
    one = await world.call(USED, logged=USED, at=NOON)
    other = await world.call(USED, logged=USED, at=NOON, stream=f"globex/session/{new_id()}")
    await world.call(USED, logged=None, at=NOON, estimated=True)
    await agree_on_price(world.store, "acme", agreed())
    dry = await run(world, apply=False)
    assert (dry.calls, dry.waiting, standing(world)) == (1, 1, [])
    done = await run(world)
    assert standing(world) == [(one.call_id, cost_of(SONNET, USED, OURS), "price")]
    assert (done.old_usd, done.new_usd) == (cost_of(SONNET, USED), cost_of(SONNET, USED, OURS))
    assert (await run(world)).calls == 0
    assert other.call_id not in {id for id, _, _ in standing(world)}
    (fact,) = world.facts(TokensCorrected)
    assert (fact.old_cost_usd, fact.usage, fact.price_version) == (cost_of(SONNET, USED), USED, "agreed-2026-11-03")


async def test_what_the_log_counts_later_costs_the_price_that_holds(world: World) -> None:
    await world.call(USED, logged=Usage(2_000, 5), at=NOON)
    await agree_on_price(world.store, "acme", agreed())
    await run(world)
    await world.reconcile()
    assert world.facts(TokensCorrected)[-1].cost_usd == cost_of(SONNET, Usage(2_000, 5), OURS)
    assert ((await run(world)).calls, (await world.reconcile()).matched) == (0, 1)


async def test_an_estimate_is_brought_to_it_when_it_has_been_counted(world: World) -> None:
    await world.call(USED, logged=Usage(7, 7), at=NOON, estimated=True)
    await agree_on_price(world.store, "acme", agreed())
    assert (await run(world)).waiting == 1
    await world.reconcile()
    assert ((await run(world)).calls, (await run(world)).calls) == (1, 0)
    assert world.facts(TokensCorrected)[-1].cost_usd == cost_of(SONNET, Usage(7, 7), OURS)


async def test_a_price_is_the_latest_of_its_model_and_may_be_put_right(world: World) -> None:
    dearer = msgspec.structs.replace(OURS, output=Decimal(13))
    tenant = Tenant(name="Acme", prices=(agreed(START), agreed(NOON), agreed(NOON, SONNET, dearer)))
    own = [rules.price_at(tenant, SONNET, START + timedelta(hours=hours)) for hours in (-1, 0, 11, 12)]
    assert own == [None, agreed(START), agreed(START), agreed(NOON, SONNET, dearer)]
    await world.call(USED, logged=USED, at=NOON)
    for price in (OURS, dearer):
        await agree_on_price(world.store, "acme", agreed(price=price))
        assert (await run(world)).calls == 1
    assert standing(world)[-1][1] == cost_of(SONNET, USED, dearer)


async def test_what_is_no_price_is_refused(world: World) -> None:
    with pytest.raises(InvalidField):
        await agree_on_price(world.store, "acme", agreed(price=msgspec.structs.replace(OURS, input=Decimal(-1))))
    with pytest.raises(NotFound):
        await agree_on_price(world.store, "nobody", agreed())
    facts: list[Event] = world.facts(TokensCorrected)
    assert facts == []


async def test_a_call_that_left_at_the_price_needs_no_correction_and_is_counted_at_it(world: World) -> None:
    await agree_on_price(world.store, "acme", agreed())
    own: dict[str, Any] = {"agreed": OURS, "price_version": agreed().version}
    stream = f"acme/session/{new_id()}"
    for estimated in (False, True):
        started = ModelCallStarted(call_id=new_id(), step="answer", model=SONNET, user="ada", **own)
        used = settle(started, USED, estimated=estimated)
        assert (used.cost_usd, used.price_version) == (cost_of(SONNET, USED, OURS), "agreed-2026-11-03")
        await world.put(stream, NOON, started, used)
        world.log(
            Usage(7, 7) if estimated else USED, at=NOON, metadata={"call_id": started.call_id, "tenant_id": "acme"}
        )
    lost = ModelCallStarted(call_id=new_id(), step="answer", model=SONNET, user="ada", **own)
    await world.put(stream, NOON, lost)
    assert (await run(world)).calls == 0
    await world.reconcile()
    (fact,) = world.facts(TokensCorrected)
    assert (fact.cost_usd, fact.reason, fact.agreed) == (cost_of(SONNET, Usage(7, 7), OURS), "estimate", OURS)
    assert world.facts(TokensUsed)[-1].agreed == OURS
    assert (await run(world)).calls == 0
