"""What goes wrong with what is stored and with who may reach it, so that alerts fire."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from botocore.session import get_session

from infra.local.endpoints import installation_environment
from tests.infra.monitoring.watched import Watched, owner

NEWEST = "SELECT notification_id, state FROM events_0 WHERE topic LIKE %s ORDER BY notification_id DESC LIMIT 1"
OLDEST = "SELECT notification_id, state FROM events_0 WHERE topic LIKE %s ORDER BY notification_id LIMIT 1"


@contextmanager
def altered(here: Watched, which: str, topic: str, state: bytes) -> Iterator[None]:
    """A stored fact is something else for as long as a block runs, past the program."""
    change = "UPDATE events_0 SET state = %s WHERE notification_id = %s"
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # past what guards the table, too
        found = connection.execute(which, (topic,)).fetchone()
        assert found, f"no fact of {topic}"
        connection.execute(change, (state, found[0]))
        yield
        connection.execute(change, (found[1], found[0]))


@contextmanager
def locked(here: Watched, tables: str, mode: str) -> Iterator[None]:
    """Tables that somebody else holds."""
    with psycopg.connect(owner(here.ours)) as connection:
        connection.execute(f"LOCK TABLE {tables} IN {mode} MODE")  # names of ours
        yield


async def locked_log(here: Watched) -> None:
    """Somebody holds the log for more than a second, again and again."""
    asking = asyncio.create_task(here.ask(2))
    for _ in range(12):
        with locked(here, "events_0", "SHARE"):
            await asyncio.sleep(2)
        await asyncio.sleep(0.1)
    await asking
    await here.until("ColloquyAppendsSlow", cause="the log's table is locked for two seconds, twelve times")


async def locked_costs(here: Watched) -> None:
    """Somebody holds what every reader of costs needs."""
    (analyst,) = here.ours.tokens(1, ["analyst"])
    with psycopg.connect(owner(here.ours)) as connection:
        found = connection.execute(
            "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'projections' AND tablename LIKE 'cost%'"
        ).fetchone()
    assert found and found[0], "tables of costs"
    asked = {"base_url": here.ours.url, "headers": {"Authorization": f"Bearer {analyst}"}, "timeout": 60}
    async with httpx.AsyncClient(**asked) as http:  # type: ignore[arg-type]  # of several types
        with locked(here, found[0], "ACCESS EXCLUSIVE"):
            reads = [asyncio.create_task(http.get("/v1/costs/summary")) for _ in range(90)]
            await here.until("ColloquyPoolTimeouts", cause="90 read costs while somebody holds the tables")
        await asyncio.gather(*reads, return_exceptions=True)


def open_files(pid: int) -> int:
    """How many a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def few_files(here: Watched) -> None:
    """The API may open hardly more files than it has."""
    pid = here.pid("api")
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    few = int(open_files(pid) / 0.88)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, before[1]))
    await here.until("ColloquyFilesRunOut", cause="the API may open an eighth more files than it has open")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


async def idle_archive(here: Watched) -> None:
    """Nobody takes what the database keeps for an archive."""
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        connection.execute("SELECT pg_create_physical_replication_slot('colloquy_backup', true)")
        await here.until("ColloquyReplicationBehind", cause="an archive's slot that nobody follows")
        connection.execute("SELECT pg_drop_replication_slot('colloquy_backup')")


async def revoked_right(here: Watched) -> None:
    """A loop lacks a right that it needs."""
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        connection.execute("REVOKE EXECUTE ON FUNCTION last_reconciliation() FROM colloquy_app")
        await here.until("ColloquyLoopDown", cause="the API may no longer ask for the last reconciliation")
        connection.execute("GRANT EXECUTE ON FUNCTION last_reconciliation() TO colloquy_app")


async def anothers_item(here: Watched) -> None:
    """In the table lies an item of another tenant under a user's own sessions."""
    found = installation_environment(str(here.ours.data_dir))
    client = get_session().create_client(
        "dynamodb",
        region_name=found["AWS_REGION"],
        endpoint_url=found["AWS_ENDPOINT_URL_DYNAMODB"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
    )
    table = found.get("COLLOQUY_TABLE", "colloquy-sessions")
    items: list[dict[str, Any]] = client.scan(TableName=table)["Items"]
    item = next(item for item in items if item["sk"]["S"] == "session")
    strange = item | {"pk": {"S": "another-tenant" + item["pk"]["S"][item["pk"]["S"].index("#") :]}}
    client.put_item(TableName=table, Item=strange)
    async with httpx.AsyncClient(base_url=here.ours.url, timeout=30) as http:
        for token in here.ours.tokens(12):
            await http.get("/v1/sessions", headers={"Authorization": f"Bearer {token}"})
    await here.until("ColloquyTenantMismatch", cause="an item of another tenant lies among a user's sessions")
    client.delete_item(TableName=table, Key={"pk": strange["pk"], "sk": strange["sk"]})


async def no_objects(here: Watched) -> None:
    """The object store is away, and with it the bucket of anchors; people go on."""
    here.signal("aws", signal.SIGSTOP)
    asking = asyncio.create_task(here.ask())
    await here.until("ColloquyAuditNotAnchored", cause="the object store is stopped (SIGSTOP) under turns")
    here.signal("aws", signal.SIGCONT)
    await asking


async def altered_fact(here: Watched) -> None:
    """A fact under a signed head is another one, past the program."""
    with altered(here, OLDEST, "turn.started%", b"\x00\x90"):
        await here.until("ColloquyAuditNotVerified", cause="the first turn's fact was altered in the database")


async def unreadable_fact(here: Watched) -> None:
    """What a call cost cannot be read any more, before the read models have seen it."""
    for job in ("relay", "project"):
        here.signal(job, signal.SIGSTOP)
    await here.ask()
    with altered(here, NEWEST, "tokens.used%", b"\x00\xc1"):
        for job in ("relay", "project"):
            here.signal(job, signal.SIGCONT)
        names = ("ColloquyProjectionBlocked", "ColloquySessionsParked")
        await here.until(*names, cause="a call's settlement is stored as bytes that are none")
