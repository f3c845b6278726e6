"""`colloquy doctor` on a running installation, and on one whose parts are not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.bench.harness.installation import Installed

pytestmark = pytest.mark.real
PARTS = ["settings", "machine", "postgres", "nats", "valkey", "dynamodb", "s3", "kms", "bedrock"]


def doctor(data_dir: Path, **settings: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "api.cli", "doctor", "--json", "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | settings, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_sound_installation_is_sound(ours: Installed) -> None:
    code, report = doctor(ours.data_dir)
    bad = [finding for finding in report["findings"] if finding["verdict"] == "bad"]
    assert (code, report["ok"], bad) == (0, True, [])
    assert list(dict.fromkeys(finding["part"] for finding in report["findings"])) == PARTS


def test_what_would_break_is_said_with_how_to_mend_it(ours: Installed) -> None:
    nowhere = "127.0.0.1:1"
    code, report = doctor(
        ours.data_dir,
        COLLOQUY_NATS_URL=f"nats://{nowhere}",
        COLLOQUY_VALKEY_URL=f"valkey://{nowhere}",
        COLLOQUY_BUCKET="not-there",
        COLLOQUY_TABLE="not-there",
        COLLOQUY_MODEL_FAST="us.nobody.knows-it-v1:0",
        COLLOQUY_MAX_SOKETS="5",
    )
    found = {(finding["part"], finding["verdict"]) for finding in report["findings"]}
    assert code == 1 and not report["ok"]
    assert found >= {
        ("settings", "bad"), ("settings", "warn"), ("nats", "bad"), ("valkey", "warn"), ("dynamodb", "bad"),
        ("s3", "bad"),
    }  # fmt: skip
    assert all(finding["mend"] for finding in report["findings"] if finding["verdict"] != "ok")
