"""`colloquy up`: everything on this machine, in one process tree that stops whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import click

from api.cli.main import with_data_dir
from api.settings import Settings, read_settings
from application.clock import monotonic
from infra.local.child import python
from infra.local.endpoints import given_outside, write_installation
from infra.local.job_logins import as_job
from infra.local.ports import held
from infra.local.stack import Stack, start

BACKGROUND = ("relay", "project", "ingest")
BACKGROUND_GRACE_S = 10.0
# The settings that other commands on the data directory need to find what runs there.
RECORDED = ("COLLOQUY_", "AWS_ENDPOINT_URL")
READY_S = 60.0
REBUILT_S = 3600.0
"""So long read models of a version before may take to be built anew before anybody is answered."""
SAME_WISH_S = 1.0
UPSTREAM = "COLLOQUY_STANDIN_UPSTREAM_"
PATIENT = {"COLLOQUY_FIRST_TOKEN_S": "60", "COLLOQUY_STREAM_IDLE_S": "30", "COLLOQUY_TURN_S": "300"}
DRAIN_MARGIN_S = 5.0


class Progress:
    """A line for each part as it becomes ready, on standard error, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = monotonic()

    def __call__(self, what: str, _: float = 0.0) -> None:
        click.echo(f"  {monotonic() - self._began:6.2f} s  {what}", err=True)


class Interruption:
    """SIGTERM and SIGINT: the first is a KeyboardInterrupt wherever we are; a later one, from somebody who cannot
    wait, hurries the end. One that follows at once is the same wish, sent to the process and to its group.
    """

    def __init__(self) -> None:
        self.hurry: Callable[[], None] = lambda: None
        self._first: float | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self)

    def __call__(self, number: int, frame: object) -> None:
        if self._first is None:
            self._first = monotonic()
            raise KeyboardInterrupt
        if monotonic() - self._first > SAME_WISH_S:
            self.hurry()


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
        environment.pop("COLLOQUY_DATABASE_URL", None)
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


@contextmanager
def ports_of(wish: Wish, settings: Settings) -> Iterator[list[int]]:
    """The first API server's port, which is the wanted one or an error, without a wish the usual one or any; then those
    of the other servers and of the front. Nobody else gets them while this is open."""
    first = (settings.port, 0) if wish.port is None else (wish.port,)
    more = wish.replicas - 1 + wish.front
    with ExitStack() as kept:
        try:
            ports = [kept.enter_context(held(*choice, host=settings.host)) for choice in (first, *[(0,)] * more)]
        except OSError as error:
            raise RuntimeError(f"port {wish.port} is taken; choose another with --port") from error
        yield ports


def patience(given: Mapping[str, str]) -> dict[str, str]:
    """The deadlines of turns where a model of somebody's own answers, but for those that are given: it may have to be
    loaded first, and thinks slowly."""
    if not given.get(f"{UPSTREAM}URL"):
        return {}
    return {name: value for name, value in PATIENT.items() if not given.get(name)}


def speaker_of(settings: Settings) -> str:
    """Who answers where the stand-in is Bedrock, in words for people; ValueError when that cannot be told."""
    if not settings.standin_upstream_url:
        return "a local stand-in that quotes passages, no language model"
    if not settings.standin_upstream_model:
        raise ValueError(f"{UPSTREAM}MODEL must name the model that {UPSTREAM}URL is to be asked for")
    return f"{settings.standin_upstream_model}, through a local stand-in"


@click.command()
@with_data_dir
@click.option("--port", type=click.IntRange(0, 65535), help="The API's port (default 8080, or a free one if taken).")
@click.option("--replicas", type=click.IntRange(1, 16), default=1, help="So many API servers beside each other.")
@click.option("--front", is_flag=True, help="A port of its own before them, which spreads connections over them.")
@click.option("--no-demo", is_flag=True, help="Do not create the two demo tenants.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def up(port: int | None, replicas: int, front: bool, no_demo: bool, as_json: bool) -> None:
    """Start everything on this machine and stop it all on Ctrl-C.

    Example: colloquy up --port 8080

    Bedrock is a local stand-in that quotes the passages it is given. For answers of a model of your own, name any
    server that speaks OpenAI's API (Ollama, llama.cpp, vLLM):

    \b
      ollama pull llama3.2
      COLLOQUY_STANDIN_UPSTREAM_URL=http://127.0.0.1:11434/v1 COLLOQUY_STANDIN_UPSTREAM_MODEL=llama3.2 colloquy up
    """
    interruption = Interruption()
    progress = Progress()
    os.environ.update(patience(os.environ))
    settings = read_settings()
    speaker_of(settings)  # a wish that cannot be is said before anything starts
    try:
        stack = start(settings.data_path, without=given_outside(os.environ), progress=progress)
        interruption.hurry = stack.hurry
        try:
            wish = Wish(port, replicas, front, no_demo, as_json)
            with ports_of(wish, settings) as ports:
                run(stack, settings, wish, ports, progress)
        finally:
            stack.stop()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    port: int | None
    replicas: int
    front: bool
    no_demo: bool
    as_json: bool


def run(stack: Stack, settings: Settings, wish: Wish, ports: Sequence[int], progress: Progress) -> None:
    """Everything between the servers being ready and the end, which comes as an exception."""
    urls = [f"http://{settings.host}:{port}" for port in ports[: wish.replicas]]
    os.environ.update(stack.endpoints.environment(os.environ))
    os.environ.update({"COLLOQUY_DATA_DIR": str(settings.data_path), "COLLOQUY_PORT": str(ports[0])})
    os.environ.pop(f"{UPSTREAM}API_KEY", None)  # the stand-in has it by now, and nobody else needs it
    if "bedrock" in stack.pids:
        os.environ["COLLOQUY_SPEAKER"] = speaker_of(settings)
    if wish.replicas > 1:
        os.environ["COLLOQUY_REPLICAS"] = str(wish.replicas)
    installation = SupervisedStack(stack, settings, dict(os.environ), urls)
    installation.describe()
    from api.composition.provision import login_environment, older_read_models, provision_all

    provision_all(read_settings())
    installation.logins = {
        "api": login_environment(read_settings(), worker=False),
        "background": login_environment(read_settings(), worker=True),
    }
    progress("schema")
    older = asyncio.run(older_read_models(read_settings()))
    begin(installation, wish, progress, older, front_port=ports[-1] if wish.front else 0)
    welcome(installation, wish, progress)
    while True:
        installation.follow(3600)


def begin(
    installation: SupervisedStack, wish: Wish, progress: Progress, older: Sequence[str], *, front_port: int
) -> None:
    """Start the product's processes: those that answer first, unless what they read is of an `older` version."""
    if older:
        click.echo(f"{', '.join(older)} of an older version: built anew before anybody is answered", err=True)
        installation.start_background()
    installation.start_api(REBUILT_S if older else READY_S)
    progress("api")
    if wish.front:
        installation.start_front(front_port)
        progress("front")
    if not older:
        installation.start_background()


def welcome(installation: SupervisedStack, wish: Wish, progress: Progress) -> None:
    """Seed the demo and say where everything is."""
    stack, settings, url = installation.stack, installation.settings, installation.url
    if not wish.no_demo:
        from api.cli.demo import seed

        for line in seed(url, progress):
            click.echo(line, err=True)
    click.echo(f"The console is at {url}/console; `colloquy console` makes a link to sign in with.", err=True)
    if "bedrock" in stack.pids:
        click.echo(f"Answers come from {speaker_of(settings)} (`colloquy up --help` says how from others).", err=True)
    click.echo(json.dumps(installation.describe()) if wish.as_json else f"ready {url}")
