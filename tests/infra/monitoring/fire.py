"""Alerts made to fire by their causes, on a whole local installation under a real Prometheus.

`python -m tests.infra.monitoring.fire` takes some minutes and prints each alert with its cause and the seconds until it
fired. The rules are those of the product; only what they wait for (`for`) is five seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import yaml

from api.cli.reconcile import STAND_INS_LOGS
from application.clock import monotonic, now, rfc3339
from infra.bench.harness.chat_load import ask_all, close_all, open_sockets
from infra.bench.harness.installation import Installed, installed
from infra.local.endpoints import installation_environment
from tests.infra.monitoring.test_alerts import ALERTS
from tests.infra.verifiers import prometheus

FIRES_S = 150.0
USERS = 12
QUESTION = "What is the notice period, and where does it say so?"


class Watched:
    """An installation, its Prometheus, and users who ask."""

    def __init__(self, ours: Installed, http: httpx.AsyncClient, sockets: list[Any]) -> None:
        self.ours, self.http, self.sockets = ours, http, sockets
        self.asked = 0
        self.told: list[str] = []

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
                self.say(f"{name}: fired after {monotonic() - began:.0f} s: {cause}")
            await asyncio.sleep(0.5)
        for name in sorted(missing):
            self.say(f"{name}: DID NOT FIRE within {FIRES_S:.0f} s: {cause}")

    async def reconcile(self, *options: str) -> None:
        """As an operator does; what it finds is told by its metrics."""
        command = [sys.executable, "-m", "api.cli", "--data-dir", str(self.ours.data_dir), "reconcile", *options]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
        self.say(f"colloquy reconcile {' '.join(options)}: exit {await process.wait()}")

    def say(self, line: str) -> None:
        """Told at once and kept."""
        self.told.append(line)
        print(line, flush=True)  # noqa: T201  # a person runs this

    def signal(self, job: str, number: int) -> None:
        """To a job's process."""
        os.kill(int(self.ours.pids[job]), number)


async def main() -> None:
    """All of it, in an order in which what is broken last stays broken."""
    with installed(1, {}, COLLOQUY_FIRST_TOKEN_S="9") as ours:
        async with watched(ours) as here:
            await here.ask(2)
            await asyncio.sleep(10)
            here.say(f"all is well: {sorted(await here.firing()) or 'none fires'}")
            for cause in (slow_model, refusing_model, throttling_model, cut_streams, dead_model, bad_credentials):
                await cause(here)
            for cause in (nobody_reconciles, log_with_holes):
                await cause(here)
            for cause in (budget_gone, old_keys, stopped_jobs, store_set_back, unsafe_login, hanging_server):
                await cause(here)


async def slow_model(here: Watched) -> None:
    """First tokens after six seconds."""
    pace = f"{here.ours.bedrock_url}/control/pace"
    await here.http.post(pace, json={"first_token_ms": 6_000, "token_ms": 1})
    await here.ask()
    await here.http.post(pace, json={"first_token_ms": 100, "token_ms": 1})
    await here.until("ColloquyFirstTokenLate", cause="the model's first token takes six seconds")


async def refusing_model(here: Watched) -> None:
    """One family is refused."""
    await here.fault(kind="access_denied", model="sonnet")
    await here.ask()
    await here.until("ColloquyModelRefusesUs", cause="calls of one model answer AccessDeniedException")


async def throttling_model(here: Watched) -> None:
    """Half of the calls."""
    await here.fault(kind="throttle", probability=0.5)
    await here.ask(2)
    await here.until("ColloquyModelThrottles", cause="half of the calls are throttled")


async def cut_streams(here: Watched) -> None:
    """Streams end without their count."""
    await here.fault(kind="cut", after_deltas=2, probability=0.5)
    await here.ask(3)
    await here.until("ColloquyLedgerDrifts", cause="streams are cut, so that calls are estimated")


async def dead_model(here: Watched) -> None:
    """Every model is away."""
    await here.fault(kind="unavailable")
    await here.ask(3)
    names = ("ColloquyTurnsFailFast", "ColloquyTurnsFailSlowly", "ColloquyTurnsFailSteadily", "ColloquyBreakerOpen")
    await here.until(*names, cause="every call answers ServiceUnavailableException")
    await here.fault()


async def bad_credentials(here: Watched) -> None:
    """Many requests with a token of nobody's."""
    async with httpx.AsyncClient(base_url=here.ours.url, headers={"Authorization": "Bearer a.b.c.d.e"}) as stranger:
        for _ in range(60):
            await asyncio.gather(*(stranger.get("/v1/sessions") for _ in range(100)))
    await here.until("ColloquyCredentialsRefused", cause="6,000 requests with a token of nobody's")


