"""Which roles the parts of the program log in as: those that settings name, or those that `migrate` made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from adapters.database_login import PARTS, Login, Logins, session_url, with_user
from application.clock import monotonic

PATIENCE_S = 30.0
PAUSE_S = 0.5


class NoLogins(RuntimeError):
    """The database has no logins for the program: run `colloquy migrate` first."""


def provision_logins(connection: psycopg.Connection[Any], given: Mapping[str, str]) -> None:
    """See that every part can log in: as the role of its URL in `given`, else as one that is drawn and remembered in
    the database, where only its owner reads it. Roles that are there keep their passwords."""
    for part in PARTS:
        url = urlsplit(given.get(part, ""))
        role, password = unquote(url.username or ""), unquote(url.password or "")
        if not role:
            [(role, password)] = connection.execute("SELECT * FROM draw_login(%s)", (part,)).fetchall()
        # The server and its log get a verifier, never the password.
        verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        connection.execute("SELECT provision_login(%s, %s, %s)", (part, role, verifier if password else None))
        if part == "tools":
            connection.execute("SELECT limit_spilling(%s)", (role,))


async def find_logins(
    owner_url: str, given: Mapping[str, str], direct_url: str = "", *, worker: bool = False
) -> Logins:
    """The logins of a process, the worker's only where it is asked for. What `given` does not name is read from the
    database as its owner; RuntimeError says what is missing. `direct_url` names the host of PostgreSQL itself where the
    others lead to a pooler in transaction mode; each login
    is the same there."""
    urls, parts = dict(given), [part for part in PARTS if worker or part != "worker"]
    if missing := [part for part in parts if not urls.get(part)]:
        if not owner_url:
            names = ", ".join(f"COLLOQUY_DATABASE_{part.upper()}_URL" for part in missing)
            raise RuntimeError(f"neither COLLOQUY_DATABASE_URL nor {names} is set")
        drawn = await _drawn(session_url(owner_url, direct_url))
        for part in missing:
            if part not in drawn:
                raise NoLogins(f"the database has no login for the part {part!r}: run `colloquy migrate`")
            urls[part] = with_user(owner_url, *drawn[part])
    found = {part: Login(part, urls[part], session_url(urls[part], direct_url)) for part in parts}
    return Logins(**found)


async def _drawn(owner_url: str) -> dict[str, tuple[str, str]]:
    """What `migrate` drew, by part; waits for a database that is not there yet."""
    deadline = monotonic() + PATIENCE_S
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(owner_url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            if monotonic() > deadline:
                raise RuntimeError(f"the database does not answer: {str(error).strip()[-200:]}") from error
            await asyncio.sleep(PAUSE_S)
            continue
        async with connection:
            try:
                cursor = await connection.execute("SELECT part, role, password FROM logins")
                return {part: (role, password) for part, role, password in await cursor.fetchall()}
            except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
                raise NoLogins(
                    "COLLOQUY_DATABASE_URL must name the owner of a migrated database (see `colloquy migrate`), or the"
                    " four COLLOQUY_DATABASE_APP_URL, _WRITER_URL, _WORKER_URL and _TOOLS_URL must be set"
                ) from error
