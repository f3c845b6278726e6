"""The product out of the image's root file system: read-only, as uid 10001, all jobs, up to an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
import yaml

from api.cli.main import COMMANDS
from api.client import Colloquy
from api.client.frames import Completed
from api.settings import PREFIX, Settings
from infra.bench.harness.versions import JOBS
from tests.architecture.made_docs import ROOT
from tests.infra.docker.confined import UID, needs_image, out_of_image
from tests.infra.verifiers import installed, run

DOCKER = ROOT / "infra" / "docker"


def test_compose_names_settings_and_commands_that_are_there() -> None:
    found = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    settings = {name.upper() for name in Settings.__struct_fields__}
    ours = {name: one for name, one in found["services"].items() if one.get("image") == "colloquy"}
    assert ours.keys() == {"migrate", *JOBS}
    for name, service in ours.items():
        assert service["command"][0] == name and name in COMMANDS and service["read_only"]
        said = {key.removeprefix(PREFIX) for key in service["environment"] if key.startswith(PREFIX)}
        assert said <= settings, name


@pytest.mark.real
def test_the_dockerfile_is_clean() -> None:
    run(installed("hadolint"), str(DOCKER / "Dockerfile"))


@pytest.mark.real
def test_it_answers_out_of_the_image_as_nobody_in_particular_and_writes_nowhere_else() -> None:
    needs_image()
    with out_of_image(1, {}) as ours:
        first = ours.servers[0]
        assert {_status(process.pid)["Uid"].split()[0] for process in first.running.values()} == {str(UID)}
        assert {_status(process.pid)["CapEff"] for process in first.running.values()} == {"0" * 16}
        serve = first.running["serve"].pid
        assert _root_of(serve) == "ro" and not list(Path(f"/proc/{serve}/root/opt/colloquy").glob("tests"))
        assert httpx.get(f"{first.url}/metrics").status_code == 404
        (token,) = ours.installed.tokens(1)
        done = asyncio.run(_ask(first.url, token))
        assert done.status == "completed" and done.text
        print(f"image: ready after {ours.ready_s} s, answered in {done.ms} ms")  # noqa: T201  # what one wants to know


async def _ask(url: str, token: str) -> Completed:
    async with Colloquy(url, token) as colloquy, colloquy.chat() as chat:
        return await chat.answer("What can you tell me about returns?")


def _status(pid: int) -> dict[str, str]:
    """Of the process in the image, which the shell has become: the same pid."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _root_of(pid: int) -> str:
    """How its root is mounted: the first option of the last mount there."""
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    return [mount[5].split(",")[0] for mount in mounts if mount[4] == "/"][-1]