async def nobody_reconciles(here: Watched) -> None:
    """The last comparison ended three days ago."""
    ended = now() - timedelta(days=3)
    await here.reconcile("--from", rfc3339(ended - timedelta(days=1)), "--to", rfc3339(ended))
    await here.until("ColloquyNotReconciled", cause="the last `colloquy reconcile` went as far as three days ago")


async def log_with_holes(here: Watched) -> None:
    """The provider's log has lost a tenth of its lines."""
    await here.ask()
    for path in (here.ours.data_dir / STAND_INS_LOGS).glob("*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for number, line in enumerate(lines) if number % 10))
    await here.reconcile("--days", "1", "--grace", "0")
    await here.until("ColloquyLedgerDiffers", cause="a tenth of the lines of the provider's log are gone")


async def budget_gone(here: Watched) -> None:
    """A budget that is used up."""
    (admin,) = here.ours.tokens(1, ["admin"])
    bearer = {"Authorization": f"Bearer {admin}"}
    body = {"period": "day", "limit_usd": "0.0001"}
    (await here.http.put(f"{here.ours.url}/v1/budget", json=body, headers=bearer)).raise_for_status()
    await here.ask(3)
    await here.until("ColloquyBudgetsRefuse", cause="the tenant's budget is a hundredth of a cent")
    (await here.http.put(f"{here.ours.url}/v1/budget", json={}, headers=bearer)).raise_for_status()


async def old_keys(here: Watched) -> None:
    """Keys that say that they are old."""
    path = here.ours.data_dir / "keys.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"made_at": 1_700_000_000}))
    await here.until("ColloquyKeysOld", cause="the key file says it was made in 2023")


async def stopped_jobs(here: Watched) -> None:
    """Jobs that are stopped, not ended: nobody starts them again."""
    for job in ("relay", "project"):
        here.signal(job, signal.SIGSTOP)
    await here.ask(12)
    names = ("ColloquyJobSilent", "ColloquyProjectionLate", "ColloquyRelayLate", "ColloquyProcessAway")
    await here.until(*names, cause="relay and project are stopped (SIGSTOP) under turns")
    for job in ("relay", "project"):
        here.signal(job, signal.SIGCONT)


async def store_set_back(here: Watched) -> None:
    """The pipe holds what the store does not."""
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        for _ in range(100):  # until the relay has taken all of it
            behind = connection.execute("SELECT count(*) FROM projections.positions").fetchone()
            await asyncio.sleep(0.1)
        connection.execute(
            "DELETE FROM events_0 WHERE notification_id > (SELECT max(notification_id) - 3 FROM events_0)"
        )
    assert behind
    await here.until("ColloquyRelayHalted", cause="the store's last facts are gone, as after a restore")


async def unsafe_login(here: Watched) -> None:
    """A role that may do more than it must."""
    with psycopg.connect(owner(here.ours), autocommit=True) as connection:
        roles = connection.execute(
            "SELECT rolname FROM pg_roles"
            " WHERE pg_has_role(oid, 'colloquy_app', 'MEMBER') AND rolcanlogin AND NOT rolsuper"
        ).fetchall()
        for (role,) in roles:
            connection.execute(f'ALTER ROLE "{role}" CREATEDB')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY (%s)", ([r for (r,) in roles],)
        )
    await here.ask()
    await here.until("ColloquyLoginUnsafe", cause="the API's role was given CREATEDB")


async def hanging_server(here: Watched) -> None:
    """The API stands still."""
    api = here.ours.pids["api"]
    os.kill(int(api[0] if isinstance(api, list) else api), signal.SIGSTOP)
    await here.until("ColloquyProcessAway", cause="the API is stopped (SIGSTOP)")
    os.kill(int(api[0] if isinstance(api, list) else api), signal.SIGCONT)


def owner(ours: Installed) -> str:
    """The database's owner."""
    return installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]


@asynccontextmanager
async def watched(ours: Installed) -> AsyncIterator[Watched]:
    """A Prometheus over the installation, and its users' sockets."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        found = yaml.safe_load(ALERTS.read_text())
        for rule in (rule for group in found["groups"] for rule in group["rules"]):
            rule.update({"for": "5s"} if "for" in rule else {})
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


if __name__ == "__main__":
    asyncio.run(main())
