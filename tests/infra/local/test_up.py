"""`colloquy up` as a person or a script runs it: one line when ready, one owner, no trace afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from infra.local.endpoints import read_installation
from tests.infra.local.test_planted import set_traps, sprung
from tests.infra.local.waiting import all_gone, running_below, wait_until

pytestmark = pytest.mark.real
GIVEN = ("COLLOQUY_", "AWS_")
COLLOQUY = str(Path(sys.executable).parent / "colloquy")


@contextmanager
def colloquy_up(data_dir: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command in that folder without anything given from outside, and the line that it prints when ready."""
    command = [COLLOQUY, "--data-dir", str(data_dir), "up", "--port", "0", "--no-demo", "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(GIVEN)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
        process.kill()


def test_up_in_a_folder_of_traps_says_where_it_is_is_alone_there_keeps_itself_running_and_stops_clean(
    data_dir: Path, tmp_path: Path
) -> None:
    with colloquy_up(data_dir, set_traps(tmp_path)) as (process, told):
        pids = told["pids"]
        assert told["data_dir"] == str(data_dir)
        assert pids.keys() >= {"api", "postgres", "nats", "valkey", "aws", "bedrock", "relay", "project", "ingest"}
        assert asyncio.run(budgeted_turn(told["url"], data_dir)) == "turn.completed", "ready means ready"
        issued = token_for(data_dir, "01977c9e-1111-7000-8000-000000000001")
        assert issued.returncode == 1 and issued.stdout == ""
        assert issued.stderr.count("\n") == 1 and "there is no tenant 01977c9e-1111" in issued.stderr

        second = subprocess.run(
            [sys.executable, "-m", "api.cli", "up", "--data-dir", str(data_dir)],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert f"in process {process.pid}, at {told['url']}" in second.stderr

        os.kill(pids["api"], signal.SIGKILL)
        wait_until(lambda: read_installation(data_dir)["pids"]["api"] != pids["api"], "another API is recorded")
        wait_until(lambda: is_live(told["url"]), "the API answers again")

        pids = read_installation(data_dir)["pids"]
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)  # as one who signals a process and its group does
        assert process.wait(60) == 0
        assert all_gone(pids.values())
        assert not running_below(data_dir)
        assert read_installation(data_dir) == {}
    assert sprung(tmp_path) == [], "what lies there is nobody's code"


def token_for(data_dir: Path, tenant: str, *roles: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", "token", "issue", "--data-dir", str(data_dir), "--tenant", tenant,
         "--user", "ada", "--role", *(roles or ("member",))],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


async def budgeted_turn(url: str, data_dir: Path) -> str:
    """What is asked first of an installation that says it is ready: a turn of a tenant with a budget, costs, sessions;
    how the turn ended."""

    def headers(tenant: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token_for(data_dir, tenant, *roles).stdout.strip()}"}

    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        ready = (await http.get("/health/ready")).json()
        assert ready["status"] == "ready" and ready["parts"].keys() >= {"read_models", "dynamodb", "kms"}
        made = await http.post("/v1/tenants", json={"name": "Acme"}, headers=headers("_platform", "operator"))
        who = headers(made.json()["tenant_id"], "member", "admin", "analyst")
        assert (await http.put("/v1/budget", json={"limit_usd": "5"}, headers=who)).status_code == 200
        for path in ("/v1/costs/summary", "/v1/sessions"):
            assert (await http.get(path, headers=who)).status_code == 200
    async with connect(f"ws{url[4:]}/v1/chat", additional_headers=who, proxy=None) as socket:
        await socket.send('{"type": "session.open"}')
        await socket.send('{"type": "turn.create", "id": "1", "text": "Hello"}')
        async for frame in socket:
            kind = json.loads(frame)["type"]
            if kind in ("turn.completed", "turn.failed", "error"):
                return str(kind)
    return "nothing"


def is_live(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_nothing_is_left_when_up_is_killed(data_dir: Path, tmp_path: Path) -> None:
    with colloquy_up(data_dir, tmp_path) as (process, told):
        process.kill()
        wait_until(lambda: all_gone(told["pids"].values()), "all are gone")
        wait_until(lambda: not running_below(data_dir), "nothing runs on the data directory")


def test_up_can_be_interrupted_while_it_starts(data_dir: Path) -> None:
    command = [sys.executable, "-m", "api.cli", "up", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first part is ready
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not running_below(data_dir)
