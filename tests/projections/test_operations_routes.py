"""What operators see and order over HTTP, on the real store and database: no content, and nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from adapters.database_transactions import Pool, one_statement
from adapters.eventstore.store import PostgresEventStore
from application.acting_tenant import acting_for
from application.clock import new_id, now
from domain.access import PLATFORM_TENANT
from domain.refusals import DependencyUnavailable
from projections.orders import RebuildOrders
from projections.transactions import writing
from projections.trouble_reads import TroubleReads
from tests.projections.harness import House

pytestmark = pytest.mark.real
SECRET = "ValidationError: expected int, got 'my mother's maiden name'"
PARK = """
INSERT INTO projections.parked_events (name, generation, stream, lane, position, version, topic, error)
VALUES (%s, %s, %s, 0, 7, 1, 'turn.started.1', %s)"""


async def overview(house: House) -> dict[str, Any]:
    answer = await house.operator("GET", "/v1/operations")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_operators_see_how_far_read_models_are_and_rebuild_them(house: House, worker: Pool) -> None:
    before = await house.session(turns=2)
    behind = {model["name"]: model for model in (await overview(house))["read_models"]}
    assert behind["costs"]["lag_events"] > 0 and behind["costs"]["lag_seconds"] >= 0
    await house.feed()
    fed = {model["name"]: model for model in (await overview(house))["read_models"]}
    assert {"session_view", "costs", "audit"} <= fed.keys()
    assert fed["costs"]["lag_events"] == 0 and fed["costs"]["rebuild"] is None
    assert before not in str(fed)


async def test_what_is_parked_or_tampered_with_is_known_by_tenant(house: House, worker: Pool, pool: Pool) -> None:
    tenants = [new_id() for _ in range(2)]
    async with writing(worker) as connection:
        for name, session in (("session_view", new_id()), ("session_view", new_id())):
            stream = f"{tenants[0]}/session/{session}"
            await connection.execute(PARK, (name, house.followers[0].generation, stream, SECRET))
        for tenant, ok in ((tenants[0], True), (tenants[1], False)):
            checked = (tenant, ok, now(), 7, "detail", "[]")
            await connection.execute("INSERT INTO audit_checks VALUES (%s, %s, %s, %s, %s, %s)", checked)
    with acting_for(PLATFORM_TENANT):
        found = await TroubleReads([pool]).known()
    known = [(one.tenant, one.cause) for one in found if one.tenant in tenants]
    assert sorted(known) == sorted([(tenants[0], "facts_parked"), (tenants[1], "tampering_found")])


async def test_a_rebuild_that_is_ordered_is_done_once_and_says_what_came_of_it(house: House, worker: Pool) -> None:
    for _ in range(2):
        answer = await house.operator("POST", "/v1/operations/read-models/costs/rebuild")
        assert answer.status_code == 202, "an order that is open already stays as it is"
    for name in ("relay", "nothing"):
        assert (await house.operator("POST", f"/v1/operations/read-models/{name}/rebuild")).status_code == 404

    async def state() -> str:
        models = {model["name"]: model for model in (await overview(house))["read_models"]}
        found: str = models["costs"]["rebuild"]["state"]
        return found

    assert await state() == "waiting"
    stop, begun, goes = asyncio.Event(), asyncio.Event(), asyncio.Event()
    refusals = [DependencyUnavailable("costs is being rebuilt.")]

    async def rebuild(_: asyncio.Event) -> int:
        begun.set()
        await goes.wait()
        goes.clear()
        if refusals:
            raise refusals.pop()
        return 2

    def one_round() -> None:
        stop.set()  # it stops after the order that it is at

    orders = RebuildOrders(worker, "costs", rebuild)
    async with asyncio.timeout(20):
        for outcome in ("failed", "done"):
            stop.clear()
            begun.clear()
            running = asyncio.create_task(orders.run(stop, one_round))
            await begun.wait()
            assert await state() == "running"
            goes.set()
            await running
            assert await state() == outcome
            await house.operator("POST", "/v1/operations/read-models/costs/rebuild")


async def test_what_is_parked_is_listed_without_content_and_tried_again_when_asked(house: House, worker: Pool) -> None:
    streams = sorted([house.stream(await house.session(turns=1)) for _ in range(3)])
    await house.feed()
    view = house.followers[0]
    async with writing(worker) as connection:
        for stream in streams:
            await connection.execute(PARK, ("session_view", view.generation, stream, SECRET))
    listed: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": 2}
    while True:
        page = (await house.operator("GET", "/v1/operations/parked", params=asked)).json()
        listed += page["parked"]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    ours = [one for one in listed if one["stream"] in streams]
    assert [one["stream"] for one in ours] == streams
    assert {one["reason"] for one in ours} == {"ValidationError"} and "maiden" not in str(listed)
    which = {"name": "session_view", "stream": streams[1]}
    assert (await house.operator("POST", "/v1/operations/parked/retry", json=which)).status_code == 202
    nowhere = {"name": "session_view", "stream": f"{new_id()}/session/{new_id()}"}
    assert (await house.operator("POST", "/v1/operations/parked/retry", json=nowhere)).status_code == 404
    waiting = (await house.operator("GET", "/v1/operations/parked")).json()["parked"]
    assert [one["retry"] and one["retry"]["state"] for one in waiting if one["stream"] == streams[1]] == ["waiting"]
    await view.model.resume(view.generation, 0)
    left = (await house.operator("GET", "/v1/operations/parked")).json()["parked"]
    assert not {one["stream"] for one in left} & set(streams)


async def test_only_operators_in_the_platforms_tenant_see_any_of_it(
    house: House, pool: Pool, store: PostgresEventStore
) -> None:
    for path in ("/v1/operations", "/v1/operations/parked"):
        for role in ("member", "admin", "auditor", "operator"):
            assert (await house.get(path, role)).status_code == 403, "an operator elsewhere is none"
    bad = await house.operator("GET", "/v1/operations/parked", params={"cursor": "x"})
    assert (bad.status_code, bad.json()["code"]) == (400, "invalid_cursor")
    for asked in ("projections.parked('', '', 9)", "projections.place_order('rebuild', 'costs', '', 'x')"):
        async with one_statement(pool) as connection:
            await connection.execute("SELECT set_config('app.tenant', %s, true)", (house.tenant,))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"SELECT {asked}")
            await connection.rollback()
    async with one_statement(pool) as connection:
        await connection.execute("SELECT set_config('app.tenant', %s, true)", (house.tenant,))
        assert await (await connection.execute("SELECT * FROM projections.orders")).fetchall() == []
