"""The product out of the image's root file system: read-only, as uid 10001, all jobs, up to an answer."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from api.cli.main import COMMANDS
from api.client import Colloquy
from api.client.frames import Completed
from api.composition.token_wiring import token_issuer
from api.settings import PREFIX, Settings
from application.clock import monotonic
from infra.local.endpoints import Endpoints
from tests.architecture.made_docs import ROOT
from tests.infra.verifiers import installed, run

DOCKER = ROOT / "infra" / "docker"
IMAGE = Path(os.environ.get("COLLOQUY_TEST_IMAGE", ROOT / "build" / "image" / "rootfs"))
UID = 10001
JOBS = ("serve", "relay", "project", "ingest")
READY_S = 120.0
# A mount namespace of its own: the root read-only, what is written elsewhere, and no way to become root again.
CONFINED = """
set -eu
mount --make-rprivate /
mount --bind {root} {root}
mount -t proc proc {root}/proc
mount --bind {data} {root}/data
mount --bind {keys} {root}/keys
mount -t tmpfs tmpfs {root}/tmp
mount -o remount,ro,bind {root}
exec chroot --userspec={uid}:{uid} {root} /usr/bin/env -i {environment} {command}
"""


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


@contextmanager
def confined(command: str, home: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process out of the image for as long as a block runs."""
    told = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
    script = CONFINED.format(
        root=IMAGE, data=home / "data", keys=home / "keys", uid=UID, environment=told, command=command
    )
    # Not a shell of a user's making: what it mounts and runs are constants of this file.
    process = subprocess.Popen(["/usr/bin/unshare", "-m", "/bin/sh", "-c", script], stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def until_ready(url: str, process: subprocess.Popen[str]) -> float:
    """Seconds until a job's own port says that it is ready."""
    began = monotonic()
    while True:
        try:
            if httpx.get(f"{url}/health/ready", timeout=2).json()["status"] != "down":
                return monotonic() - began
        except (httpx.HTTPError, ValueError):
            pass
        if process.poll() is not None or monotonic() - began > READY_S:
            process.kill()
            said = process.stderr.read() if process.stderr else ""
            raise AssertionError(f"{url} was not ready: {said[-3000:]}")


@pytest.mark.real
def test_it_answers_out_of_the_image(endpoints: Endpoints, database: str, tmp_path: Path) -> None:
    if not IMAGE.is_dir() or os.getuid() != 0:
        pytest.skip("there is no root file system of the image: `make image` makes it, as root")
    for folder in ("data", "keys"):
        (tmp_path / folder).mkdir()
        os.chown(tmp_path / folder, UID, UID)
    with ExitStack() as held:
        ports = {job: _free(held) for job in ("http", *JOBS)}
    given = endpoints.environment() | {
        "PATH": "/usr/bin:/bin", "COLLOQUY_DATABASE_URL": database, "COLLOQUY_DATA_DIR": "/data",
        "COLLOQUY_KEYS_FILE": "/keys/keys.json", "COLLOQUY_PORT": str(ports["http"]),
        "COLLOQUY_BUCKET": f"image-{os.getpid()}", "COLLOQUY_TABLE": f"image-{os.getpid()}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    with confined("colloquy migrate", tmp_path, given) as migrate:
        assert migrate.wait(120) == 0, migrate.stderr and migrate.stderr.read()
    with ExitStack() as stack:
        ready = {}
        for job in JOBS:
            own = given | {"COLLOQUY_METRICS_PORT": str(ports[job])}
            process = stack.enter_context(confined(f"colloquy {job}", tmp_path, own))
            ready[job] = round(until_ready(f"http://127.0.0.1:{ports[job]}", process), 1)
            assert _uid_of(process.pid) == UID
        url = f"http://127.0.0.1:{ports['http']}"
        assert httpx.get(f"{url}/metrics").status_code == 404
        issuer = token_issuer(Settings(keys_file=str(tmp_path / "keys" / "keys.json")))
        operator = issuer.issue(tenant="_platform", user="op", roles=["operator"], ttl_s=300).token
        made = httpx.post(f"{url}/v1/tenants", json={"name": "image"}, headers={"Authorization": f"Bearer {operator}"})
        tenant = made.raise_for_status().json()["tenant_id"]
        token = issuer.issue(tenant=tenant, user="ada", roles=["member"], ttl_s=300).token
        done = asyncio.run(_ask(url, token))
        assert done.status == "completed" and done.text
        print(f"image: ready after {ready} s, answered in {done.ms} ms")  # noqa: T201  # what one wants to know


async def _ask(url: str, token: str) -> Completed:
    async with Colloquy(url, token) as colloquy, colloquy.chat() as chat:
        return await chat.answer("What can you tell me about returns?")


def _free(held: ExitStack) -> int:
    """A port that is free, held until all are known."""
    return int(held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])


def _uid_of(pid: int) -> int:
    """Of the process in the image, which the shell has become: the same pid."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1])
