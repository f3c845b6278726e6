"""The audit log of an installation: signed and anchored by itself, verified here, taken out, verified elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from infra.bench.harness.installation import Installed
from infra.local.endpoints import installation_environment
from tests.journeys.conftest import chatting, reading, set_pace

pytestmark = pytest.mark.real
WITHIN_S = 60


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=WITHIN_S, check=False)


def colloquy(ours: Installed, *words: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "api.cli", *words, "--data-dir", str(ours.data_dir))


def events_of(http: httpx.Client, session: str) -> list[dict[str, Any]]:
    """The facts of a session once its turn is in the read model."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        found = http.get("/v1/audit/events", params={"session": session}).raise_for_status().json()["events"]
        if any(event["kind"].startswith("turn.completed") for event in found):
            return list(found)
        assert time.monotonic() < deadline
        time.sleep(0.2)


def head_over(http: httpx.Client, position: int) -> dict[str, Any]:
    """The first head that covers a position and is anchored."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        answer = http.get("/v1/audit/head")
        if answer.is_success and answer.json()["last_position"] >= position and answer.json()["anchored_at"]:
            return dict(answer.json())
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)


async def test_a_log_is_anchored_verified_and_taken_out_and_tampering_is_named(ours: Installed, tmp_path: Path) -> None:
    set_pace(ours)
    tenant = ours.tenants[0]
    async with chatting(ours) as chat:
        await chat.open()
        await chat.ask("a", "When does the reading room open?")
    with reading(ours, "auditor") as http:
        events = events_of(http, chat.session_id)
        head = head_over(http, events[-1]["position"])
        assert head["locked"] is True
    done = colloquy(ours, "audit", "verify", "--tenant", tenant, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"], said["findings"]) == (0, True, []), done.stdout
    (log,) = said["logs"]
    assert log["anchored"] >= head["tree_size"]

    exported, verifier = tmp_path / "log.jsonl", tmp_path / "verify.py"
    exported.write_text(colloquy(ours, "audit", "export", "--tenant", tenant).stdout)
    verifier.write_text(colloquy(ours, "audit", "export", "--verifier").stdout)
    pinned = tmp_path / "key.json"
    pinned.write_text(colloquy(ours, "audit", "keys").stdout.splitlines()[0])
    checked = python("-I", str(verifier), str(exported), "--key", str(pinned))
    assert (checked.returncode, checked.stdout) == (0, "verified\n")

    chosen = events[2]
    with psycopg.connect(installation_environment(ours.data_dir)["COLLOQUY_DATABASE_URL"], autocommit=True) as owner:
        at = (chosen["stream"], chosen["version"])
        where = "WHERE originator_id = %s AND originator_version = %s"
        (state,) = owner.execute(f"SELECT state FROM events_0 {where}", at).fetchone() or (b"",)
        owner.execute(f"UPDATE events_0 SET state = state || '\\x00'::bytea {where}", at)
        try:
            broken = colloquy(ours, "audit", "verify", "--tenant", tenant, "--json")
        finally:
            owner.execute(f"UPDATE events_0 SET state = %s {where}", (state, *at))
    (finding,) = json.loads(broken.stdout)["findings"]
    assert broken.returncode == 1
    named = {name: finding[name] for name in ("kind", "tenant_id", "position", "stream")}
    assert named == {"kind": "altered", "tenant_id": tenant, "position": chosen["position"], "stream": chosen["stream"]}
    assert colloquy(ours, "audit", "verify").returncode == 0
