"""Each job may do what it does as its own user, and nothing that is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import nats
import pytest
import valkey
import valkey.asyncio

from adapters.nats.permissions import PERMISSIONS, inbox_of
from adapters.nats.pipe import open_pipe, stream_name
from adapters.nats.replicas import open_replicas
from adapters.valkey.exact_cache import ValkeyExactCache
from adapters.valkey.permissions import COMMANDS, KEYS
from adapters.valkey.tickets import ValkeyTickets
from application.clock import new_id
from application.ports.facts.event_store import Recorded
from application.ports.models.answer_cache import CacheEntry
from domain.access import Principal
from infra.local.endpoints import NATS, VALKEY, Endpoints
from infra.local.job_logins import as_job
from infra.local.stack import running

pytestmark = pytest.mark.real
WITHIN_S = 10
NOT_NEEDED = frozenset({"postgres", "aws", "bedrock"})


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """NATS and Valkey as `colloquy up` starts them."""
    home: Path = tmp_path_factory.mktemp("logins")
    with running(home, fast=True, without=NOT_NEEDED) as stack:
        yield stack.endpoints


def own(servers: Endpoints, job: str) -> dict[str, str]:
    return as_job(job, {NATS: servers.nats_url, VALKEY: servers.valkey_url})


@pytest.fixture
async def asking(servers: Endpoints) -> AsyncIterator[Any]:
    """Makes a plain client of NATS as a job, and a queue of what it was refused."""
    clients: list[Any] = []

    async def connect(job: str) -> tuple[Any, asyncio.Queue[str]]:
        refused: asyncio.Queue[str] = asyncio.Queue()

        async def note(error: Exception) -> None:
            refused.put_nowait(str(error).lower())

        clients.append(await nats.connect(own(servers, job)[NATS], error_cb=note, inbox_prefix=inbox_of(job)))
        return clients[-1], refused

    yield connect
    for client in clients:
        await client.close()


async def test_the_relay_fills_the_pipe_and_projections_read_it(servers: Endpoints) -> None:
    lane = int(new_id()[-6:], 16)
    facts = [Recorded(n, n - 1, f"{new_id()}/session/s", n, "turn.started.1", b"x") for n in (1, 2)]
    secrets = lambda: [b"s" * 32]  # noqa: E731  # the installation's
    async with (
        open_pipe(own(servers, "relay")[NATS], secrets, job="relay", max_bytes=1 << 20) as relay,
        open_pipe(own(servers, "project")[NATS], secrets, job="project") as project,
    ):
        for size in (1, 2):  # made, found, and brought to another size
            async with open_pipe(own(servers, "relay")[NATS], secrets, job="relay", max_bytes=size << 20) as again:
                await again.provision(lane)
        reader = await project.reader(lane, "costs_1")
        assert await relay.publish(lane, facts, await relay.end(lane)) == await relay.end(lane)
        assert await reader.fetch(2, timeout_s=WITHIN_S) == facts
        await reader.acknowledge()
        assert await reader.fetch(1, timeout_s=0.05) == []
        await project.forget(lane, "costs_1")
        await (await project.reader(lane, "costs_2")).fetch(1, timeout_s=0.05)
    operator = await nats.connect(servers.nats_url)
    await operator.jetstream().delete_stream(stream_name(lane))
    await operator.close()


async def test_api_servers_hear_and_ask_each_other(servers: Endpoints) -> None:
    stream, heard = f"{new_id()}/session/{new_id()}", asyncio.Queue[bytes]()

    async def hear(_: str, message: bytes) -> None:
        heard.put_nowait(message)

    async def begun(process: str, streams: Sequence[str]) -> None:
        heard.put_nowait(streams[0].encode())

    async def nothing(_: str, message: bytes) -> None:
        raise AssertionError(message)

    async def answer(message: bytes) -> bytes:
        return message * 2

    url = own(servers, "serve")[NATS]
    async with open_replicas(url, "here") as here, open_replicas(url, "there") as there:
        await there.listen([stream], hear)
        await there.answer(answer)
        await here.listen([], nothing)
        await there.hear_begun(begun)
        await here.hear_begun(begun)
        await here.tell(stream, b"x")
        await here.announce([stream])
        async with asyncio.timeout(WITHIN_S):
            assert {await heard.get() for _ in range(2)} == {b"x", stream.encode()}
        assert await here.ask("there", b"y", WITHIN_S) == b"yy"


OTHERS = {
    "relay": ("live.t.s", "$JS.API.CONSUMER.CREATE.EVENTS_0.x", "$JS.API.STREAM.DELETE.EVENTS_0", "_INBOX.project.x"),
    "project": ("events.0.t.session.x", "live.t.s", "$JS.API.STREAM.CREATE.EVENTS_0", "$JS.API.STREAM.PURGE.EVENTS_0"),
    "serve": ("events.0.t.session.x", "$JS.API.STREAM.INFO.EVENTS_0", "$JS.API.CONSUMER.CREATE.EVENTS_0.x"),
}


async def test_what_is_anothers_is_refused(asking: Any) -> None:
    for job, subjects in OTHERS.items():
        client, refused = await asking(job)
        for subject in subjects:
            await client.publish(subject, b"x", reply=f"{inbox_of(job)}.x")
        for listened in (
            "events.>",
            ">",
            "_INBOX.>",
            *(f"{inbox_of(other)}.>" for other in PERMISSIONS if other != job),
        ):
            await client.subscribe(listened)
        async with asyncio.timeout(WITHIN_S):
            said = "\n".join([await refused.get() for _ in range(len(subjects) + 5)])
        assert [subject for subject in subjects if subject.lower() not in said] == [], job
        assert said.count("subscription") == 5, said


async def test_valkeys_user_is_for_our_keys_and_the_server_is_nobodys(servers: Endpoints) -> None:
    assert VALKEY not in {
        name for job in ("relay", "project", "ingest") for name, url in own(servers, job).items() if url
    }
    client = valkey.asyncio.from_url(own(servers, "serve")[VALKEY])
    cache, tenant = ValkeyExactCache(client), new_id()
    await cache.put(tenant, b"k", entry := CacheEntry(f"{tenant}/session/s", "t", b"x"), 9)
    assert await cache.get(tenant, b"k") == entry and await cache.lead(tenant, b"k", "me", 1)
    tickets = ValkeyTickets(client, lambda: [b"s" * 32])
    principal = Principal(tenant=tenant, user="u", roles=frozenset({"member"}), expires_at=2e9)
    assert await tickets.redeem(await tickets.issue(principal, 9)) == principal
    for command in ("KEYS *", "SCAN 0", "FLUSHALL", "CONFIG GET *", "MONITOR", "ACL LIST", "SUBSCRIBE x", "GET other",
                    "CLIENT LIST", "SET doctor:x 1", "RANDOMKEY", "DUMP answer:x"):  # fmt: skip
        with pytest.raises(valkey.exceptions.NoPermissionError):
            await client.execute_command(*command.split())
    for script in ("return redis.call('KEYS', '*')", "return redis.call('GET', 'other')"):
        with pytest.raises(valkey.exceptions.ValkeyError, match=r"(?i)permission"):
            await client.eval(script, 0)
    assert len(KEYS) == 9 and "keys" not in COMMANDS
    await client.aclose()
