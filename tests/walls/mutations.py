"""Takes each wall away in turn, on servers of its own; writes what came of it (`python -m tests.walls.mutations`)."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click
import psycopg
import structlog

from adapters.nats.permissions import PERMISSIONS
from adapters.postgres.migrate import migrate
from adapters.sts.session_policy import session_policy
from adapters.valkey.permissions import rules
from application.acting_tenant import EVERY, act_for
from infra.local.endpoints import Endpoints
from infra.local.stack import running
from tests.architecture.made_docs import DOCS
from tests.conftest import other_database
from tests.walls.pair import Removal, remove_each
from tests.walls.pairs_in_memory import PAIRS as IN_MEMORY
from tests.walls.pairs_on_services import PAIRS as ON_SERVICES
from tests.walls.pairs_on_services import ground

SILENT = 60
"""Above any level: each attempt is an alarm."""
PAGE = DOCS / "walls.md"
PAIRS = (*IN_MEMORY, *ON_SERVICES)
HEAD = (
    "| what is guarded | what is tried | the wall that is taken away | by | then | held by |\n|---|---|---|---|---|---|"
)


def names() -> list[tuple[str, str, str, str]]:
    """The rows of the table but for what comes of them."""
    return [(pair.guarded, pair.tried, wall.name, wall.without) for pair in PAIRS for wall in pair.walls]


def table(found: Iterable[Removal]) -> str:
    """What came of it, a row a wall."""
    rows = [
        (r.pair.guarded, r.pair.tried, r.wall.name, r.wall.without, "red" if r.red else "unnoticed",
         ", ".join(r.held_by) or "nothing")
        for r in found
    ]  # fmt: skip
    return "\n".join([HEAD, *("| " + " | ".join(row) + " |" for row in rows)])


def permissions() -> str:
    """What users of NATS and Valkey may, and the policy of a tenant's session, for those who set them up."""
    lines = ["| NATS user | publishes | subscribes |", "|---|---|---|"]
    for job, may in PERMISSIONS.items():
        said = (" ".join(f"`{subject}`" for subject in subjects) for subjects in (may.publish, may.subscribe))
        lines.append(f"| {' | '.join([job, *said])} |")
    lines += ["", "Valkey's user of `serve`:", "", "```", f"user serve on >PASSWORD {rules()}", "```"]
    policy = session_policy("TENANT", partition="aws", table="TABLE", bucket="BUCKET")
    lines += ["", "A tenant's session at AWS:", "", "```"]
    for statement in policy["Statement"]:
        actions, at = ", ".join(statement["Action"]), statement["Resource"]
        lines.append(f"{actions}\n  on {at if isinstance(at, str) else ' '.join(at)}")
        for operator, keys in statement.get("Condition", {}).items():
            lines += [
                f"  if {key} {operator} {value if isinstance(value, str) else value[0]}" for key, value in keys.items()
            ]
    return "\n".join([*lines, "```"])


def rendered(page: str, name: str, text: str) -> str:
    """The page with one of its parts written anew."""
    begin, end = f"<!-- {name}: made -->", f"<!-- /{name} -->"
    return re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{text}\n{end}", page, flags=re.DOTALL)


async def remove_all(endpoints: Endpoints, database: str) -> list[Removal]:
    """Every wall of every pair."""
    found = []
    async with ground(endpoints, database) as on:
        for pair in PAIRS:
            found += await remove_each(pair, on)
            click.echo(f"  {pair.guarded}: {len(pair.walls)} walls", err=True)
    return found


def main() -> int:
    """Non-zero where a wall's removal was not noticed or nothing else held; AssertionError says what more is wrong."""
    act_for(EVERY)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT))
    with tempfile.TemporaryDirectory() as home, running(Path(home), fast=True) as stack:
        with psycopg.connect(stack.endpoints.database_url, autocommit=True) as owner:
            owner.execute("CREATE DATABASE walls")
        database = other_database(stack.endpoints.database_url, "walls")
        migrate(database)
        found = asyncio.run(remove_all(stack.endpoints, database))
    page = rendered(rendered(PAGE.read_text(), "mutations", table(found)), "permissions", permissions())
    PAGE.write_text(page)
    bad = [removal for removal in found if not (removal.red and removal.held_by)]
    print(f"{len(found)} walls taken away, {len(found) - len(bad)} noticed and held by another")  # noqa: T201
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
