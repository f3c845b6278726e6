"""Beside a newer program nothing ends: what it tells and nobody here knows is passed over, wherever it stands."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx
import psycopg
import pytest

from adapters.eventstore.store import open_event_store
from adapters.postgres.pool import open_pool
from application.acting_tenant import acting_for
from application.clock import now
from domain.event import Envelope, Event, StreamId
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from infra.local.endpoints import installation_environment
from tests.databases import logins_of
from tests.fakes.plain_key_authority import PlainKeyAuthority
from tests.journeys.conftest import chatting, reading, set_pace

pytestmark = pytest.mark.real
LAST = "SELECT max(originator_version) FROM events_0 WHERE originator_id = %s"


class Pinned(Event, frozen=True, kw_only=True):
    """A topic that is not known here."""

    TOPIC = "session.pinned.9"


class LimitPut(Event, frozen=True, kw_only=True):
    """One of a tenant."""

    TOPIC = "tenant.limit_put.9"


class BudgetOtherwise(Event, frozen=True, kw_only=True):
    """A topic that is known here, with a value that it does not have."""

    TOPIC = "budget.put.1"
    budget: dict[str, str]


async def tell(ours: Installed, stream: str, *events: Event) -> None:
    """Store facts as a newer program would; none is private, so that no key is needed."""
    url = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as owner:
        row = owner.execute(LAST, (stream,)).fetchone()
    assert row is not None
    facts = [
        Envelope(stream=stream, version=version, at=now(), event=event, actor="newer")
        for version, event in enumerate(events, row[0] + 1)
    ]
    logins, authority = logins_of(url), PlainKeyAuthority()
    async with (
        open_pool(logins.app) as pool,
        open_event_store(logins, pool, authority, lanes=1, owner="newer", lease_s=30) as store,
    ):
        with acting_for(StreamId.parse(stream).tenant):
            await store.append(facts)


async def test_sessions_and_tenants_are_read_and_written_past_what_a_newer_program_told(ours: Installed) -> None:
    set_pace(ours)
    tenant = ours.tenants[0]
    async with chatting(ours) as chat:
        await chat.open()
        assert (await chat.ask("before", QUESTION))["type"] == "turn.completed"
        await tell(ours, f"{tenant}/session/{chat.session_id}", Pinned())
        await tell(ours, f"{tenant}/tenant/{tenant}", LimitPut(), BudgetOtherwise(budget={"period": "week"}))
        assert (await chat.ask("after", QUESTION))["type"] == "turn.completed"
        session = chat.session_id
    with reading(ours, "member", "auditor", "analyst", "admin") as http:
        for path in (
            f"/v1/sessions/{session}?consistent=true", f"/v1/sessions/{session}/turns?consistent=true",
            f"/v1/sessions/{session}/export", f"/v1/sessions/{session}/history",
            "/v1/audit/events?order=newest", "/v1/costs/summary", "/v1/budget", "/v1/assistants/default",
        ):  # fmt: skip
            answer = http.get(path)
            assert answer.is_success, f"{path}: {answer.text}"
        changes = http.get(f"/v1/sessions/{session}/changes", params={"limit": 1000}).json()["changes"]
        assert Pinned.TOPIC in {change["kind"] for change in changes}
        turns = http.get(f"/v1/sessions/{session}/turns", params={"consistent": "true"}).json()["turns"]
        assert [turn["status"] for turn in turns] == ["completed", "completed"]
        forked = http.post(f"/v1/sessions/{session}/fork", json={"before_turn": turns[1]["turn_id"]})
        assert forked.status_code == 201, forked.text
    assert verified(ours, "session_view") == ""


async def test_a_server_is_not_ready_before_the_read_models_are_of_its_version(ours: Installed) -> None:
    url = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    older = "UPDATE projections.generations SET layout = layout + %s WHERE name = 'costs' AND live"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner, httpx.AsyncClient() as http:
        await owner.execute(older, (-1,))
        try:
            assert (await ready(http, ours, 503))["layouts"]["detail"] == "of an older version, being built anew: costs"
        finally:
            await owner.execute(older, (1,))
        assert (await ready(http, ours, 200))["layouts"]["status"] == "ok"


async def ready(http: httpx.AsyncClient, ours: Installed, status: int) -> dict[str, dict[str, str]]:
    """The parts of the report that has this status, once it has."""
    async with asyncio.timeout(30):
        while True:
            answer = await http.get(f"{ours.url}/health/ready")
            if answer.status_code == status:
                parts: dict[str, dict[str, str]] = answer.json()["parts"]
                return parts
            await asyncio.sleep(0.2)


def verified(ours: Installed, model: str) -> str:
    """What `projections verify` says against a read model; empty when it is what its facts give."""
    command = [sys.executable, "-m", "api.cli", "projections", "verify", model, "--data-dir", str(ours.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr if done.returncode else ""
