"""The program out of the image's root file system: read-only, as uid 10001, in a mount namespace of its own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from application.clock import monotonic
from infra.bench.harness.installation import LIMITS, Installed, create_tenant
from infra.bench.harness.versions import JOBS, ROOT, Processes, Version
from infra.local.child import ends_with_parent
from infra.local.endpoints import write_installation
from infra.local.installation import throwaway_data_dir
from infra.local.ports import held
from infra.local.stack import running

WISH = "COLLOQUY_TEST_IMAGE"
IMAGE = Path(os.environ.get(WISH) or ROOT / "build" / "image" / "rootfs")
UID = 10001
# The root read-only, what is written elsewhere, and no way to become root again.
CONFINED = """
set -eu
mount --make-rprivate /
mount --bind {root} {root}
mount -t proc proc {root}/proc
mount --bind {data} {root}/data
mount -t tmpfs tmpfs {root}/tmp
mount -o remount,ro,bind {root}
exec chroot --userspec={uid}:{uid} {root} /usr/bin/env -i {environment} colloquy {arguments}
"""


def absent() -> str:
    """Why there is nothing to run; empty when there is."""
    if os.getuid() != 0:
        return "the image's root file system is entered as root"
    return "" if IMAGE.is_dir() else f"there is no {IMAGE}: `make image` makes it"


def needs_image() -> None:
    """Skip where there is none."""
    if why := absent():
        pytest.skip(why)


@dataclass(frozen=True)
class Confined(Version):
    """The image's version. `data` is what stands at /data in it."""

    data: Path = Path()

    def begin(self, environment: Mapping[str, str], *arguments: str, **how: Any) -> subprocess.Popen[bytes]:
        """See `Version`: nothing of this machine's environment but what leads to the services comes in."""
        led = {name: value for name, value in environment.items() if name.startswith(("COLLOQUY_", "AWS_"))}
        led |= {"PATH": "/usr/bin:/bin", "COLLOQUY_DATA_DIR": "/data", "PYTHONDONTWRITEBYTECODE": "1"}
        script = CONFINED.format(
            root=self.home, data=self.data, uid=UID, arguments=shlex.join(arguments),
            environment=" ".join(shlex.quote(f"{name}={value}") for name, value in led.items()),
        )  # fmt: skip
        # Not a shell of a user's making: what it mounts and runs are constants of this file.
        command = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script]
        return subprocess.Popen(command, preexec_fn=ends_with_parent(signal.SIGTERM), **how)  # noqa: PLW1509


@dataclass
class OutOfImage:
    """An installation whose every process comes out of the image: the API servers with their jobs, and seconds from
    the first process to a server that can answer."""

    installed: Installed
    servers: list[Processes]
    ready_s: float


@contextmanager
def out_of_image(
    tenants: int, documents: dict[str, str], *, replicas: int = 1, **settings: str
) -> Iterator[OutOfImage]:
    """Services of this machine, and the product out of the image on them, for as long as a block runs."""
    with throwaway_data_dir() as data_dir, running(data_dir) as stack, ExitStack() as kept:
        os.chown(data_dir, UID, UID)
        found = stack.endpoints.environment() | LIMITS | settings | {"COLLOQUY_STAND_IN_HASHED_EMBEDDINGS": "1"}
        urls = [f"http://127.0.0.1:{kept.enter_context(held())}" for _ in range(replicas)]
        image, logs = Confined("image", IMAGE, Path("/usr/bin/python3"), data_dir), data_dir / "log"
        servers = [Processes(image, found, url, logs, JOBS if n == 0 else JOBS[:1]) for n, url in enumerate(urls)]
        try:
            image.run(found, "migrate")
            began = monotonic()
            servers[0].start()
            ready_s = round(monotonic() - began, 1)
            for server in servers[1:]:
                server.start()
            shown = {"pid": os.getpid(), "environment": found, "url": urls[0], "data_dir": str(data_dir), "pids": {}}
            write_installation(data_dir, shown)
            ours = Installed(urls[0], data_dir, {}, stack.endpoints.bedrock_url, [], urls)
            ours.tenants += [create_tenant(ours, documents, f"tenant {n}") for n in range(tenants)]
            yield OutOfImage(ours, servers, ready_s)
            for server in servers:
                server.stop()
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{servers[0].told()}") from error
        finally:
            for server in servers:
                server.kill()
