"""What goes wrong with jobs, stores and the ledger, so that alerts fire."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import timedelta

import psycopg

from api.cli.reconcile import STAND_INS_LOGS
from application.clock import now, rfc3339
from tests.infra.monitoring.watched import Watched, owner


async def nobody_reconciles(here: Watched) -> None:
    """The last comparison ended three days ago."""
    ended = now() - timedelta(days=3)
    await here.reconcile("--from", rfc3339(ended - timedelta(days=1)), "--to", rfc3339(ended))
    await here.until("ColloquyNotReconciled", cause="the last `colloquy reconcile` went as far as three days ago")


async def log_with_holes(here: Watched) -> None:
    """The provider's log has lost a tenth of its lines."""
    await here.ask()
    for path in (here.ours.data_dir / STAND_INS_LOGS).glob("*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for number, line in enumerate(lines) if number % 10))
    await here.reconcile("--days", "1", "--grace", "0")
    await here.until("ColloquyLedgerDiffers", cause="a tenth of the lines of the provider's log are gone")


async def old_keys(here: Watched) -> None:
    """Keys that say that they are old."""
    path = here.ours.data_dir / "keys.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"made_at": 1_700_000_000}))
    await here.until("ColloquyKeysOld", cause="the key file says it was made in 2023")


async def stopped_jobs(here: Watched) -> None:
    """Jobs that are stopped, not ended: nobody starts them again."""
    for job in ("relay", "project"):
        here.signal(job, signal.SIGSTOP)
    await here.ask(12)
    names = ("ColloquyJobSilent", "ColloquyProjectionLate", "ColloquyRelayLate", "ColloquyProcessAway")
    await here.until(*names, cause="relay and project are stopped (SIGSTOP) under turns")
    for job in ("relay", "project"):
        here.signal(job, signal.SIGCONT)


async def pausing_server(here: Watched) -> None:
    """The API stands still for eight seconds and goes on."""
    here.signal("api", signal.SIGSTOP)
    await asyncio.sleep(8)
    here.signal("api", signal.SIGCONT)
    await here.until("ColloquyLoopStalls", cause="the API's process stands still for eight seconds")


async def store_set_back(here: Watched) -> None:
    """The pipe holds what the store does not."""
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        for _ in range(100):  # until the relay has taken all of it
            behind = connection.execute("SELECT count(*) FROM projections.positions").fetchone()
            await asyncio.sleep(0.1)
        connection.execute(
            "DELETE FROM events_0 WHERE notification_id > (SELECT max(notification_id) - 3 FROM events_0)"
        )
    assert behind
    await here.until("ColloquyRelayHalted", cause="the store's last facts are gone, as after a restore")


async def unsafe_login(here: Watched) -> None:
    """A role that may do more than it must."""
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        roles = connection.execute(
            "SELECT rolname FROM pg_roles"
            " WHERE pg_has_role(oid, 'colloquy_app', 'MEMBER') AND rolcanlogin AND NOT rolsuper"
        ).fetchall()
        for (role,) in roles:
            connection.execute(f'ALTER ROLE "{role}" CREATEDB')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY (%s)", ([r for (r,) in roles],)
        )
    await here.ask()
    await here.until("ColloquyLoginUnsafe", cause="the API's role was given CREATEDB")


async def hanging_server(here: Watched) -> None:
    """The API stands still."""
    here.signal("api", signal.SIGSTOP)
    await here.until("ColloquyProcessAway", cause="the API is stopped (SIGSTOP)")
    here.signal("api", signal.SIGCONT)
