"""Logins to PostgreSQL: a role for each part of the program, and the refusal to run as one that may do more."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Literal, get_args
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import msgspec
import psycopg
import structlog
from prometheus_client import Counter
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

Part = Literal["app", "writer", "worker", "tools"]
HEARD_S = 3.0
PARTS: tuple[Part, ...] = get_args(Part)

# Asked once of each new connection. A role that owns nothing, can become nothing else and is held by row level
# security; limits that hold; no table in reach that shows rows of all tenants; and whether a pooler stands between.
CHECK = """
SELECT session_user::text, current_user::text, pg_backend_pid(),
  pg_has_role(current_user, 'colloquy_' || %(part)s, 'USAGE') AS acts,
  r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication AS mighty,
  ARRAY(SELECT other.rolname::text FROM pg_roles AS other
    WHERE other.oid <> r.oid AND NOT r.rolsuper AND pg_has_role(r.oid, other.oid, 'MEMBER')
      AND (pg_has_role(r.oid, other.oid, 'SET') OR other.rolname <> 'colloquy_' || %(part)s)
      AND other.rolname !~ %(becomes)s LIMIT 3) AS becomes,
  ARRAY(SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relowner IN (SELECT oid FROM pg_roles WHERE pg_has_role(r.oid, oid, 'USAGE')) LIMIT 3) AS owns,
  ARRAY(SELECT c.oid::regclass::text FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ('public'::regnamespace, 'projections'::regnamespace)
      AND NOT c.relispartition AND c.relname NOT IN ('generations', 'positions')
      AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
      AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity OR EXISTS (
        SELECT FROM pg_policy AS p LEFT JOIN pg_roles AS whose ON whose.oid = ANY (p.polroles)
        WHERE p.polrelid = c.oid AND (whose.oid IS NULL OR pg_has_role(r.oid, whose.oid, 'USAGE'))
          AND coalesce(pg_get_expr(coalesce(p.polqual, p.polwithcheck), c.oid), '') !~ 'app\\.tenant'
      )) LIMIT 3) AS open_tables,
  ARRAY(SELECT name FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout') AND setting = '0') AS unlimited
FROM pg_roles AS r WHERE r.rolname = current_user
"""
# Asked now and then of a connection that waited: a pooler may have put another one in its place.
GLANCE = "SELECT session_user::text, current_user::text, current_setting('is_superuser') = 'on'"
# Only a worker makes read models, and owns them as colloquy_worker; tools become the tenant that asks.
BECOMES = {
    "app": "^$",
    "writer": "^$",
    "worker": "^colloquy_worker$",
    "tools": "^colloquy_(tools|data_[0-9a-f]{32})$",
}
SEES_ALL_OF = {"writer": {"running_turns"}}
REFUSED = Counter("colloquy_database_login_refused", "Connections that acted as another role than they must", ("part",))
for _part in PARTS:
    REFUSED.labels(_part)
log = structlog.get_logger()


class Login(msgspec.Struct, frozen=True):
    """How one part logs in. `session_url` leads to PostgreSQL itself, for what lives as long as a session does:
    LISTEN and advisory locks of a session. It is the same as `url` where no pooler stands between."""

    part: Part
    url: str
    session_url: str

    @property
    def role(self) -> str:
        """The role that its URL names."""
        return str(conninfo_to_dict(self.url).get("user") or "")


class Logins(msgspec.Struct, frozen=True):
    """`app` sees one tenant a transaction; `writer` appends facts and keeps leases; `tools` asks what tenants' tools
    ask; `worker` does what concerns all tenants: a process that answers people does not have it."""

    app: Login
    writer: Login
    tools: Login
    worker: Login | None = None


class NoSessions(RuntimeError):
    """Between this program and PostgreSQL stands a pooler in transaction mode, where nobody hears LISTEN and locks of a
    session are lost: set COLLOQUY_DATABASE_DIRECT_URL to PostgreSQL itself, for the few connections that need one."""


class UnsafeLogin(RuntimeError):
    """PostgreSQL lets this process do more than it must be able to; it will not run."""


async def verify_login(login: Login) -> None:
    """`UnsafeLogin` when the database lets a part do more than it must be able to. One that does not answer is asked
    with its first connection."""
    try:
        connection = await AsyncConnection.connect(login.url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        log.warning("database_away", part=login.part, error=str(error).strip()[-200:])
        return
    async with connection:
        cursor = await connection.execute(CHECK, check_parameters(login), prepare=False)
        judge(login, await cursor.fetchone(), connection.info.backend_pid)


async def verify_sessions(login: Login) -> None:
    """`NoSessions` unless what one session is told reaches another, as it does not through a pooler that gives each
    transaction another session."""
    channel = f"colloquy_probe_{secrets.token_hex(8)}"
    try:
        async with (
            await AsyncConnection.connect(login.session_url, autocommit=True, connect_timeout=5) as hearing,
            await AsyncConnection.connect(login.session_url, autocommit=True, connect_timeout=5) as telling,
        ):
            await hearing.execute(SQL("LISTEN {}").format(Identifier(channel)))
            await telling.execute("SELECT pg_notify(%s, '')", (channel,), prepare=False)
            async for _ in hearing.notifies(timeout=HEARD_S, stop_after=1):
                return
    except psycopg.OperationalError as error:
        log.warning("database_away", part=login.part, error=str(error).strip()[-200:])
        return
    raise NoSessions(" ".join((NoSessions.__doc__ or "").split()))


def check_parameters(login: Login) -> dict[str, str]:
    """What `CHECK` asks with."""
    return {"part": login.part, "becomes": BECOMES[login.part]}


def judge(login: Login, row: Sequence[Any] | None, client_pid: int) -> bool:
    """`UnsafeLogin`, noted and counted, unless a new connection is what it must be; whether a pooler stands between:
    then a statement that was prepared in one transaction may be unknown in the next."""
    if row is None:
        raise refused(login, "nobody knows the role it runs as")
    session, current, server_pid, acts, mighty, becomes, owns, open_tables, unlimited = row
    if problem := wrong_role(login, session, current):
        raise refused(login, problem)
    if mighty:
        raise refused(login, f"{current} is a superuser, passes row level security by, or makes roles or databases")
    if owns:
        raise refused(login, f"{current} owns {', '.join(owns)}")
    if becomes:
        raise refused(login, f"{current} can become {', '.join(becomes)}")
    if not acts:
        raise refused(login, f"{current} is not a member of colloquy_{login.part}")
    if unlimited:
        raise refused(login, f"{current} runs without {', '.join(unlimited)}: set it with ALTER ROLE {current} SET ...")
    if login.part != "worker" and (seen := set(open_tables) - SEES_ALL_OF.get(login.part, set())):
        raise refused(login, f"every tenant's rows of {', '.join(sorted(seen))} can be seen")
    return bool(client_pid != server_pid)


def glance(login: Login, row: Sequence[Any] | None) -> None:
    """`UnsafeLogin`, noted and counted, when a connection that waited acts as somebody else now."""
    session, current, superuser = row or ("", "", True)
    if problem := wrong_role(login, session, current) or ("it is a superuser" if superuser else ""):
        raise refused(login, problem)


def wrong_role(login: Login, session: str, current: str) -> str:
    """What is wrong with who a connection acts as; empty when nothing is."""
    if login.role and session != login.role:
        return (
            f"the connection was made as {session}, not as {login.role}; does a pooler put another user in its place?"
        )
    return f"the connection acts as {current}" if session != current else ""


def refused(login: Login, why: str) -> UnsafeLogin:
    """An alarm, and the error to raise."""
    REFUSED.labels(login.part).inc()
    log.critical("database_login_refused", part=login.part, why=why)
    return UnsafeLogin(f"the part {login.part!r} will not use this connection to PostgreSQL: {why}")


def with_user(url: str, role: str, password: str) -> str:
    """The same database for another user."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    who = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{who}@{address}" if who else address))


def session_url(url: str, direct_url: str) -> str:
    """The same login at PostgreSQL itself, which `direct_url` names; `url` when that is empty."""
    user = urlsplit(url)
    return with_user(direct_url, unquote(user.username or ""), unquote(user.password or "")) if direct_url else url
