"""Messages on the event pipe that the relay did not write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import nats

from application.ports.event_store import Recorded
from tests.attack.attack import WITHIN_S, Attack, Ground

MUST = "read models show what the store holds and nothing else; the pipe goes on"
BODIES: dict[str, bytes] = {
    "junk": b"\xff\xfe junk", "empty": b"", "JSON": b'{"position": 1}', "zeros": b"\0" * 5_000, "large": b"x" * 900_000,
    "nested": b"\x91" * 50_000, "map bomb": b"\xdf\xff\xff\xff\xff", "text": b"\xdb\xff\xff\xff\xff",
}  # fmt: skip


@asynccontextmanager
async def _insider(ground: Ground) -> AsyncIterator[Any]:
    """Somebody with the pipe's own credentials."""
    from infra.local.endpoints import installation_environment

    client = await nats.connect(installation_environment(ground.ours.data_dir)["COLLOQUY_NATS_URL"])
    try:
        yield client
    finally:
        await client.close()


async def _total(ground: Ground) -> dict[str, Any]:
    """The neighbour's costs, once they have caught up."""
    async with ground.http("analyst", tenant=ground.neighbour, user="nina") as http:
        deadline = time.monotonic() + WITHIN_S
        while True:
            found: dict[str, Any] = (await http.get("/v1/costs/summary")).json()
            if not found["lag_events"]:
                return {"total_usd": found["total_usd"], "calls": found["calls"]}
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.2)


async def _goes_on(ground: Ground) -> None:
    """A turn of the neighbour is in the costs, once."""
    before = await _total(ground)
    await ground.still_works()
    deadline = time.monotonic() + WITHIN_S
    while (after := await _total(ground))["calls"] == before["calls"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    assert 0 < after["calls"] - before["calls"] <= 3


def _attack(name: str, body: bytes) -> Attack:
    async def run(ground: Ground) -> None:
        before = await _total(ground)
        async with _insider(ground) as client:
            await client.publish(f"events.0.{ground.neighbour}.session.tokens_used_1", body)
            await client.flush()
        assert await _total(ground) == before
        await _goes_on(ground)

    return Attack("pipes", name, MUST, run)


def _forged(name: str, ahead: int, topic: str) -> Attack:
    async def run(ground: Ground) -> None:
        before = await _total(ground)
        async with _insider(ground) as client:
            last = await client.jetstream().get_last_msg("EVENTS_0", "events.0.>")
            fact = (
                msgspec.msgpack.decode(last.data, type=Recorded, strict=False)
                if b"\x96" <= last.data[:1] <= b"\x9f"
                else None
            )
            position = fact.position if fact else 10
            forged = Recorded(
                position + ahead,
                position,
                f"{ground.neighbour}/session/01977c9e-1111-7000-8000-000000000001",
                1,
                topic,
                b"\x80",
            )
            await client.publish(f"events.0.{ground.neighbour}.session.x", msgspec.msgpack.encode(forged))
            await client.flush()
        assert await _total(ground) == before
        await _goes_on(ground)

    return Attack("pipes", name, MUST, run)


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
    *(_attack(name, body) for name, body in BODIES.items()),
    _forged("the next position", 1, "tokens.used.1"),
    _forged("a far position", 1_000_000, "tokens.used.1"),
    _forged("an old position", -1, "tokens.used.1"),
    _forged("an unknown topic", 1, "nothing.1"),
    Attack("pipes", "no credentials", "refused", _without_credentials),
]
