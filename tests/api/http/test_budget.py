"""Admins set what their tenant may use, whole, and see what of it is used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from application.budget.budget_gate import BudgetGate
from application.clock import now
from application.tenants.put_budget import PutBudgetHandler
from domain.tenant.budget import Budget
from tests.api.harness import asgi, bearer, make_services, operator, replaced
from tests.fakes.fixed_spending import FixedSpending
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_reservations import InMemoryReservations

DEFAULTS = {"limit_usd": None, "tokens_per_minute": None, "requests_per_minute": 300, "concurrent_turns": 5}


class House:
    """An app with a budget gate, one tenant, and its admin."""

    def __init__(self, data_dir: Path) -> None:
        given = make_services(data_dir)
        tenants, self.spending = given.tenants.known, FixedSpending()
        self.services = replaced(
            given,
            put_budget=PutBudgetHandler(given.store, tenants),
            budgets=BudgetGate(tenants, given.edge.admission, InMemoryReservations(now=now()), self.spending),
        )
        self.client = httpx.AsyncClient(transport=asgi(self.services), base_url="http://colloquy")
        self.tenant, self.admin = "", {"": ""}

    async def open(self) -> None:
        made = await self.client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(self.services))
        self.tenant = made.json()["tenant_id"]
        self.admin = bearer(self.services, ["admin"], self.tenant)

    async def put(self, **body: Any) -> httpx.Response:
        return await self.client.put("/v1/budget", json=body, headers=self.admin)

    async def get(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get("/v1/budget", headers=self.admin)).json()
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    found = House(tmp_path)
    await found.open()
    yield found
    await found.client.aclose()


async def test_a_tenant_begins_with_the_installations_limits(house: House) -> None:
    shown = await house.get()
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS
    assert (shown["period"], shown["used_usd"], shown["reserved_usd"]) == ("month", "0", "0")
    assert set(shown["per_user"].values()) == {None}
    assert shown["period_start"] < shown["period_end"] and shown["period_start"].endswith("-01T00:00:00.000Z")


@pytest.mark.parametrize("typed", ["12.50", 12.5, "1.25e1"])
async def test_money_is_text_or_a_number_and_shown_as_text(house: House, typed: Any) -> None:
    house.spending.add(house.tenant, "ada", "c1", Decimal("1.20"))
    answer = await house.put(period="day", limit_usd=typed, per_user={"limit_usd": 1})
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["limit_usd"], shown["period"], shown["used_usd"]) == ("12.5", "day", "1.2")
    assert shown["per_user"]["limit_usd"] == "1"
    assert await house.get() == shown


async def test_a_put_replaces_the_whole(house: House) -> None:
    await house.put(limit_usd="5", tokens_per_minute=1000, concurrent_turns=3, per_user={"requests_per_minute": 4})
    answer = await house.put(requests_per_minute=9)
    assert {name: answer.json()[name] for name in DEFAULTS} == DEFAULTS | {"requests_per_minute": 9}
    assert (await house.services.tenants.known.settings(house.tenant)).budget == Budget(requests_per_minute=9)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"limit_usd": "0"}, "limit_usd"),
        ({"limit_usd": -1}, "limit_usd"),
        ({"limit_usd": "NaN"}, "limit_usd"),
        ({"limit_usd": "Infinity"}, "limit_usd"),
        ({"limit_usd": "1e400"}, "limit_usd"),
        ({"limit_usd": "1e-10"}, "limit_usd"),
        ({"limit_usd": "much"}, "limit_usd"),
        ({"limit_usd": True}, "limit_usd"),
        ({"period": "year"}, "period"),
        ({"tokens_per_minute": 0}, "tokens_per_minute"),
        ({"requests_per_minute": 1.5}, "requests_per_minute"),
        ({"concurrent_turns": 10**30}, "concurrent_turns"),
        ({"per_user": {"concurrent_turns": -1}}, "per_user.concurrent_turns"),
        ({"per_user": {"limit_usd": "0"}}, "per_user.limit_usd"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_by_its_name(house: House, body: dict[str, Any], named: str) -> None:
    answer = await house.client.put("/v1/budget", content=msgspec.json.encode(body), headers=house.admin)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_field" and named in answer.json()["detail"]
    assert (await house.services.tenants.known.settings(house.tenant)).budget == Budget()


async def test_one_that_is_so_already_is_no_new_fact(house: House) -> None:
    for _ in range(2):
        await house.put(limit_usd="5")
    assert isinstance(house.services.store, InMemoryEventStore)
    facts = await house.services.store.load(f"{house.tenant}/tenant/{house.tenant}")
    assert [type(fact.event).TOPIC for fact in facts] == ["tenant.created.1", "budget.put.1"]


async def test_while_nobody_can_tell_what_was_used_the_budget_is_shown(house: House) -> None:
    house.spending.away = True
    answer = await house.put(limit_usd="5")
    assert answer.status_code == 200
    assert (answer.json()["limit_usd"], answer.json()["used_usd"]) == ("5", None)


async def test_only_admins_see_and_set_it(house: House) -> None:
    for role in ("member", "editor", "analyst", "auditor"):
        headers = bearer(house.services, [role], house.tenant)
        assert (await house.client.get("/v1/budget", headers=headers)).status_code == 403
        assert (await house.client.put("/v1/budget", json={}, headers=headers)).status_code == 403
