"""An installation under a real Prometheus, with the product's rules and users who ask."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from application.clock import monotonic
from infra.bench.harness.chat_load import ask_all, close_all, open_sockets
from infra.bench.harness.installation import Installed
from infra.local.endpoints import installation_environment
from tests.infra.monitoring.test_alerts import ALERTS
from tests.infra.verifiers import prometheus

FIRES_S = 150.0
USERS = 12
QUESTION = "What is the notice period, and where does it say so?"
ANCHORED_LATE_S = 20
"""In place of the rule's quarter of an hour."""


class Watched:
    """An installation, its Prometheus, and users who ask."""

    def __init__(self, ours: Installed, http: httpx.AsyncClient, sockets: list[Any]) -> None:
        self.ours, self.http, self.sockets = ours, http, sockets
        self.asked = 0
        self.fired: set[str] = set()
        self.silent: set[str] = set()

    async def ask(self, times: int = 1) -> None:
        """Every user asks so often."""
        for _ in range(times):
            self.asked += 1
            await ask_all(self.sockets, QUESTION, f"turn-{self.asked}")

    async def fault(self, **order: Any) -> None:
        """What goes wrong with calls of the model from now on."""
        await self.http.delete(f"{self.ours.bedrock_url}/control/faults")
        if order:
            (await self.http.post(f"{self.ours.bedrock_url}/control/faults", json=order)).raise_for_status()

    async def firing(self) -> set[str]:
        """The names of alerts that fire now."""
        found = (await self.http.get("/api/v1/alerts")).json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in found if alert["state"] == "firing"}

    async def until(self, *names: str, cause: str) -> None:
        """Wait until these fire; what does not in time is said."""
        began, missing = monotonic(), set(names)
        while missing and monotonic() - began < FIRES_S:
            for name in sorted(missing & await self.firing()):
                missing.remove(name)
                self.fired.add(name)
                self.say(f"{name}: fired after {monotonic() - began:.0f} s: {cause}")
            await asyncio.sleep(0.5)
        self.silent |= missing
        for name in sorted(missing):
            self.say(f"{name}: DID NOT FIRE within {FIRES_S:.0f} s: {cause}")

    async def reconcile(self, *options: str) -> None:
        """As an operator does; what it finds is told by its metrics."""
        command = [sys.executable, "-m", "api.cli", "--data-dir", str(self.ours.data_dir), "reconcile", *options]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
        self.say(f"colloquy reconcile {' '.join(options)}: exit {await process.wait()}")

    def say(self, line: str) -> None:
        """Told at once."""
        print(line, flush=True)  # noqa: T201  # a person runs this

    def pid(self, job: str) -> int:
        """Of a job's process, or of a part's."""
        found = self.ours.pids[job]
        return int(found[0] if isinstance(found, list) else found)

    def signal(self, job: str, number: int) -> None:
        """To such a process."""
        os.kill(self.pid(job), number)

    async def pace(self, first_token_ms: int = 100, token_ms: int = 1) -> None:
        """How fast models speak from now on."""
        said = {"first_token_ms": first_token_ms, "token_ms": token_ms}
        await self.http.post(f"{self.ours.bedrock_url}/control/pace", json=said)


@asynccontextmanager
async def watched(ours: Installed) -> AsyncIterator[Watched]:
    """A Prometheus over the installation, and its users' sockets."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        found = yaml.safe_load(ALERTS.read_text())
        for rule in (rule for group in found["groups"] for rule in group["rules"]):
            rule.update({"for": "5s"} if "for" in rule else {})
            rule["expr"] = rule["expr"].replace("anchor_age_seconds) > 900", f"anchor_age_seconds) > {ANCHORED_LATE_S}")
        (home / "alerts.yaml").write_text(yaml.safe_dump(found))
        targets = str(ours.data_dir / "run" / "metrics" / "*.json")
        scraped = {"job_name": "colloquy", "file_sd_configs": [{"files": [targets], "refresh_interval": "2s"}]}
        settings = {
            "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"},
            "rule_files": ["alerts.yaml"],
            "scrape_configs": [scraped],
        }
        (home / "prometheus.yaml").write_text(yaml.safe_dump(settings))
        port = 19_291
        options = (f"--config.file={home}/prometheus.yaml", f"--storage.tsdb.path={home}/data")
        command = [prometheus(), *options, f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        server = subprocess.Popen(command)  # noqa: ASYNC220  # one small program
        sockets = await open_sockets(ours.url.replace("http", "ws") + "/v1/chat", ours.tokens(USERS))
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                await _until_scraped(http)
                yield Watched(ours, http, list(sockets))
        finally:
            await close_all(sockets)
            server.terminate()
            server.wait(20)


async def _until_scraped(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                active = (await http.get("/api/v1/targets")).json()["data"]["activeTargets"]
                if sum(target["health"] == "up" for target in active) >= 4:
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(0.5)


def owner(ours: Installed) -> str:
    """The database's owner."""
    return installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
