"""Passwords of PostgreSQL that are good for minutes, in a file that libpq reads at each connection, renewed in time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from application.tasks import Loops
from domain.refusals import DependencyUnavailable

RENEW_S, WITHIN_S = 300.0, 30.0
"""A token of RDS is good for 15 minutes, to begin a connection with."""
NAME = "passwords"

Password = Callable[[str, int, str], Awaitable[str]]
"""From a host, its port and a user to the password that is good there now."""


def places_of(url: str) -> list[tuple[str, int, str]]:
    """Each host of a URL with its port, and who logs in there."""
    parts = conninfo_to_dict(url)
    hosts, ports = str(parts.get("host", "")).split(","), str(parts.get("port", "5432")).split(",")
    user = str(parts.get("user") or "")
    return [(host, int(ports[n if len(ports) > 1 else 0] or 5432), user) for n, host in enumerate(hosts)]


def reading(url: str, file: Path) -> str:
    """The same login, whose passwords stand in a file (https://www.postgresql.org/docs/current/libpq-pgpass.html)."""
    return f"{url}{'&' if '?' in url else '?'}passfile={quote(str(file), safe='')}" if url else ""


@asynccontextmanager
async def passwords(urls: Sequence[str], password: Password) -> AsyncIterator[Path]:
    """A file of these logins' passwords, kept good while the block runs. `DependencyUnavailable` when the first cannot
    be had; later ones are tried again, and the last stand meanwhile."""
    with tempfile.TemporaryDirectory(prefix="colloquy-") as folder:
        file, places = Path(folder, NAME), sorted({place for url in urls if url for place in places_of(url)})

        async def renew() -> None:
            lines = [_line(*place, await password(*place)) for place in places]
            fresh = file.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # libpq takes no other's
            with os.fdopen(descriptor, "w") as written:
                written.writelines(lines)
            fresh.replace(file)

        try:
            await renew()
        except Exception as error:
            raise DependencyUnavailable(f"No password of the database could be had: {type(error).__name__}") from error
        async with Loops() as loops:
            loops.every("database_passwords", RENEW_S, renew, WITHIN_S)
            yield file


def _line(host: str, port: int, user: str, password: str) -> str:
    return ":".join([_escaped(host), str(port), "*", _escaped(user), _escaped(password)]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")
