"""Tenants in two PostgreSQLs of one installation: each is whole where it is, and nobody else is there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, add_documents, create_tenant, installed
from infra.local.endpoints import installation_environment
from tests.journeys.conftest import ALARMS, GONE, chatting, set_pace
from tests.journeys.test_audit import colloquy, head_over
from tests.journeys.test_failures import back_again, pid_of

pytestmark = pytest.mark.real
MANY = 64
"""Tenants that are made at most until each database has one: that it takes more does not happen (2 in 2^64)."""


@pytest.fixture(scope="module")
def apart() -> Iterator[Installed]:
    """Two databases; the first tenant is in the first, the second in the second."""
    with installed(
        0, {}, databases=2, COLLOQUY_LEASE_S="3", COLLOQUY_DRAIN_S="5", COLLOQUY_AUDIT_ANCHOR_S="2"
    ) as found:
        placed: dict[int, str] = {}
        for n in range(MANY):
            tenant = create_tenant(found, {}, f"tenant {n}")
            placed.setdefault(database_of(found, tenant), tenant)
            if len(placed) == 2:
                break
        found.tenants += [placed[0], placed[1]]
        for tenant in found.tenants:
            add_documents(tenant, DOCUMENTS)
        yield found
        # Nothing asked for a tenant that is not its caller's, or without saying for whom it asks.
        logs = {log.name: log.read_text() for log in (found.data_dir / "log").glob("*.log")}
        unsaid = (*ALARMS, "say for which")
        assert "api.log" in logs and [n for n, text in logs.items() if any(word in text for word in unsaid)] == []


def owners(apart: Installed) -> list[str]:
    environment = installation_environment(apart.data_dir)
    return [environment["COLLOQUY_DATABASE_URL"], *environment["COLLOQUY_LANE_URLS"].split()]


def found_by(url: str, statement: str, *values: Any) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as owner:
        return owner.execute(statement.encode(), values).fetchall()


def database_of(apart: Installed, tenant: str) -> int:
    return int(found_by(owners(apart)[0], "SELECT database FROM tenant_lanes WHERE tenant = %s", tenant)[0][0])


def http_of(apart: Installed, number: int) -> httpx.Client:
    (token,) = apart.tokens(2, ("member", "analyst", "auditor", "admin"))[number : number + 1]
    return httpx.Client(base_url=apart.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


async def until_caught_up(apart: Installed) -> None:
    async with asyncio.timeout(60):
        while True:
            done = await asyncio.to_thread(colloquy, apart, "projections", "status", "--json")
            standings = json.loads(done.stdout)
            assert {standing["lane"] for standing in standings} == {0, 1}
            if not any(standing["lag_events"] or standing["parked"] for standing in standings):
                return


async def test_a_turn_its_costs_its_log_and_its_end_are_in_the_tenants_own_database(apart: Installed) -> None:
    set_pace(apart)
    sessions = []
    for number, token in enumerate(apart.tokens(2)):
        async with chatting(apart, token) as chat:
            await chat.open()
            done = await chat.ask("one", QUESTION)
            assert done["type"] == "turn.completed" and done["citations"], "its documents were read where they are"
            sessions.append(chat.session_id)
        for other, url in enumerate(owners(apart)):
            like = f"{apart.tenants[number]}/%"
            for table, column in (("events_0", "originator_id"), ("stream_keys", "stream")):
                [(facts,)] = found_by(url, f"SELECT count(*) FROM {table} WHERE {column} LIKE %s", like)
                assert (facts > 0) == (other == number)
    await until_caught_up(apart)
    for number, session in enumerate(sessions):
        with http_of(apart, number) as http:
            (turn,) = http.get(f"/v1/sessions/{session}/turns").raise_for_status().json()["turns"]
            assert turn["status"] == "completed"
            summary = http.get("/v1/costs/summary").raise_for_status().json()
            assert float(summary["total_usd"]) > 0
            kinds = {event["kind"] for event in http.get("/v1/audit/events").raise_for_status().json()["events"]}
            assert any(kind.startswith("turn.completed") for kind in kinds)
            assert http.delete(f"/v1/sessions/{session}").status_code in {200, 202, 204}
            assert http.get(f"/v1/sessions/{session}?consistent=true").status_code == 404
        stream = f"{apart.tenants[number]}/session/{session}"
        assert found_by(owners(apart)[number], "SELECT wrapped FROM stream_keys WHERE stream = %s", stream) == [(None,)]
        assert found_by(owners(apart)[1 - number], "SELECT 1 FROM stream_keys WHERE stream = %s", stream) == []


async def test_turns_of_both_go_on_when_their_process_is_killed(apart: Installed) -> None:
    set_pace(apart, token_ms=30)
    tokens, dying = apart.tokens(2), []
    async with asyncio.timeout(60):
        for token in tokens:
            async with chatting(apart, token) as chat:
                await chat.open()
                await chat.send(type="turn.create", id="k", text=QUESTION)
                await chat.until("turn.delta")
                dying.append(chat)
        old = pid_of(apart, "api")
        os.kill(old, signal.SIGKILL)
        set_pace(apart)
        await back_again(apart, old)
        for token, before in zip(tokens, dying, strict=True):
            async with chatting(apart, token) as chat:
                await chat.open(session_id=before.session_id, after_seq=before.frames[-1]["seq"])
                assert (await chat.until("turn.completed", "turn.failed"))["type"] == "turn.completed"


async def test_who_is_in_one_database_does_not_miss_the_other(apart: Installed) -> None:
    """And a process that had them both before it was away has them both again."""
    set_pace(apart)
    away = pid_of(apart, "postgres_1")
    os.kill(away, signal.SIGSTOP)
    try:
        async with asyncio.timeout(30), chatting(apart, apart.tokens(1)[0]) as chat:
            await chat.open()
            assert (await chat.ask("alone", QUESTION))["type"] == "turn.completed"
    finally:
        os.kill(away, signal.SIGCONT)
    async with asyncio.timeout(30), chatting(apart, apart.tokens(2)[1]) as chat:
        while True:
            try:
                await chat.open()
                assert (await chat.ask("again", QUESTION))["type"] == "turn.completed"
                break
            except GONE:
                await asyncio.sleep(0.1)


async def test_read_models_logs_and_ledger_of_both_are_what_they_must_be(apart: Installed) -> None:
    await until_caught_up(apart)
    for number in range(2):
        with http_of(apart, number) as http:
            await asyncio.to_thread(head_over, http, 1)
    models = ("session_view", "costs", "audit")
    asked = [("projections", "verify", model) for model in models]
    *verified, log, ledger, looked = await asyncio.gather(
        *(
            asyncio.to_thread(colloquy, apart, *words, "--json")
            for words in [*asked, ("audit", "verify"), ("reconcile",), ("doctor",)]
        )
    )
    for done in verified:
        assert [json.loads(line)["equal"] for line in done.stdout.splitlines()] == [True, True], done.stderr
    said = json.loads(log.stdout)
    assert (log.returncode, said["ok"]) == (0, True), said["findings"]
    logs = {one["tenant_id"]: one for one in said["logs"]}
    assert len(logs) == len(said["logs"]) and all(logs[tenant]["anchored"] for tenant in apart.tenants)
    assert ledger.returncode == 0, ledger.stdout
    found = [one for one in json.loads(looked.stdout)["findings"] if one["part"] == "postgres"]
    assert {one["verdict"] for one in found} == {"ok"}, found
    assert any(one["said"].startswith("database 1: ") for one in found)
