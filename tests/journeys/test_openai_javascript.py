"""OpenAI's JavaScript client, where there is node and its package can be had; elsewhere the test says so."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.bench.harness.installation import Installed
from tests.journeys.conftest import reading, set_pace
from tests.journeys.test_openai_clients import ends_as, new_key, without_money

pytestmark = pytest.mark.real
INSTALL_S, RUN_S = 60, 90


@pytest.fixture
def package(tmp_path: Path) -> Path:
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        pytest.skip("there is no node on this machine: OpenAI's JavaScript client was not tried")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "openai@6"]
    try:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("the npm registry did not give `openai`: its JavaScript client was not tried")
    return tmp_path


def run(ours: Installed, package: Path, *keys: str) -> Any:
    """What the script says of its client."""
    script = package / "openai_sdk.mjs"
    shutil.copy(Path(__file__).with_name("openai_sdk.mjs"), script)
    node = str(shutil.which("node"))
    command = [node, str(script), f"{ours.url}/v1", *keys]
    found = subprocess.run(command, cwd=package, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_the_javascript_client_is_served(ours: Installed, package: Path) -> None:
    said = run(ours, package, new_key(ours))
    assert said["whole"] and said["citations"] >= 1 and said["text"] and said["usage"] > 0
    assert (said["parts"], said["many"], said["vectors"], said["formed"]) == ("stop", 20, 2, "number")
    assert said["absent"] == "NotFoundError model_not_found" and said["invalid"] == "BadRequestError invalid_field"
    assert said["unknown"] == "AuthenticationError invalid_api_key"
    set_pace(ours, first_token_ms=50, token_ms=150)
    try:
        with without_money(ours, 1), reading(ours, "member") as http:
            said = run(ours, package, new_key(ours), new_key(ours, 1))
            assert asyncio.run(ends_as(http, said["left"])) == "cancelled"
            assert said["limited"] == "RateLimitError budget_exceeded" and said["after"] >= 1
    finally:
        set_pace(ours)
