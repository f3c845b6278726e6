"""A tenant's own login for tools that draw reports: made, given another password, taken away by the owner."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg

from adapters.database_login import with_user
from domain.refusals import NotFound

BYTES = 24


def put_bi_login(owner_url: str, tenant: str, *, rotate: bool) -> str:
    """The URL of the tenant's login, with a password that is drawn here and kept nowhere. ValueError when there is one
    already and it is not to `rotate`, or none that could; `NotFound` when there is no such tenant."""
    password, drawn = secrets.token_urlsafe(BYTES), f"colloquy_bi_{secrets.token_hex(6)}"
    with psycopg.connect(owner_url, connect_timeout=10) as connection:
        known = _known(connection, tenant)
        if known and not rotate:
            raise ValueError("the tenant has a login already: give it another password with `bi-login rotate`")
        if rotate and not known:
            raise ValueError("the tenant has no login: make one with `bi-login create`")
        role = known or drawn
        verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        try:
            connection.execute("SELECT put_bi_login(%s, %s, %s)", (tenant, role, verifier))
        except psycopg.errors.NoDataFound as error:
            raise NotFound from error
    return with_user(owner_url, role, password)


def drop_bi_login(owner_url: str, tenant: str) -> bool:
    """Take it away at once, and end what it has open; whether there was one."""
    with psycopg.connect(owner_url, connect_timeout=10) as connection:
        [(role,)] = connection.execute("SELECT drop_bi_login(%s)", (tenant,)).fetchall()
        return role is not None


def _known(connection: psycopg.Connection[Any], tenant: str) -> str:
    found = connection.execute("SELECT role FROM bi_logins WHERE tenant = %s", (tenant,)).fetchone()
    return str(found[0]) if found else ""
