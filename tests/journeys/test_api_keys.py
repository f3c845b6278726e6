"""An API key on an installation: made at the terminal, opens a member's doors, revoked within five seconds."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from api.cli.main import cli
from api.client.failures import Closed
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import WITHIN_S, chatting

pytestmark = pytest.mark.real


def run(ours: Installed, *arguments: str) -> list[Any]:
    """What a command prints that talks to this installation."""
    result = CliRunner().invoke(cli, ["--data-dir", str(ours.data_dir), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


async def test_a_key_chats_until_it_is_revoked_and_its_sockets_end(ours: Installed) -> None:
    tenant = ours.tenants[0]
    (made,) = run(ours, "api-key", "create", "--tenant", tenant, "--user", "ada", "--name", "a notebook", "--json")
    async with chatting(ours, made["key"]) as chat, httpx.AsyncClient(base_url=ours.url) as http:
        await chat.open()
        assert (await chat.ask("a", "How many days of leave are there?"))["type"] == "turn.completed"
        by_key = {"Authorization": f"Bearer {made['key']}"}
        assert (await http.get("/v1/sessions", headers=by_key)).status_code == 200
        assert (await http.get("/v1/api-keys", headers=by_key)).status_code == 403
        (shown,) = [key for key in run(ours, "api-key", "list", "--tenant", tenant, "--json") if key["user"] == "ada"]
        assert made["key"].startswith(shown["prefix"]) and shown["last_used_at"]
        began = time.monotonic()
        run(ours, "api-key", "revoke", "--tenant", tenant, made["key_id"], "--json")
        with pytest.raises(Closed) as closed:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    await chat.receive()
        assert closed.value.close_code == 4401
        assert time.monotonic() - began < 5 + 3  # the command's own start is in it
        assert (await http.get("/v1/sessions", headers=by_key)).status_code == 401
