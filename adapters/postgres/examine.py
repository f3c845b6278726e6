"""Looks at a PostgreSQL before somebody relies on it: version, schema, extensions, mode, logins, room, clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import psycopg
from psycopg import AsyncConnection

from adapters.database_login import Login, Logins, NoSessions, UnsafeLogin, verify_login, verify_sessions
from adapters.postgres.migrate import MIGRATIONS
from application.clock import now
from application.ports.incidents.symptom import Symptom, bad, ok, warn

PART = "postgres"
OLDEST, OLDEST_VECTOR = 150_000, (0, 7)
CONNECTIONS_A_PROCESS = 22
"""Of an API process: its pools, the writer's thread and the listener."""
SKEW_S = 2.0
FACTS = """
SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
  current_setting('max_connections')::int, current_setting('fsync') = 'on', current_setting('synchronous_commit'),
  clock_timestamp(), (SELECT extversion FROM pg_extension WHERE extname = 'vector')"""


async def examine(logins: Logins, owner_url: str, replicas: int) -> Sequence[Symptom]:
    """One finding a fault, or one that says that there is none. The database's owner is asked for the schema where the
    settings name it."""
    found = [finding for login in _all(logins) if (finding := await _login(login))]
    try:
        async with await AsyncConnection.connect(logins.app.session_url, connect_timeout=5, autocommit=True) as asked:
            row = await (await asked.execute(FACTS)).fetchone()
    except psycopg.Error as error:
        away = bad(PART, f"it does not answer: {str(error).strip()[-200:]}", "start it, or mend the URL")
        return [*found, away]
    assert row is not None, "a SELECT without a table has a row"
    version, standby, read_only, room, fsync, commits, clock, vector = row
    found += judge_server(version, read_only or standby, fsync and commits != "off", vector)
    wanted = replicas * CONNECTIONS_A_PROCESS
    if room < wanted:
        said = f"{room} connections are allowed; {replicas} API processes and the jobs take up to {wanted}"
        found.append(warn(PART, said, f"raise max_connections to {wanted + 20}, or put a pooler between"))
    skew = abs((clock.astimezone(UTC) - now()).total_seconds())
    if skew > SKEW_S:
        said = f"its clock and ours are {skew:.0f} s apart"
        found.append(bad(PART, said, "have both set by NTP: tokens and leases end at the wrong time"))
    found += await _sessions(logins.app)
    if owner_url:
        found += await _schema(owner_url)
    return found or [ok(PART, f"PostgreSQL {version // 10_000}, pgvector {vector}, every login as it must be")]


def judge_server(version: int, read_only: bool, durable: bool, vector: str | None) -> list[Symptom]:
    """What is said of a server by its settings."""
    found = []
    if version < OLDEST:
        said = f"version {version // 10_000} is older than {OLDEST // 10_000}"
        found.append(bad(PART, said, "upgrade it"))
    if read_only:
        said = "it takes no writes: it is a standby, or read-only"
        found.append(bad(PART, said, "name the writer, or several hosts and target_session_attrs=read-write"))
    if not durable:
        said = "what it acknowledges may be lost with the machine (fsync or synchronous_commit is off)"
        found.append(warn(PART, said, "turn both on where facts matter"))
    if vector is None or tuple(int(n) for n in vector.split(".")[:2]) < OLDEST_VECTOR:
        said = f"pgvector is {vector or 'not there'}; half vectors need 0.7"
        found.append(bad(PART, said, "install it, and run `colloquy migrate`"))
    return found


def _all(logins: Logins) -> list[Login]:
    return [login for login in (logins.app, logins.writer, logins.tools, logins.worker) if login is not None]


async def _login(login: Login) -> Symptom | None:
    try:
        await verify_login(login)
    except UnsafeLogin as error:
        return bad(PART, str(error), f"give the login of {login.part!r} the role that `migrate` made for it")
    except psycopg.Error as error:
        return bad(PART, f"the login of {login.part!r} fails: {str(error).strip()[-160:]}", "mend its URL")
    return None


async def _sessions(login: Login) -> list[Symptom]:
    try:
        await verify_sessions(login)
    except NoSessions:
        said = "a pooler in transaction mode stands between: LISTEN and locks of a session are lost"
        return [bad(PART, said, "set COLLOQUY_DATABASE_DIRECT_URL to PostgreSQL itself")]
    return []


async def _schema(owner_url: str) -> list[Symptom]:
    """Whether the schema is this program's."""
    wanted = {path.name.partition("_")[0] for path in MIGRATIONS.glob("*.sql")}
    try:
        async with await AsyncConnection.connect(owner_url, connect_timeout=5, autocommit=True) as owner:
            cursor = await owner.execute("SELECT version FROM schema_migrations")
            there = {row[0] for row in await cursor.fetchall()}
    except psycopg.errors.UndefinedTable:
        there = set()
    except psycopg.Error as error:
        return [warn(PART, f"its owner cannot be asked for the schema: {str(error).strip()[-120:]}")]
    return judge_schema(wanted, there)


def judge_schema(wanted: set[str], there: set[str]) -> list[Symptom]:
    """Versions of migrations that this program has, and that the database has."""
    if missing := sorted(wanted - there):
        return [bad(PART, f"{len(missing)} migrations are not there, the first {missing[0]}", "`colloquy migrate`")]
    if newer := sorted(there - wanted):
        said = f"it is of a newer program: {len(newer)} migrations are unknown here, the last {newer[-1]}"
        return [warn(PART, said, "finish the rollout: older processes run beside it meanwhile")]
    return []
