"""Tokens taken back on an installation: refused, their sockets ended and the denial listed, within five seconds."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from api.client.failures import Closed
from infra.bench.harness.installation import Installed, another_server
from tests.journeys.conftest import WITHIN_S, chatting, reading, token_of

pytestmark = pytest.mark.real


async def test_a_revoked_user_is_out_on_every_process_and_the_auditor_reads_of_it(ours: Installed) -> None:
    token = token_of(ours, "mallory", "member")
    by_token = {"Authorization": f"Bearer {token}"}
    with another_server(ours) as (other_url, _), reading(ours, "auditor", user="trent") as auditor:
        async with chatting(ours, token) as chat, httpx.AsyncClient(base_url=ours.url) as http:
            await chat.open()
            assert (await http.get("/v1/sessions", headers=by_token)).status_code == 200
            by_admin = {"Authorization": f"Bearer {token_of(ours, 'grace', 'admin')}"}
            began = time.monotonic()
            async with httpx.AsyncClient(base_url=other_url) as there:
                answer = await there.post("/v1/tokens/revoke", json={"user": "mallory"}, headers=by_admin)
                assert (await there.get("/v1/sessions", headers=by_token)).status_code == 401
            assert answer.status_code == 204
            with pytest.raises(Closed) as closed:
                async with asyncio.timeout(WITHIN_S):
                    while True:
                        await chat.receive()
            assert closed.value.close_code == 4401
            assert time.monotonic() - began < 5
            assert (await http.get("/v1/sessions", headers=by_token)).status_code == 401
        for kind in ("tokens.revoked.1", "access.denied.1"):
            async with asyncio.timeout(WITHIN_S):
                while True:  # the read model follows
                    if auditor.get("/v1/audit/events", params={"kind": kind}).json()["events"]:
                        break
                    await asyncio.sleep(0.2)
