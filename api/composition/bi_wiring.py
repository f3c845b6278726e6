"""The composition of `colloquy tenant bi-login`: the database's owner, who alone makes logins."""

from __future__ import annotations

from adapters.database_login import session_url
from adapters.postgres.bi_logins import drop_bi_login, put_bi_login
from api.settings import Settings


def put_login(settings: Settings, tenant: str, *, rotate: bool) -> str:
    """See `put_bi_login`."""
    return put_bi_login(_owner(settings), tenant, rotate=rotate)


def drop_login(settings: Settings, tenant: str) -> bool:
    """See `drop_bi_login`."""
    return drop_bi_login(_owner(settings), tenant)


def _owner(settings: Settings) -> str:
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL must name the database's owner, who alone makes logins")
    return session_url(settings.database_url, settings.database_direct_url)
