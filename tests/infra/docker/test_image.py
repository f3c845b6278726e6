"""The product out of the image's root file system: read-only, as uid 10001, all jobs, up to an answer."""

from __future__ import annotations

import asyncio
import errno
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from api.cli.main import COMMANDS
from api.client import Colloquy
from api.client.frames import Completed
from api.settings import PREFIX, Settings
from infra.bench.harness.versions import JOBS
from tests.architecture.made_docs import ROOT
from tests.infra.docker.confined import IMAGE, UID, needs_image, out_of_image
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
        (token,) = ours.installed.tokens(1)
        done = asyncio.run(_ask(first.url, token))
        assert done.status == "completed" and done.text
        print(f"image: ready after {ours.ready_s} s, answered in {done.ms} ms")  # noqa: T201  # what one wants to know


LOOK = """
import os, pathlib
print(os.getuid())
for place in ("/", "/opt/colloquy", "/usr/bin"):
    try:
        pathlib.Path(place, "x").touch()
    except OSError as error:
        print(place, error.errno)
"""


@pytest.mark.real
def test_a_container_engine_runs_it_as_it_is_meant_to_run() -> None:
    """Podman of Debian, out of the folder, for no registry is asked. Limits are named: it would give more than whoever
    runs the tests may have."""
    needs_image()
    podman, runtime = shutil.which("podman"), shutil.which("runc") or shutil.which("crun")
    if not podman or not runtime:
        pytest.skip("podman with runc is not here: they are in Debian's packages of these names")
    command = [
        podman,
        "--runtime",
        runtime,
        "--cgroup-manager",
        "cgroupfs",
        "run",
        "--rm",
        "--read-only",
        "--network",
        "none",
    ]
    command += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--user", f"{UID}:{UID}"]
    asked = [*command, "--rootfs", str(IMAGE.resolve()), "/usr/bin/python3", "-I", "-c", LOOK]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode and not done.stdout:
        pytest.skip(f"podman runs no containers here: {done.stderr.strip().splitlines()[-1]}")
    read_only, not_yours = errno.EROFS, errno.EACCES
    assert done.stdout.split()[0] == str(UID)
    refusals = [int(line.split()[1]) for line in done.stdout.splitlines()[1:]]
    assert len(refusals) == 3 and set(refusals) <= {read_only, not_yours}, done.stdout
    helped = subprocess.run(
        [*asked[:-4], "colloquy", "serve", "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert "The API server" in helped.stdout


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
