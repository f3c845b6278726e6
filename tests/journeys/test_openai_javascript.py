"""OpenAI's JavaScript client, where there is node and its package can be had; elsewhere the test says so."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.bench.harness.installation import Installed
from tests.journeys.test_openai_clients import new_key

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


def test_the_javascript_client_is_served(ours: Installed, package: Path) -> None:
    script = package / "openai_sdk.mjs"
    shutil.copy(Path(__file__).with_name("openai_sdk.mjs"), script)
    node = str(shutil.which("node"))
    command = [node, str(script), f"{ours.url}/v1", new_key(ours)]
    found = subprocess.run(command, cwd=package, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout)
    assert said["whole"] and said["citations"] >= 1 and said["text"] and said["usage"] > 0
    assert (said["parts"], said["many"], said["vectors"]) == ("stop", 20, 2)
    assert said["absent"] == "NotFoundError model_not_found" and said["invalid"] == "BadRequestError invalid_field"
    assert said["unknown"] == "AuthenticationError invalid_api_key"
