"""The composition of `colloquy tenant bi-login`: the database's owner, who alone makes logins."""

from __future__ import annotations

from adapters.database_login import session_url
from adapters.postgres.bi_logins import drop_bi_login, put_bi_login
from adapters.postgres.lane_directory import database_of
from api.composition.lanes import owners_of
from api.settings import Settings


def put_login(settings: Settings, tenant: str, *, rotate: bool) -> str:
    """See `put_bi_login`."""
    return put_bi_login(_owner(settings, tenant), tenant, rotate=rotate)


def drop_login(settings: Settings, tenant: str) -> bool:
    """See `drop_bi_login`."""
    return drop_bi_login(_owner(settings, tenant), tenant)


def _owner(settings: Settings, tenant: str) -> str:
    """Of the database that holds the tenant."""
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL must name the database's owner, who alone makes logins")
    first = session_url(settings.database_url, settings.database_direct_url)
    number = database_of(first, tenant) if settings.lane_urls else 0
    return owners_of(settings)[number] if number else first
