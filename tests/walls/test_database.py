"""Two walls in the database: each is taken away in turn, the other holds, and something turns red."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.database_login import REFUSED, Login, UnsafeLogin
from adapters.database_transactions import one_statement
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.pool import check_if_idle, open_pool
from adapters.postgres.searching import SEARCH
from application.acting_tenant import acting_for, mismatches
from application.clock import new_id
from domain.refusals import ForeignTenant
from domain.session import events as e
from tests.walls.two_tenants import APPEND, EAST, TABLES, Two, fact, rows_seen, two_tenants, without

pytestmark = pytest.mark.real
PARTS = ("app", "writer", "tools", "worker")


@pytest.fixture(scope="module")
async def two(database: str) -> AsyncIterator[Two]:
    async with two_tenants(database) as both:
        yield both


# Both walls stand


@pytest.mark.parametrize("part", PARTS)
async def test_each_login_is_what_it_must_be(two: Two, part: str) -> None:
    async with open_pool(two.login(part)) as pool, pool.connection() as connection:
        cursor = await connection.execute("SELECT session_user::text, current_user::text")
        assert await cursor.fetchone() == (two.login(part).role, two.login(part).role)


@pytest.mark.parametrize("part", ["app", "writer", "tools"])
@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE postgres", "SET ROLE colloquy_app", "SET ROLE colloquy_writer", "SET ROLE colloquy_worker",
        "SET ROLE {worker}", "SET SESSION AUTHORIZATION postgres", "SET SESSION AUTHORIZATION {worker}",
        "RESET ROLE; TABLE tenant_keys", "SET ROLE NONE; TABLE tenant_keys",
        "SET SESSION AUTHORIZATION DEFAULT; TABLE tenant_keys", "SET row_security = off; TABLE tenant_keys",
        "TABLE logins", "SELECT create_lane(9)", "SELECT draw_login('app')", "SELECT provision_login('app', 'x', '')",
        "CREATE TABLE mine (a int)", "ALTER TABLE tenant_keys DISABLE ROW LEVEL SECURITY", "CREATE ROLE mine",
        "GRANT colloquy_worker TO {me}", "ALTER ROLE {me} BYPASSRLS",
    ],
)  # fmt: skip
async def test_it_can_become_nothing(two: Two, part: str, statement: str) -> None:
    asked = statement.format(worker=two.login("worker").role, me=two.login(part).role)
    with psycopg.connect(two.login(part).url, autocommit=True) as connection:
        found: list[Any] = []
        try:
            for each in asked.split("; "):
                cursor = connection.execute(each)
                found = cursor.fetchall() if cursor.description else []
        except psycopg.errors.InsufficientPrivilege:
            return
        may = part == "tools" and statement == "SET ROLE colloquy_tools"
        assert found == [] and (may or asked.endswith("; TABLE tenant_keys")), "nothing was gained"


@pytest.mark.parametrize("table", TABLES)
async def test_a_transaction_sees_only_whom_it_acts_for(two: Two, table: str) -> None:
    assert await rows_seen(two.pool, table, two.mine, two.mine) > 0
    assert await rows_seen(two.pool, table, two.mine, two.theirs) == 0
    assert await rows_seen(two.pool, table, "", two.theirs) == 0


# What acts with the owner's rights compares, by itself

DEFINERS = """
SELECT p.oid::regprocedure::text, p.proargnames, p.proargtypes::regtype[]::text[]
FROM pg_proc AS p WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype -- which nobody can call
AND p.pronamespace::regnamespace::text IN ('public', 'projections', 'bi') ORDER BY 1
"""
# Where a lane ends; whose the caller's own login is; how many streams are parked in all; that none is, to a tenant;
# which loops of the jobs behind are down; that somebody, by hashes alone, is let in no more; what a reconciliation of
# the whole ledger came to.
TELLS_NOTHING = (
    "lane_head(", "bi_tenant(", "projections.count_parked(", "projections.is_parked(", "projections.heard(",
    "told_revocations(", "audit_standing(", "last_reconciliation(", "note_reconciliation(",
)  # fmt: skip
VALUES = {
    "text": "x", "integer": 1, "bigint": 1, "text[]": ["x"], "bigint[]": [1], "bytea[]": [b"x"],
    "double precision": 1.0, "timestamp with time zone": "2026-01-01T00:00:00Z",
}  # fmt: skip


def refuses_foreigners(two: Two) -> list[str]:
    """The functions with the owner's rights that do something for a tenant other than the transaction's."""
    open_ = []
    for signature, names, types in two.owner.execute(DEFINERS).fetchall():
        if signature.startswith(TELLS_NOTHING):
            continue
        given = [argument(two, name, kind) for name, kind in zip(names or (), types, strict=False)]
        casts = ", ".join(f"%s::{kind}" for kind in types)
        for part in ("app", "writer", "tools", "worker"):
            with psycopg.connect(two.login(part).url) as connection:
                connection.execute("SELECT set_config('app.tenant', %s, true)", (two.mine,))
                try:
                    connection.execute(f"SELECT * FROM {signature.partition('(')[0]}({casts})", given)
                except psycopg.errors.InsufficientPrivilege:
                    continue
                except psycopg.Error as error:
                    open_.append(f"{signature} as {part}: {error}")
                else:
                    open_.append(f"{signature} as {part}")
                finally:
                    connection.rollback()
    return open_


def argument(two: Two, name: str, kind: str) -> Any:
    named = {"tenant": two.theirs, "tenants": [two.mine], "streams": [two.stream], "starting": [], "ending": []}
    named |= {"key_streams": [], "wrapped": []}
    return named.get(name, VALUES[kind])


async def test_every_function_with_the_owners_rights_compares(two: Two) -> None:
    signatures = [row[0] for row in two.owner.execute(DEFINERS).fetchall()]
    assert {signature.partition("(")[0] for signature in signatures} >= {
        "events_0_append", "provision_corpus", "provision_datasets", "draft_dataset", "publish_dataset", "drop_dataset",
    }  # fmt: skip
    assert refuses_foreigners(two) == []


async def test_one_that_does_not_compare_is_found(two: Two) -> None:
    """The test above can fail: this is what it says of a function without its comparison."""
    careless = (
        "CREATE FUNCTION careless(tenant text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS "
        "'SELECT count(*) FROM public.stream_keys WHERE stream LIKE tenant || ''%'''"
    )
    with without(two, careless, put_back="DROP FUNCTION careless"):
        assert [found.partition(" ")[0] for found in refuses_foreigners(two)] == ["careless(text)"] * 4


@pytest.mark.parametrize("who", ["nobody", "theirs"])
async def test_nothing_is_made_for_a_tenant_that_there_is_not(two: Two, who: str) -> None:
    tenant = new_id() if who == "nobody" else two.theirs
    acting = tenant if who == "nobody" else two.mine
    for call in ("provision_corpus(%s, 4)", "draft_dataset(%s, ARRAY['a'], ARRAY['text'])"):
        with psycopg.connect(two.login("app").url) as connection:
            connection.execute("SELECT set_config('app.tenant', %s, true)", (acting,))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {call}", (tenant,))
    suffix, made = tenant.replace("-", ""), 0 if who == "nobody" else 2
    relations = "SELECT count(*) FROM pg_class WHERE relname IN ('passages_' || %(s)s, 'postings_' || %(s)s)"
    names = "SELECT count(*) FROM pg_namespace WHERE nspname = 'colloquy_data_' || %(s)s"
    assert two.owner.execute(relations, {"s": suffix}).fetchone() == (made,)
    assert two.owner.execute(names, {"s": suffix}).fetchone() == (0,)


# Appends have a wall of their own


@pytest.mark.parametrize(
    ("tenants", "starting", "ending", "keys"),
    [(["mine"], [], [], []), ([""], [], [], []), ([], [], [], []), (["theirs"], ["else"], [], []),
     (["theirs"], [], ["else"], []), (["theirs"], [], [], ["else"])],
)  # fmt: skip
async def test_an_append_stays_with_the_tenant_that_is_acted_for(
    two: Two, tenants: list[str], starting: list[str], ending: list[str], keys: list[str]
) -> None:
    acting = [getattr(two, tenant) if tenant else "" for tenant in tenants]
    with psycopg.connect(two.login("writer").url) as connection:
        given = (acting, [two.stream], starting, ending, keys, [b""] * len(keys))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(APPEND, given)


async def test_whoever_appends_reads_nothing_and_whoever_reads_appends_nothing(two: Two) -> None:
    for table in TABLES:
        with (
            psycopg.connect(two.login("writer").url) as writer,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            writer.execute(f"SELECT 1 FROM {table}")
    # As programs did that knew no logins, and acted within the owner's session.
    fact = "ARRAY[%s], ARRAY[1]::int8[], ARRAY['x'], ARRAY[''::bytea]"
    for stream in (f"{two.mine}/x/1", two.stream):
        with psycopg.connect(two.login("app").url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(f"SELECT events_0_append({fact}, '{{}}', '{{}}', 'p', 1, '{{}}', '{{}}')", (stream,))


async def test_without_the_appends_comparison_the_context_refuses(two: Two) -> None:
    source = two.owner.execute(
        "SELECT pg_get_functiondef(p.oid) FROM pg_proc AS p WHERE proname = 'events_0_append' AND pronargs = 11"
    ).fetchone()
    assert source is not None
    blind = source[0].replace("IF is_foreign OR NOT", "IF false AND NOT")
    assert blind != source[0]
    before = mismatches["foreign"]
    with without(two, blind, put_back=source[0]):
        assert any(found.startswith("events_0_append") for found in refuses_foreigners(two)), "and a test turns red"
        with acting_for(two.mine), pytest.raises(ForeignTenant):
            await two.store.append([fact(two.stream, e.SessionOpened(user="u", assistant="a"))])
    assert mismatches["foreign"] == before + 1


# The first wall taken away: row level security


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("take", "put"),
    [
        ("ALTER TABLE {t} DISABLE ROW LEVEL SECURITY", "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY"),
        ("ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY", "ALTER TABLE {t} FORCE ROW LEVEL SECURITY"),
        ("CREATE POLICY hole ON {t} TO colloquy_app USING (true)", "DROP POLICY hole ON {t}"),
        ("CREATE POLICY hole ON {t} USING (true)", "DROP POLICY hole ON {t}"),
    ],
    ids=["disabled", "not forced", "a policy for all rows", "a policy for everybody"],
)
async def test_without_row_level_security_the_context_holds_and_the_start_is_refused(
    two: Two, table: str, take: str, put: str
) -> None:
    with without(two, take.format(t=table), put_back=put.format(t=table)):
        if "FORCE" not in take:  # a table's owner alone would be held by that
            assert await rows_seen(two.pool, table, two.mine, two.theirs) > 0, "the wall is gone"
        before = mismatches["foreign"]
        with acting_for(two.mine):
            for asked in (
                two.corpus.search(two.theirs, "tide", EAST, 3),
                two.corpus.version(two.theirs),
                two.corpus.page(two.theirs, after=None, limit=9),
                two.store.load(two.stream),
                two.store.unlock([two.stream]),
            ):
                with pytest.raises(ForeignTenant):
                    await asked
            # What is asked for rightly is found as before, and nothing besides.
            assert [passage.text for passage in await two.corpus.search(two.mine, "tide", EAST, 9)] == ["the tide"]
        assert mismatches["foreign"] == before + 5
        refused = REFUSED.labels("app")._value.get()
        with pytest.raises(UnsafeLogin, match=table):
            async with open_pool(two.login("app")):
                pass
        assert REFUSED.labels("app")._value.get() == refused + 1
    async with open_pool(two.login("app")):
        pass


# ... or the login


@pytest.mark.parametrize(
    ("take", "put", "said"),
    [
        ("ALTER ROLE {me} SUPERUSER", "ALTER ROLE {me} NOSUPERUSER", "superuser"),
        ("ALTER ROLE {me} BYPASSRLS", "ALTER ROLE {me} NOBYPASSRLS", "row level security"),
        ("ALTER ROLE {me} CREATEROLE", "ALTER ROLE {me} NOCREATEROLE", "makes roles"),
        ("GRANT colloquy_worker TO {me}", "REVOKE colloquy_worker FROM {me}", "can become colloquy_worker"),
        ("GRANT pg_read_all_data TO {me}", "REVOKE pg_read_all_data FROM {me}", "can become pg_read_all_data"),
        ("GRANT colloquy_app TO {me} WITH SET TRUE", "GRANT colloquy_app TO {me} WITH SET FALSE", "can become"),
        ("ALTER TABLE snapshots OWNER TO {me}", "ALTER TABLE snapshots OWNER TO CURRENT_USER", "owns snapshots"),
        ("ALTER ROLE {me} SET statement_timeout = 0", "ALTER ROLE {me} SET statement_timeout = '20s'", "timeout"),
        ("ALTER ROLE {me} RESET idle_in_transaction_session_timeout",
         "ALTER ROLE {me} SET idle_in_transaction_session_timeout = '5s'", "idle_in_transaction"),
        ("REVOKE colloquy_app FROM {me}", "GRANT colloquy_app TO {me} WITH INHERIT TRUE, SET FALSE", "not a member"),
    ],
)  # fmt: skip
async def test_a_login_that_may_do_more_is_refused_at_the_start(two: Two, take: str, put: str, said: str) -> None:
    me = two.login("app").role
    with without(two, take.format(me=me), put_back=put.format(me=me)), pytest.raises(UnsafeLogin, match=said):
        async with open_pool(two.login("app")):
            pass
    async with open_pool(two.login("app")):
        pass


@pytest.fixture
async def as_owner(two: Two) -> AsyncIterator[Any]:
    """A pool that nobody checked, logged in as the owner, whom no row level security holds."""
    async with AsyncConnectionPool(two.url, kwargs={"autocommit": True}, min_size=1, open=False) as pool:
        yield pool


async def test_as_the_owner_the_context_holds_and_the_start_is_refused(two: Two, as_owner: Any) -> None:
    assert await rows_seen(as_owner, "documents", two.mine, two.theirs) > 0, "the wall is gone"
    corpus = PostgresCorpus(as_owner, two.store.vault, dimensions=4)
    with acting_for(two.mine):
        with pytest.raises(ForeignTenant):
            await corpus.search(two.theirs, "tide", EAST, 3)
        assert len(await corpus.search(two.mine, "tide", EAST, 9)) == 1
    for part in PARTS:
        with pytest.raises(UnsafeLogin, match="superuser"):
            async with open_pool(Login(part, two.url, two.url)):  # type: ignore[arg-type]
                pass


async def test_a_connection_that_became_somebody_else_is_not_given_out(two: Two) -> None:
    async with await psycopg.AsyncConnection.connect(two.url, autocommit=True) as connection:
        with pytest.raises(UnsafeLogin, match="made as postgres"):
            await check_if_idle(two.login("app"), connection)
        assert connection.closed


# The second wall taken away: what compares who acts with what is named


async def test_without_the_context_row_level_security_holds(two: Two) -> None:
    """What a program sends that compares nothing: the caller's tenant to act, another one to look for."""
    for table in TABLES:
        assert await rows_seen(two.pool, table, two.mine, two.theirs) == 0
    parameters = {
        "acting": two.mine, "tenant": two.theirs, "k": 3, "each": 9, "constant": 20, "k1": 1.2, "b": 0.75, "most": 99,
        "exact": 99, "terms": "{}", "times": "{}", "names": "{}", "vector": "[1,0,0,0]", "directions": 4, "alone": 2,
            "sample": 50, "collections": "{\"\"}",
    }  # fmt: skip
    async with one_statement(two.pool) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="another tenant is named"):
            await connection.execute(SEARCH, parameters)
        cursor = await connection.execute(SEARCH, parameters | {"tenant": two.mine})
        assert len(await cursor.fetchall()) == 1
    blind = (
        "CREATE OR REPLACE FUNCTION act_for(acting text, named text) RETURNS void LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM set_config('app.tenant', acting, true); END$$"
    )
    source = two.owner.execute("SELECT pg_get_functiondef('act_for'::regproc)").fetchone()
    assert source is not None
    with without(two, blind, put_back=source[0]):
        async with one_statement(two.pool) as connection:
            assert await (await connection.execute(SEARCH, parameters)).fetchall() == []
