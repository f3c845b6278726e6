"""Messages on the event pipe that the relay did not write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import nats

from adapters.nats.signed_facts import MAC_BYTES
from application.ports.facts.event_store import Recorded
from tests.attack.attack import WITHIN_S, Attack, Ground

MUST = "read models show what the store holds and nothing else; the pipe goes on"
BODIES: dict[str, bytes] = {
    "junk": b"\xff\xfe junk", "empty": b"", "JSON": b'{"position": 1}', "zeros": b"\0" * 5_000, "large": b"x" * 900_000,
    "nested": b"\x91" * 50_000, "map bomb": b"\xdf\xff\xff\xff\xff", "text": b"\xdb\xff\xff\xff\xff",
}  # fmt: skip
STREAM, SUBJECTS = "EVENTS_0", "events.0.>"
POLL_S = 0.3
Put = Callable[[Any, str], Awaitable[None]]
"""Writes something to the pipe, by its client, about a tenant."""


@asynccontextmanager
async def _insider(ground: Ground) -> AsyncIterator[Any]:
    """Somebody with the pipe's own credentials."""
    from infra.local.endpoints import installation_environment

    client = await nats.connect(installation_environment(ground.ours.data_dir)["COLLOQUY_NATS_URL"])
    try:
        yield client
    finally:
        await client.close()


async def _costs(ground: Ground, tenant: str, calls: int) -> dict[str, Any]:
    """A tenant's costs, once they hold at least so many calls. Costs are kept in the order of the log: what was stored
    before those calls is among them. The other tenants go on meanwhile, so nobody can wait for a lag of nothing."""
    async with ground.http("analyst", tenant=tenant, user="nina") as http:
        deadline = time.monotonic() + WITHIN_S
        while (found := (await http.get("/v1/costs/summary")).raise_for_status().json())["calls"] < calls:
            assert time.monotonic() < deadline, f"the costs stand still: {found}"
            await asyncio.sleep(POLL_S)
        return {"total_usd": found["total_usd"], "calls": found["calls"]}


async def _turn(ground: Ground, tenant: str) -> None:
    async with ground.chat(tenant=tenant, user="nina") as chat:
        frame = await chat.ask("How many days may coffee be returned?", cache="bypass")
        assert frame["type"] == "turn.completed" and frame["text"], frame


def _attack(name: str, put: Put) -> Attack:
    """In a tenant of its own, where a turn costs what it costs: after the message as before it, once each."""

    async def run(ground: Ground) -> None:
        tenant = await ground.found(f"pipe {name}")
        await _turn(ground, tenant)
        await _costs(ground, tenant, 1)
        await _turn(ground, tenant)
        two = await _costs(ground, tenant, 2)
        async with _insider(ground) as client:
            await put(client, tenant)
            await client.flush()
        await _turn(ground, tenant)
        three = await _costs(ground, tenant, two["calls"] + 1)
        await _turn(ground, tenant)
        four = await _costs(ground, tenant, three["calls"] + 1)
        assert [two["calls"], three["calls"], four["calls"]] == [2, 3, 4], (two, three, four)

    return Attack("pipes", name, MUST, run)


def _body(body: bytes) -> Put:
    async def put(client: Any, tenant: str) -> None:
        await client.publish(f"events.0.{tenant}.session.tokens_used_1", body)

    return put


def _forged(ahead: int, topic: str) -> Put:
    async def put(client: Any, tenant: str) -> None:
        last = await _last(client)
        stream = f"{tenant}/session/01977c9e-1111-7000-8000-000000000001"
        forged = Recorded(last.position + ahead, last.position, stream, 1, topic, b"\x80")
        await client.publish(f"events.0.{tenant}.session.x", b"\0" * MAC_BYTES + msgspec.msgpack.encode(forged))

    return put


async def _last(client: Any) -> Recorded:
    """The newest message that the relay wrote, as far as one without the secret can tell."""
    manager = client.jetstream()
    sequence = (await manager.get_last_msg(STREAM, SUBJECTS)).seq
    while True:
        message = await manager.get_msg(STREAM, seq=sequence)
        try:
            return msgspec.msgpack.decode((message.data or b"")[MAC_BYTES:], type=Recorded)
        except msgspec.MsgspecError:
            sequence -= 1


def _again(age: int) -> Put:
    """A message that the relay wrote itself, signature and all, said once more."""

    async def put(client: Any, tenant: str) -> None:
        manager = client.jetstream()
        last = await manager.get_last_msg(STREAM, SUBJECTS)
        message = await manager.get_msg(STREAM, seq=max(1, last.seq - age))
        await client.publish(message.subject, message.data or b"")

    return put


async def _without_credentials(ground: Ground) -> None:
    from urllib.parse import urlsplit

    from infra.local.endpoints import installation_environment

    at = urlsplit(installation_environment(ground.ours.data_dir)["COLLOQUY_NATS_URL"])
    try:
        await nats.connect(f"nats://{at.hostname}:{at.port}", allow_reconnect=False, connect_timeout=3)
    except Exception as error:  # the library has several for it
        assert "uthorization" in str(error), error
        return
    raise AssertionError("anybody gets in")


ATTACKS = [
    *(_attack(name, _body(body)) for name, body in BODIES.items()),
    _attack("the next position", _forged(1, "tokens.used.1")),
    _attack("a far position", _forged(1_000_000, "tokens.used.1")),
    _attack("an old position", _forged(-1, "tokens.used.1")),
    _attack("an unknown topic", _forged(1, "nothing.1")),
    _attack("the last one again", _again(0)),
    _attack("an old one again", _again(20)),
    Attack("pipes", "no credentials", "refused", _without_credentials),
]
