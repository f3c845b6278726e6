"""`colloquy token` and `colloquy tenant`, as they are typed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli.token import repeat
from api.services import Services
from tests.api.harness import TENANT, asgi, make_services, operator, serving

pytestmark = pytest.mark.real

OTHER = "01977c9e-2222-7000-8000-000000000002"


def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program with nothing in its environment but these settings."""
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *args],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", **environment},
        cwd=Path(__file__).parents[3],
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return make_services(tmp_path_factory.mktemp("installation"))


def issue(services: Services, *args: str) -> subprocess.CompletedProcess[str]:
    return run("token", "issue", *args, "--data-dir", services.settings.data_dir)


def test_a_token_for_each_tenant(services: Services) -> None:
    done = issue(services, "--tenant", TENANT, OTHER, "--user", "ada", "--role", "member", "editor", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["tenant_id"] for line in lines] == [TENANT, OTHER]
    for line in lines:
        assert set(line) == {"token", "tenant_id", "expires_at"} and line["expires_at"].endswith("Z")
        principal = services.access.verifier.verify(line["token"])
        assert (principal.tenant, principal.name) == (line["tenant_id"], "ada")
        assert principal.roles == {"member", "editor"}


def test_options_may_be_repeated_as_well(services: Services) -> None:
    done = issue(
        services, "--tenant", TENANT, "--tenant", OTHER, "--role", "member", "--role", "admin", "--user", "ada"
    )
    assert [services.access.verifier.verify(line).tenant for line in done.stdout.splitlines()] == [TENANT, OTHER]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("--tenant A B --user u", "--tenant A --tenant B --user u"),
        ("--tenant A --tenant B C", "--tenant A --tenant B --tenant C"),
        ("--user u v --tenant A", "--user u v --tenant A"),
        ("--tenant=A --json", "--tenant=A --json"),
    ],
)
def test_values_of_a_listed_option(typed: str, read: str) -> None:
    assert " ".join(repeat(typed.split(), {"--tenant"})) == read


def test_a_long_life_is_capped(services: Services) -> None:
    done = issue(services, "--tenant", TENANT, "--user", "ada", "--role", "member", "--ttl", "999999")
    assert done.returncode == 0 and services.access.verifier.verify(done.stdout.strip())


@pytest.mark.parametrize(
    "args",
    [
        ("--tenant", "nonsense", "--user", "ada", "--role", "member"),
        ("--tenant", TENANT, "--user", "", "--role", "member"),
        ("--tenant", TENANT, "--user", "ada", "--role", "king"),
        ("--tenant", TENANT, "--user", "ada", "--role", "member", "--ttl", "0"),
        ("--tenant", TENANT, "--user", "ada"),
    ],
)
def test_what_cannot_be_is_said_plainly(services: Services, args: tuple[str, ...]) -> None:
    done = issue(services, *args)
    assert done.returncode != 0 and done.stdout == "" and "Traceback" not in done.stderr and done.stderr.strip()


def test_without_keys_it_says_what_to_do(tmp_path: Path) -> None:
    done = run("token", "issue", "--tenant", TENANT, "--user", "a", "--role", "member", "--data-dir", str(tmp_path))
    assert done.returncode == 1 and "start the installation with `colloquy up`" in done.stderr


def test_without_an_installation_it_says_what_to_do(services: Services) -> None:
    done = run("tenant", "list", COLLOQUY_DATA_DIR=services.settings.data_dir)
    assert done.returncode == 1
    assert done.stderr == f"colloquy: nothing is running on {services.settings.data_dir}: start it with `colloquy up`\n"


@pytest.fixture(scope="module")
async def url(services: Services) -> AsyncIterator[str]:
    async with serving(services) as (address, _):
        yield f"http://{address}"


async def test_tenants_over_http(services: Services, url: str) -> None:
    async def command(*args: str) -> Any:
        import asyncio

        settings = {"COLLOQUY_URL": url, "COLLOQUY_DATA_DIR": services.settings.data_dir}
        return await asyncio.to_thread(run, *args, **settings)

    made = await command("tenant", "create", "Acme Ltd", "Globex", "--json")
    assert made.returncode == 0, made.stderr
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    assert [line["name"] for line in lines] == ["Acme Ltd", "Globex"]
    assert [set(line) for line in lines] == [{"tenant_id", "name"}] * 2
    listed = await command("tenant", "list")
    assert listed.stdout.splitlines() == [f"{line['tenant_id']}  {line['name']}" for line in lines]
    refused = await command("tenant", "create", "")
    assert refused.returncode == 1 and "invalid_field" in refused.stderr and "Traceback" not in refused.stderr


async def test_there_is_no_token_for_a_tenant_that_there_is_not(services: Services, url: str) -> None:
    settings = {"COLLOQUY_URL": url, "COLLOQUY_DATA_DIR": services.settings.data_dir}
    made = await asyncio.to_thread(run, "tenant", "create", *(f"T{n}" for n in range(3)), "--json", **settings)
    ids = [json.loads(line)["tenant_id"] for line in made.stdout.splitlines()]

    async def issue_for(*tenants: str, **changed: str) -> subprocess.CompletedProcess[str]:
        args = ("token", "issue", "--tenant", *tenants, "--user", "ada", "--role", "member")
        return await asyncio.to_thread(run, *args, **settings | changed)

    good = await issue_for(*ids, "_platform")
    assert good.returncode == 0 and len(good.stdout.splitlines()) == 4
    for unknown in (OTHER, "nonsense", "../x"):
        refused = await issue_for(*ids, unknown)
        assert refused.returncode == 1 and refused.stdout == "", "none is given where one is refused"
        assert refused.stderr.startswith(f"colloquy: there is no tenant {unknown}") and refused.stderr.count("\n") == 1
    assert (await issue_for(OTHER, COLLOQUY_URL="http://127.0.0.1:1")).returncode == 0, "nobody can tell"


async def test_many_tenants_are_looked_for_at_once(services: Services) -> None:
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy", headers=operator(services)) as http:
        made = (await http.post("/v1/tenants", json={"name": "One"})).json()["tenant_id"]
        found = await http.get("/v1/tenants", params={"ids": f"{OTHER},{made}"})
        assert [row["tenant_id"] for row in found.json()["tenants"]] == [made]
        for bad in ("", "x", f"{made},", ",".join([made] * 201)):
            assert (await http.get("/v1/tenants", params={"ids": bad})).json()["code"] == "invalid_field"


@pytest.mark.parametrize(
    "args", [("token", "issue"), ("token",), ("tenant", "create"), ("tenant", "list"), ("tenant",)]
)
def test_help_has_an_example(args: tuple[str, ...]) -> None:
    assert "Example: colloquy" in run(*args, "--help").stdout


def test_issuing_a_token_loads_no_server() -> None:
    """What makes the command quick is what it does not import."""
    code = """
import sys, api.cli.token, api.composition.token_wiring
sys.exit(bool({'litestar', 'httpx', 'aioboto3', 'psycopg'} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0
