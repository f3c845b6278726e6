"""`colloquy up`: everything on this machine, in one process tree that stops whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from api.cli.main import with_data_dir
from api.cli.speaker import UPSTREAM, patience, speaker_of
from api.cli.supervised_stack import READY_S, SupervisedStack
from api.settings import Settings, read_settings
from application.clock import monotonic
from infra.local.endpoints import given_outside
from infra.local.ports import held
from infra.local.stack import Stack, start

REBUILT_S = 3600.0
"""So long read models of a version before may take to be built anew before anybody is answered."""
SAME_WISH_S = 1.0


def databases_in(data_path: Path) -> int:
    """How many PostgreSQLs the data directory holds: those that tenants are in belong to it."""
    return 1 + len(list(data_path.glob("postgres_[0-9]*")))


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


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    port: int | None
    replicas: int
    front: bool
    no_demo: bool
    as_json: bool
    folder: Path | None = None


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


@click.command()
@with_data_dir
@click.option("--port", type=click.IntRange(0, 65535), help="The API's port (default 8080, or a free one if taken).")
@click.option("--replicas", type=click.IntRange(1, 16), default=1, help="So many API servers beside each other.")
@click.option("--front", is_flag=True, help="A port of its own before them, which spreads connections over them.")
@click.option("--databases", type=click.IntRange(1, 8), default=1, help="So many PostgreSQLs that share the tenants.")
@click.option("--no-demo", is_flag=True, help="Do not create the two demo tenants.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Make a tenant of the documents in this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
def up(
    port: int | None,
    replicas: int,
    front: bool,
    databases: int,
    no_demo: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
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
        many = max(databases, databases_in(settings.data_path))
        stack = start(settings.data_path, without=given_outside(os.environ), databases=many, progress=progress)
        interruption.hurry = stack.hurry
        try:
            wish = Wish(port, replicas, front, no_demo, as_json, folder)
            with ports_of(wish, settings) as ports:
                run(stack, settings, wish, ports, progress)
        finally:
            stack.stop()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


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
    if wish.folder:
        from api.cli.own_folder import bring

        for line in bring(url, wish.folder, progress):
            click.echo(line, err=True)
    click.echo(f"The console is at {url}/console; `colloquy console` makes a link to sign in with.", err=True)
    if "bedrock" in stack.pids:
        click.echo(f"Answers come from {speaker_of(settings)} (`colloquy up --help` says how from others).", err=True)
    click.echo(json.dumps(installation.describe()) if wish.as_json else f"ready {url}")
