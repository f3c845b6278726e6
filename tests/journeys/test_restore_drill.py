"""A restore drill on a running installation: all is there again in the copy, and of the drill nothing stays."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import psycopg
import pytest

from adapters.postgres.backup import facts_in
from application.clock import now
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from infra.local.endpoints import installation_environment
from infra.local.postgres import SHARED
from tests.journeys.conftest import chatting, reading, set_pace, token_of

pytestmark = pytest.mark.real
COPIES = "SELECT count(*) FROM pg_database WHERE datname LIKE 'colloquy_drill_%'"


def owner_of(ours: Installed) -> str:
    return installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]


def colloquy(ours: Installed, *arguments: str) -> str:
    command = [sys.executable, "-m", "api.cli", *arguments, "--data-dir", str(ours.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(reader: IO[str], words: str) -> None:
    """Lines of a process until one has these words; it ends when the process does."""
    assert any(words in line for line in reader), words


async def ask_and_leave(ours: Installed, user: str) -> None:
    async with chatting(ours, token_of(ours, user, "member")) as chat:
        await chat.open()
        assert (await chat.ask("a", QUESTION))["type"] == "turn.completed"


async def test_any_moment_of_an_archive_is_brought_back_but_for_what_was_erased(ours: Installed) -> None:
    set_pace(ours)
    folder = Path(
        tempfile.mkdtemp(prefix="colloquy archive of Ada's, 100%f-", dir=SHARED)
    )  # where who runs a server comes to
    command = [sys.executable, "-m", "api.cli", "backup", str(folder), "--follow", "--data-dir", str(ours.data_dir)]
    archive = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220  # one program
    try:
        assert archive.stdout
        await asyncio.to_thread(wait_for, archive.stdout, "every change")
        await ask_and_leave(ours, "early-leaver")
        before, moment, after = facts_in(owner_of(ours)), now(), facts_in(owner_of(ours))
        await ask_and_leave(ours, "late-comer")
        with reading(ours, "admin") as http:
            http.post("/v1/erasures", json={"user": "early-leaver"}).raise_for_status()
        archive.terminate()
        assert archive.wait(30) == 0
        drilled = json.loads(colloquy(ours, "restore", str(folder), "--drill", "--to", moment.isoformat(), "--json"))
    finally:
        archive.kill()
        archive.wait()
        with psycopg.connect(owner_of(ours), autocommit=True) as owner:
            owner.execute("SELECT pg_drop_replication_slot('colloquy_backup')")
        shutil.rmtree(folder)
    assert before <= drilled["facts"] <= after and drilled["facts_since"] >= 2
    assert drilled["erased_since"] >= 1 and drilled["log_events"] == drilled["facts"]
    found = {name: drilled[name] for name in ("given_back", "log_findings", "unlike", "parked")}
    assert found == {"given_back": 0, "log_findings": 0, "unlike": [], "parked": 0}


async def test_what_was_erased_since_the_backup_is_not_in_the_copy(
    ours: Installed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    set_pace(ours)
    folder = str(tmp_path_factory.mktemp("backup"))
    await ask_and_leave(ours, "leaver")
    colloquy(ours, "backup", folder)
    with reading(ours, "admin") as http:
        http.post("/v1/erasures", json={"user": "leaver"}).raise_for_status()
    drilled = json.loads(colloquy(ours, "restore", folder, "--drill", "--json"))
    assert drilled["erased_since"] >= 1 and drilled["facts_since"] >= 1 and drilled["log_events"] == drilled["facts"]
    found = {name: drilled[name] for name in ("given_back", "log_findings", "unlike", "parked")}
    assert found == {"given_back": 0, "log_findings": 0, "unlike": [], "parked": 0}
    assert drilled["rto_s"] > 0 and drilled["rpo_s"] > 0
    with psycopg.connect(owner_of(ours)) as owner:
        assert owner.execute(COPIES).fetchone() == (0,)
