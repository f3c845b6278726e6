"""A whole installation for a benchmark: `colloquy up` in a directory of its own, with tenants that have documents."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from application.clock import monotonic
from infra.local.child import ends_with_parent
from infra.local.installation import throwaway_data_dir
from infra.local.ports import held

READY_S = 120.0
INDEXED_S = 180.0
# A load of one machine's making is no tenant's usual minute.
LIMITS = {
    "COLLOQUY_REQUESTS_PER_MINUTE": "1000000",
    "COLLOQUY_FRAMES_PER_MINUTE": "1000000",
    "COLLOQUY_MAX_TURNS": "5000",
    "COLLOQUY_MAX_SOCKETS_PER_TENANT": "5000",
    "COLLOQUY_MAX_TURNS_PER_TENANT": "5000",
    "COLLOQUY_LOG_LEVEL": "warning",
}


@dataclass
class Installed:
    """A running installation and its tenants."""

    url: str
    data_dir: Path
    pids: dict[str, Any]
    bedrock_url: str
    tenants: list[str]
    urls: Sequence[str] = ()

    def tokens(self, count: int, roles: Sequence[str] = ("member",), first: int = 0) -> list[str]:
        """A token for each of `count` users from number `first` on, spread evenly over the tenants."""
        from api.composition.token_wiring import token_issuer
        from api.settings import read_settings

        issuer = token_issuer(read_settings(data_dir=str(self.data_dir)))
        return [
            issuer.issue(tenant=self.tenants[n % len(self.tenants)], user=f"user-{n}", roles=roles, ttl_s=900).token
            for n in range(first, first + count)
        ]

    def wait_for_costs(self, deadline_s: float = 60.0) -> None:
        """Until the read model of costs has seen everything."""
        (token,) = self.tokens(1, ["analyst"])
        deadline = monotonic() + deadline_s
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
            while http.get("/v1/costs/summary").raise_for_status().json()["lag_events"]:
                if monotonic() > deadline:
                    raise RuntimeError("the costs did not catch up in time")
                time.sleep(0.1)


@contextmanager
def installed(
    tenants: int,
    documents: dict[str, str],
    *,
    replicas: int = 1,
    front: bool = False,
    databases: int = 1,
    hashed_embeddings: bool = True,
    **settings: str,
) -> Iterator[Installed]:
    """An installation with so many tenants, each with the same documents. The stand-in's embeddings are the quick ones
    by default: what is measured is our server, not a sentence model on the same two cores. `settings` are environment
    variables."""
    with throwaway_data_dir() as data_dir:
        home = str(data_dir)
        environment = os.environ | LIMITS | settings | {"COLLOQUY_DATA_DIR": home}
        if hashed_embeddings:
            environment["COLLOQUY_STAND_IN_HASHED_EMBEDDINGS"] = "1"
        command = [sys.executable, "-m", "api.cli", "up", "--no-demo", "--json", "--port", "0", "--data-dir", home]
        command += ["--replicas", str(replicas)] if replicas > 1 else []
        command += ["--front"] if front else []
        command += ["--databases", str(databases)] if databases > 1 else []
        up = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            # Whoever measures may be killed: nothing is left running.
            preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # one system call
        )
        try:
            assert up.stdout is not None, "it is a pipe"
            line = up.stdout.readline()
            if not line:
                raise RuntimeError("the installation did not start")
            shown = json.loads(line)
            from infra.local.endpoints import installation_environment

            found = installation_environment(home)
            bedrock, urls = found["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"], shown.get("urls", [shown["url"]])
            ours = Installed(shown["url"], Path(home), shown["pids"], bedrock, [], urls)
            ours.tenants += _create(ours, tenants, documents)
            yield ours
        finally:
            up.terminate()
            try:
                up.wait(60)
            except subprocess.TimeoutExpired:
                up.kill()


@contextmanager
def another_server(ours: Installed, port: int = 0, **settings: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """One more API server on the installation, on a port that is free if none is given: its URL and its process."""
    from infra.local.endpoints import installation_environment

    found = installation_environment(str(ours.data_dir)) | {"COLLOQUY_DATA_DIR": str(ours.data_dir)}
    with held(port) as taken:
        here = {"COLLOQUY_HOST": "127.0.0.1", "COLLOQUY_PORT": str(taken)}
        command = [sys.executable, "-m", "api.cli", "serve"]
        server = subprocess.Popen(command, env=os.environ | found | LIMITS | settings | here, text=True)
        try:
            transport = httpx.HTTPTransport(retries=12)  # waits longer each time, in all about a minute
            with httpx.Client(transport=transport, timeout=30) as http:
                http.get(f"http://127.0.0.1:{taken}/health/live").raise_for_status()
            yield f"http://127.0.0.1:{taken}", server
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()


def _create(ours: Installed, count: int, documents: dict[str, str]) -> list[str]:
    return [create_tenant(ours, documents, f"tenant {n}") for n in range(count)]


def create_tenant(ours: Installed, documents: dict[str, str], name: str = "one more") -> str:
    """A tenant of the installation with these documents; its id."""
    os.environ["COLLOQUY_DATA_DIR"] = str(ours.data_dir)  # another one may have been started since
    from api.cli.connection import checked, connect

    with connect("_platform", ["operator"]) as http:
        tenant = str(checked(http.post("/v1/tenants", json={"name": name}))["tenant_id"])
    add_documents(tenant, documents)
    return tenant


def add_documents(tenant: str, documents: dict[str, str]) -> None:
    """Into a tenant's corpus; returns when they can be found."""
    from api.cli.connection import checked, connect

    with connect(tenant, ["editor"]) as http:
        waiting = {
            checked(http.post("/v1/documents", files={"file": (name, text.encode())}))["document_id"]
            for name, text in documents.items()
        }
        deadline = monotonic() + INDEXED_S
        while waiting and monotonic() < deadline:
            waiting = {d for d in waiting if checked(http.get(f"/v1/documents/{d}"))["status"] == "pending"}
            time.sleep(0.05)
        if waiting:
            raise RuntimeError("the documents were not indexed in time")
