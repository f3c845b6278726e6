"""A ticket is good once, for whom it was made, and not for long; in this process and in Valkey alike."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import valkey.asyncio

from adapters.in_process.tickets import MOST, InMemoryTickets
from adapters.valkey.tickets import ValkeyTickets
from application.ports.people.tickets import Tickets
from domain.access import Principal
from domain.refusals import DependencyUnavailable, Overloaded

OURS, OLDER, FOREIGN = b"1" * 32, b"2" * 32, b"3" * 32
ADA = Principal("01977c9e-1111-7000-8000-000000000001", "ada", frozenset({"member", "editor"}), 1e9, "j-1")


@pytest.fixture(params=["in memory", pytest.param("valkey", marks=pytest.mark.real)])
async def tickets(request: pytest.FixtureRequest) -> AsyncIterator[Tickets]:
    if request.param == "in memory":
        yield InMemoryTickets()
        return
    client = valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url)
    yield ValkeyTickets(client, lambda: [OURS])
    await client.aclose()


async def test_it_stands_for_whom_it_was_made(tickets: Tickets) -> None:
    assert await tickets.redeem(await tickets.issue(ADA, 30)) == ADA


async def test_it_is_good_once_also_for_many_at_once(tickets: Tickets) -> None:
    ticket = await tickets.issue(ADA, 30)
    found = await asyncio.gather(*(tickets.redeem(ticket) for _ in range(20)))
    assert [principal for principal in found if principal] == [ADA]


async def test_it_cannot_be_guessed(tickets: Tickets) -> None:
    made = {await tickets.issue(ADA, 30) for _ in range(50)}
    assert len(made) == 50 and {len(ticket) for ticket in made} == {43}
    assert await tickets.redeem("") is None
    assert await tickets.redeem("a" * 43) is None
    assert await tickets.redeem("\0*?[" * 1000) is None


async def test_in_memory_it_expires() -> None:
    seconds = 0.0
    tickets = InMemoryTickets(lambda: seconds)
    ticket, spare = await tickets.issue(ADA, 30), await tickets.issue(ADA, 30)
    seconds = 29.0
    assert await tickets.redeem(ticket) == ADA
    seconds = 31.0
    assert await tickets.redeem(spare) is None


async def test_those_in_memory_are_bounded() -> None:
    tickets = InMemoryTickets()
    for _ in range(MOST):
        await tickets.issue(ADA, 30)
    with pytest.raises(Overloaded):
        await tickets.issue(ADA, 30)


async def test_without_valkey_a_ticket_is_good_in_the_process_that_made_it() -> None:
    client: Any = valkey.asyncio.from_url("redis://127.0.0.1:1")
    tickets = ValkeyTickets(client, lambda: [OURS])
    assert await tickets.redeem(await tickets.issue(ADA, 30)) == ADA
    with pytest.raises(DependencyUnavailable):
        await tickets.redeem("a" * 43)


@pytest.mark.real
async def test_what_valkey_holds_opens_nothing_and_expires(endpoints: Any) -> None:
    client: Any = valkey.asyncio.from_url(endpoints.valkey_url)
    before = {key async for key in client.scan_iter()}
    ticket = await ValkeyTickets(client, lambda: [OURS]).issue(ADA, 30)
    (key,) = {key async for key in client.scan_iter()} - before
    assert ticket.encode() not in key
    assert 0 < await client.ttl(key) <= 30
    await client.aclose()


@pytest.fixture
async def client(endpoints: Any) -> AsyncIterator[Any]:
    client: Any = valkey.asyncio.from_url(endpoints.valkey_url)
    yield client
    await client.aclose()


async def kept_for(client: Any, tickets: ValkeyTickets) -> tuple[str, bytes]:
    """A ticket and its key in Valkey."""
    ticket = await tickets.issue(ADA, 30)
    return ticket, f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}".encode()


@pytest.mark.real
async def test_who_writes_into_valkey_makes_nobody_anybody(client: Any) -> None:
    tickets = ValkeyTickets(client, lambda: [OURS, OLDER])
    (ticket, key), (_, other) = await kept_for(client, tickets), await kept_for(client, tickets)
    good, another = await client.get(key), await client.get(other)
    assert b"ada" not in good and ADA.tenant.encode() not in good
    plain = msgspec.json.encode(ADA)
    for forged in (another, good[:-1], good[:-1] + bytes([good[-1] ^ 1]), plain, b"", b"x", b"x" * 12, b"x" * 500):
        await client.set(key, forged)
        assert await tickets.redeem(ticket) is None
    sealed_elsewhere = ValkeyTickets(client, lambda: [FOREIGN])
    ticket, _ = await kept_for(client, sealed_elsewhere)
    assert await tickets.redeem(ticket) is None


@pytest.mark.real
async def test_a_used_ticket_that_is_put_back_is_not_good_for_longer(client: Any) -> None:
    tickets = ValkeyTickets(client, lambda: [OURS])
    ticket = await tickets.issue(ADA, 1)
    key = f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
    good = await client.get(key)
    async with asyncio.timeout(10):
        while True:
            await client.set(key, good)
            if await tickets.redeem(ticket) is None:
                break


@pytest.mark.real
async def test_tickets_outlive_a_change_of_the_installations_secrets(client: Any) -> None:
    before, after = ValkeyTickets(client, lambda: [OLDER]), ValkeyTickets(client, lambda: [OURS, OLDER])
    assert await after.redeem(await before.issue(ADA, 30)) == ADA
