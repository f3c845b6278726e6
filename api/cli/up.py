"""`colloquy up`: everything on this machine, in one process tree that stops whole."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import click

from api.cli.main import with_data_dir
from api.settings import Settings, read_settings
from infra.local.endpoints import given_outside, write_installation
from infra.local.stack import Stack, start

JOBS = ("relay", "project", "ingest")
READY_S = 60.0
RESTARTS, RESTARTS_WITHIN_S = 5, 60.0


class Progress:
    """A line for each part as it becomes ready, on standard error."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, what: str, _: float = 0.0) -> None:
        click.echo(f"  {time.monotonic() - self._began:6.2f} s  {what}", err=True)


class Installation:
    """A stack with the product's processes in it."""

    def __init__(self, stack: Stack, settings: Settings, environment: dict[str, str], url: str) -> None:
        self.stack, self.settings, self.environment, self.url = stack, settings, environment, url
        self.pids = dict(stack.pids)
        self._news: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._restarts: dict[str, list[float]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for news in self.stack.news():
            self._news.put(news)
        self._news.put({"exited": "guardian", "part": True, "log": ""})

    def start_jobs(self) -> None:
        """The API server first, then the background jobs."""
        for name in ("api", *JOBS):
            self._start_job(name)

    def _start_job(self, name: str) -> None:
        command = "serve" if name == "api" else name
        argv = [sys.executable, "-m", "api.cli", command]
        self.stack.start_job(name, argv, self.environment)

    def interrupt(self) -> None:
        """Wake `watch` to end."""
        self._news.put(None)

    def note(self, deadline_s: float) -> bool:
        """Take one piece of news; True when it is time to stop. RuntimeError when a server is gone for good."""
        try:
            news = self._news.get(timeout=deadline_s)
        except queue.Empty:
            return False
        if news is None:
            return True
        if "started" in news:
            self.pids[news["started"]] = news["pid"]
            self.describe()
        elif "exited" in news:
            self._ended(news)
        return False

    def _ended(self, news: dict[str, Any]) -> None:
        name, tail = news["exited"], news["log"]
        if news["part"]:
            raise RuntimeError(f"{name} ended; everything is stopped. The end of its log:\n{tail}")
        now = time.monotonic()
        recent = [at for at in self._restarts.get(name, []) if now - at < RESTARTS_WITHIN_S]
        if len(recent) >= RESTARTS:
            raise RuntimeError(f"{name} ended {RESTARTS} times within a minute. The end of its log:\n{tail}")
        click.echo(f"{name} ended with code {news['code']}; starting it again", err=True)
        self._restarts[name] = [*recent, now]
        time.sleep(min(5.0, 0.2 * 2 ** len(recent)))
        self._start_job(name)

    def wait_until_ready(self) -> bool:
        """True when the API answers; False when told to stop before."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.note(0.05):
                return False
            if "api" in self.pids and is_ready(self.url):
                return True
        raise RuntimeError(f"the API was not ready within {READY_S:.0f} s: see {self.settings.data_path / 'log'}")

    def describe(self) -> dict[str, Any]:
        """Write how to reach the installation, for other commands, and give what `--json` prints."""
        shown = {"url": self.url, "data_dir": str(self.settings.data_path), "pids": self.pids}
        write_installation(self.settings.data_path, {"pid": os.getpid(), "environment": self.environment, **shown})
        return shown


def is_ready(url: str) -> bool:
    """Whether the API says that it can answer."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:
            return bool(json.load(answer)["status"] != "down")
    except (OSError, ValueError, urllib.error.URLError):
        return False


def free_port(host: str, wanted: int | None, usual: int) -> int:
    """The wanted port, which must be free; without a wish the usual one, or any."""
    for port in (wanted,) if wanted else (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError(f"port {wanted} is taken; choose another with --port")


@click.command()
@with_data_dir
@click.option("--port", type=int, help="The API's port (default: 8080, or a free one when that is taken).")
@click.option("--no-demo", is_flag=True, help="Do not create the two demo tenants.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def up(port: int | None, no_demo: bool, as_json: bool) -> None:
    """Start everything on this machine and stop it all on Ctrl-C.

    Example: colloquy up --port 8080
    """
    progress = Progress()
    settings = read_settings()
    without = given_outside(os.environ)
    stack = start(settings.data_path, without=without, progress=progress)
    try:
        _run(stack, settings, port, no_demo, as_json, progress)
    finally:
        stack.stop()


def _run(stack: Stack, settings: Settings, port: int | None, no_demo: bool, as_json: bool, progress: Progress) -> None:
    chosen = free_port(settings.host, port, settings.port)
    url = f"http://{settings.host}:{chosen}"
    found = stack.endpoints.environment()
    environment = {**found, **dict(os.environ)}
    environment |= {"COLLOQUY_DATA_DIR": str(settings.data_path), "COLLOQUY_PORT": str(chosen)}
    os.environ.update(environment)
    installation = Installation(stack, settings, environment, url)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: installation.interrupt())
    installation.describe()
    from api.provision import provision_all

    provision_all(read_settings(environment))
    progress("schema")
    installation.start_jobs()
    if not installation.wait_until_ready():
        return
    progress("api")
    if not no_demo:
        from api.demo import seed

        for line in seed(url, progress):
            click.echo(line, err=True)
    if "bedrock" in stack.pids:
        click.echo("Bedrock is a local stand-in; set AWS_ENDPOINT_URL_BEDROCK_RUNTIME for another one.", err=True)
    click.echo(json.dumps(installation.describe()) if as_json else f"ready {url}")
    while not installation.note(3600):
        continue
