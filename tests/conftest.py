"""The services for the tests: embedded ones, containers where a daemon answers, or those that settings name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import settings as drawing
from xdist.remote import Producer

from application.acting_tenant import EVERY, act_for
from infra.local.endpoints import Endpoints, given_outside
from infra.local.parts import JUDGED
from infra.local.stack import running
from tests.containers import containers, docker_answers
from tests.given import with_given
from tests.sharing_out import ByInstallation, place

CHOICE = "COLLOQUY_TEST_INFRA"
os.environ.setdefault(JUDGED, "1")  # every request of every test is one that the service would take
drawing.register_profile("untimed", deadline=None)  # how long an example takes is the machine's business
drawing.load_profile("untimed")
# The default shows every local variable of every frame, which takes seconds and may show what no log should.
plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[structlog.processors.add_log_level, plain])


def infrastructure() -> str:
    """`embedded`, `docker` or `external` (services that settings name); an explicit wish is never silently replaced."""
    wish = os.environ.get(CHOICE, "auto")
    if wish == "docker" and not docker_answers():
        raise pytest.UsageError(f"{CHOICE}=docker, but no Docker daemon answers")
    if wish != "auto":
        return wish
    if given_outside(os.environ):
        return "external"
    return "docker" if os.environ.get("CI") and docker_answers() else "embedded"


def pytest_configure() -> None:
    """Tests play callers of all tenants; those of the walls say for whom they act."""
    act_for(EVERY)


@pytest.hookimpl(trylast=True)  # marks are on
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts whole installations begins first, for it takes longest."""
    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByInstallation | None:
    """How `--dist loadfile` shares tests out."""
    return ByInstallation(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_report_header(config: pytest.Config) -> str:
    """Which services these tests run on."""
    return f"infrastructure: {infrastructure()}"


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Real services for a whole run (one set a worker), with their URLs."""
    kind = infrastructure()
    home: Path = tmp_path_factory.mktemp("stack")
    if kind == "external":
        with running(home, fast=True, without=given_outside(os.environ)) as stack:  # what is not given is started
            yield with_given(stack.endpoints, os.environ)
    elif kind == "docker":
        with containers(home) as found:
            yield found
    else:
        with running(home, fast=True) as stack:
            yield stack.endpoints


@pytest.fixture(scope="session")
def template(endpoints: Endpoints) -> str:
    """The name of a migrated database that others are copied from."""
    from adapters.postgres.migrate import migrate

    name = f"template_{uuid4().hex[:12]}"
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    migrate(other_database(endpoints.database_url, name))
    return name


@pytest.fixture(scope="module")
def database(endpoints: Endpoints, template: str) -> Iterator[str]:
    """The URL of a fresh migrated database for one test module."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield other_database(endpoints.database_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def other_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
