"""PostgreSQL's own programs, run with what a URL says: the URL, which may hold a password, is on no command line."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

DEADLINE_S = 6 * 3600
NOBODY = "nobody"
VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}  # fmt: skip


def path_of(program: str) -> str:
    """Where it is; RuntimeError when it is not here."""
    found = shutil.which(program)
    if found is None:
        raise RuntimeError(f"{program} is not here: it is of PostgreSQL's programs, of the server's version")
    return found


def as_environment(database_url: str) -> dict[str, str]:
    """A URL as libpq's own variables."""
    found = conninfo_to_dict(database_url)
    return {VARIABLES[key]: str(value) for key, value in found.items() if key in VARIABLES and value is not None}


def run(program: str, *options: str, told: Mapping[str, str] | None = None, **how: Any) -> None:
    """One of them, to its end; RuntimeError says what it said."""
    command, environment = [path_of(program), *options], {**os.environ, **(told or {})}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False, **how
    )
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()[-800:]}")


def unprivileged() -> dict[str, Any]:
    """How a server is run: never as root, for which `nobody` stands in, who must then reach the folders it works in."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam(NOBODY)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def own_folder(path: Path) -> None:
    """Make a folder for whoever runs the server."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if who := unprivileged():
        os.chown(path, who["user"], who["group"])
