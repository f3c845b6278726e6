"""A restore drill on a running installation: all is there again in the copy, and of the drill nothing stays."""

from __future__ import annotations

import json
import subprocess
import sys

import psycopg
import pytest

from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from infra.local.endpoints import installation_environment
from tests.journeys.conftest import chatting, reading, set_pace, token_of

pytestmark = pytest.mark.real
COPIES = "SELECT count(*) FROM pg_database WHERE datname LIKE 'colloquy_drill_%'"


def colloquy(ours: Installed, *arguments: str) -> str:
    command = [sys.executable, "-m", "api.cli", *arguments, "--data-dir", str(ours.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_what_was_erased_since_the_backup_is_not_in_the_copy(
    ours: Installed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    set_pace(ours)
    folder = str(tmp_path_factory.mktemp("backup"))
    async with chatting(ours, token_of(ours, "leaver", "member")) as chat:
        await chat.open()
        assert (await chat.ask("a", QUESTION))["type"] == "turn.completed"
    colloquy(ours, "backup", folder)
    with reading(ours, "admin") as http:
        http.post("/v1/erasures", json={"user": "leaver"}).raise_for_status()
    drilled = json.loads(colloquy(ours, "restore", folder, "--drill", "--json"))
    assert drilled["erased_since"] >= 1 and drilled["facts_since"] >= 1 and drilled["log_events"] == drilled["facts"]
    found = {name: drilled[name] for name in ("given_back", "log_findings", "unlike", "parked")}
    assert found == {"given_back": 0, "log_findings": 0, "unlike": [], "parked": 0}
    assert drilled["rto_s"] > 0 and drilled["rpo_s"] > 0
    with psycopg.connect(installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]) as owner:
        assert owner.execute(COPIES).fetchone() == (0,)
