"""The settings of each database by itself, where several hold tenants: what serves one is opened once for each."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec

from adapters.database_login import PARTS, Logins, with_user
from adapters.postgres.logins import find_logins
from api.settings import Settings


async def databases_of(settings: Settings, *, worker: bool = True) -> list[Settings]:
    """Each database as if it were the only one, the first one first. Those who log in to the first one log in to all:
    what settings do not name of them is read there."""
    first = msgspec.structs.replace(settings, lane_urls="")
    if settings.databases == 1:
        return [first]
    logins = await find_logins(settings.database_url, settings.login_urls, settings.database_direct_url, worker=worker)
    return [first, *(_beside(settings, logins, url) for url in settings.lane_urls.split())]


def owners_of(settings: Settings) -> list[str]:
    """The owner's URL of each database, for whoever changes schemas."""
    return [settings.database_url, *(_as_owner(settings.database_url, url) for url in settings.lane_urls.split())]


def without_owners(settings: Settings) -> str:
    """`lane_urls` for a process that need not know the owners."""
    return " ".join(with_user(url, "", "") for url in settings.lane_urls.split())


def _beside(settings: Settings, logins: Logins, url: str) -> Settings:
    there = {
        f"database_{part}_url": _as_user_of(login.url, url)
        for part in PARTS
        if (login := getattr(logins, part)) is not None
    }
    owner = _as_owner(settings.database_url, url) if settings.database_url else ""
    return msgspec.structs.replace(settings, lane_urls="", database_url=owner, database_direct_url="", **there)


def _as_owner(first: str, url: str) -> str:
    return url if urlsplit(url).username else _as_user_of(first, url)


def _as_user_of(login: str, url: str) -> str:
    who = urlsplit(login)
    return with_user(url, unquote(who.username or ""), unquote(who.password or ""))
