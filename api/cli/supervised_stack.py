"""The product's processes on one machine, kept running: in what order, with which logins, on which ports."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import click

from api.settings import Settings
from application.clock import monotonic
from infra.local.child import python
from infra.local.endpoints import write_installation
from infra.local.job_logins import as_job
from infra.local.stack import Stack

BACKGROUND = ("relay", "project", "ingest")
BACKGROUND_GRACE_S = 10.0
# The settings that other commands on the data directory need to find what runs there.
RECORDED = ("COLLOQUY_", "AWS_ENDPOINT_URL")
READY_S = 60.0
DRAIN_MARGIN_S = 5.0


class SupervisedStack:
    """A stack with the product's processes in it; the guardian starts again what ends."""

    def __init__(self, stack: Stack, settings: Settings, environment: dict[str, str], urls: Sequence[str]) -> None:
        self.stack, self.settings, self.environment, self.urls = stack, settings, environment, urls
        self.front = ""
        self.logins: dict[str, dict[str, str]] = {}

    def start_api(self, within_s: float) -> None:
        """The API servers, alone, so that they have the machine for themselves. Each has its drain and a bit more to
        end in."""
        grace_s = self.settings.leave_s + self.settings.drain_s + DRAIN_MARGIN_S
        for name, url in zip(self.apis, self.urls, strict=True):
            self._start(name, "serve", grace_s, COLLOQUY_PORT=url.rpartition(":")[2])
        self._wait_for(
            lambda: self.stack.pids.keys() >= set(self.apis) and all(map(is_ready, self.urls)),
            "the API was not ready",
            within_s,
        )

    @property
    def apis(self) -> list[str]:
        """The API servers by name."""
        return ["api", *(f"api-{number}" for number in range(2, len(self.urls) + 1))]

    def start_front(self, port: int) -> None:
        """What spreads connections over the API servers."""
        host = self.settings.host
        self.front = f"http://{host}:{port}"
        argv = python("infra.local.front", f"{host}:{port}", *(url.removeprefix("http://") for url in self.urls))
        self.stack.start_job("front", argv, {"PATH": os.environ.get("PATH", "")}, BACKGROUND_GRACE_S)
        self._wait_for(lambda: is_ready(self.front), "the front was not ready")

    def start_background(self) -> None:
        """The jobs that nobody waits for."""
        for name in BACKGROUND:
            self._start(name, name, BACKGROUND_GRACE_S)
        self._wait_for(lambda: self.stack.pids.keys() >= set(BACKGROUND), "the background jobs were not started")

    def _start(self, name: str, command: str, grace_s: float, **settings: str) -> None:
        # No job knows the database's owner; only those that answer nobody see all tenants.
        environment = self.environment | settings | self.logins["background" if name in BACKGROUND else "api"]
        environment.pop("COLLOQUY_DATABASE_URL", None)  # `logins` has `COLLOQUY_LANE_URLS` without owners
        started = self.stack.endpoints.environment()
        environment |= as_job(command, {k: v for k, v in started.items() if v == self.environment.get(k)})
        if name != "api":
            environment.pop("COLLOQUY_METRICS_PORT", None)  # it is the API's, the first one's: others take any
        environment["COLLOQUY_METRICS_TARGETS"] = str(self.settings.data_path / "run" / "metrics")
        self.stack.start_job(name, python("api.cli", command), environment, grace_s)

    def follow(self, timeout_s: float) -> None:
        """Take one piece of news, if any comes; RuntimeError when something cannot be kept running."""
        news = self.stack.news(timeout_s) or {}
        if "started" in news:
            self.describe()
        elif "exited" in news:
            name = news["exited"]
            log = self.settings.data_path / "log" / f"{name}.log"
            click.echo(f"{name} ended with code {news['code']} and is started again (see {log})", err=True)

    def _wait_for(self, holds: Callable[[], bool], otherwise: str, within_s: float = READY_S) -> None:
        deadline = monotonic() + within_s
        while not holds():
            self.follow(0.05)
            if monotonic() > deadline:
                raise RuntimeError(f"{otherwise} within {within_s:.0f} s: see {self.settings.data_path / 'log'}")

    def describe(self) -> dict[str, Any]:
        """Write how to reach the installation, for other commands, and give what `--json` prints."""
        shown: dict[str, Any] = {"url": self.url, "data_dir": str(self.settings.data_path), "pids": self._pids()}
        if len(self.urls) > 1:
            shown["urls"] = self.urls
        # Other people's settings and credentials stay where they are.
        named = {name: value for name, value in self.environment.items() if name.startswith(RECORDED)}
        named |= self.stack.endpoints.environment(named)
        write_installation(self.settings.data_path, {"pid": os.getpid(), "environment": named, **shown})
        return shown

    @property
    def url(self) -> str:
        """Where people go: the front, or the first API server."""
        return self.front or self.urls[0]

    def _pids(self) -> dict[str, Any]:
        """By part; those of several API servers as a list."""
        pids: dict[str, Any] = dict(self.stack.pids)
        if len(self.urls) > 1:
            pids["api"] = [pid for name in self.apis if (pid := pids.pop(name, None))]
        return pids


def is_ready(url: str) -> bool:
    """Whether the API says that it can answer, and that there is what is read."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:  # noqa: S310  # the URL is our own
            report = json.load(answer)
            return bool(report["status"] != "down" and report["parts"]["read_models"]["status"] == "ok")
    except (OSError, ValueError, urllib.error.URLError):
        return False
