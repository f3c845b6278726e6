"""A tenant's login for reports: its tenant's costs to the last digit, also after a rebuild, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.postgres.bi_logins import drop_bi_login, put_bi_login
from adapters.postgres.pool import open_pool
from application.acting_tenant import EVERY, acting_for
from application.clock import new_id
from domain.refusals import NotFound
from domain.session.events import SessionOpened
from projections.costs import Costs
from tests.databases import logins_of, worker_of
from tests.fakes.in_memory_user_names import users_on
from tests.fakes.plain_key_authority import PlainKeyAuthority
from tests.projections.histories import ADA, Writer, used
from tests.projections.test_read_models import caught_up

pytestmark = pytest.mark.real
FORBIDDEN = (
    "CREATE TABLE bi.mine ()",
    "DELETE FROM bi.costs",
    "SELECT * FROM public.bi_logins",
    "SET ROLE colloquy_app",
)


async def costs_of(store: PostgresEventStore, tenants: dict[str, int]) -> dict[str, Decimal]:
    """So many calls of each tenant; what they cost."""
    totals = dict.fromkeys(tenants, Decimal(0))
    for tenant, calls in tenants.items():
        await store.vault.create_tenant_key(tenant)
        for number in range(calls):
            call = used(new_id(), tokens=100 + number)
            opened = SessionOpened(user=ADA, assistant="helper")
            await Writer(store).append(f"{tenant}/session/{new_id()}", [opened, call])
            totals[tenant] += call.cost_usd  # type: ignore[attr-defined]
    return totals


async def test_a_login_sees_its_own_tenants_costs_and_nothing_else(database: str) -> None:
    logins, (mine, other) = logins_of(database), (new_id(), new_id())
    with acting_for(EVERY):
        async with (
            open_pool(logins.app) as pool,
            open_pool(worker_of(database)) as worker,
            open_event_store(logins, pool, PlainKeyAuthority(), lanes=1, owner="t", lease_s=30, worker=worker) as store,
        ):
            totals = await costs_of(store, {mine: 3, other: 2})
            model = Costs(store, worker, users_on(store.vault, store))
            await caught_up(store, worker, model)
            url = put_bi_login(database, mine, rotate=False)
            assert seen(url) == (totals[mine], 3)
            await caught_up(store, worker, model)  # another generation is live
            assert seen(url) == (totals[mine], 3)
    with psycopg.connect(url, autocommit=True) as login:
        assert login.execute("SELECT sum(cost_usd), sum(n) FROM cost_hours WHERE kind = 'call'").fetchone() == (
            totals[mine],
            3,
        )
        for view in ("costs", "cost_hours WHERE kind = 'call'"):
            of_each = login.execute(f"SELECT assistant, sum(cost_usd) FROM {view} GROUP BY 1").fetchall()
            assert of_each == [("helper", totals[mine])], view
        login.execute("SET default_transaction_read_only = off")
        login.execute("SELECT set_config('app.tenant', %s, false)", (other,))
        assert login.execute("SELECT count(*) FROM bi.costs").fetchone() == (3,)
        reachable = login.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'p', 'v', 'm')"
            " AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')"
        ).fetchall()
        assert {name.removeprefix("bi.") for (name,) in reachable} <= {"costs", "cost_hours"}
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(statement)


def seen(url: str) -> tuple[Decimal, int]:
    with psycopg.connect(url) as login:
        [(total, lines)] = login.execute("SELECT sum(cost_usd), count(*) FROM costs").fetchall()
    return total, lines


def test_logins_are_made_once_rotated_and_dropped(database: str) -> None:
    tenant = new_id()
    with pytest.raises(NotFound):
        put_bi_login(database, tenant, rotate=False)
    with psycopg.connect(database) as owner:
        owner.execute("INSERT INTO tenant_keys VALUES (%s, '')", (tenant,))
    with pytest.raises(ValueError, match="create"):
        put_bi_login(database, tenant, rotate=True)
    first = put_bi_login(database, tenant, rotate=False)
    with pytest.raises(ValueError, match="rotate"):
        put_bi_login(database, tenant, rotate=False)
    second = put_bi_login(database, tenant, rotate=True)
    assert first != second
    psycopg.connect(second).close()
    assert drop_bi_login(database, tenant)
    assert not drop_bi_login(database, tenant)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second)
