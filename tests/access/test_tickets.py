"""A ticket is good once, for whom it was made, and not for long; in this process and in Valkey alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import valkey.asyncio

from adapters.valkey.tickets import ValkeyTickets
from application.ports.tickets import Tickets
from application.tickets import MOST, InMemoryTickets
from domain.access import Principal
from domain.refusals import DependencyUnavailable, Overloaded

ADA = Principal("01977c9e-1111-7000-8000-000000000001", "ada", frozenset({"member", "editor"}), 1e9, "j-1")


@pytest.fixture(params=["in memory", pytest.param("valkey", marks=pytest.mark.real)])
async def tickets(request: pytest.FixtureRequest) -> AsyncIterator[Tickets]:
    if request.param == "in memory":
        yield InMemoryTickets()
        return
    client = valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url)
    yield ValkeyTickets(client)
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


async def test_in_memory_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tickets = InMemoryTickets()
    ticket, spare = await tickets.issue(ADA, 30), await tickets.issue(ADA, 30)
    later = time.monotonic() + 29
    monkeypatch.setattr("application.tickets.time.monotonic", lambda: later)
    assert await tickets.redeem(ticket) == ADA
    monkeypatch.setattr("application.tickets.time.monotonic", lambda: later + 2)
    assert await tickets.redeem(spare) is None


async def test_those_in_memory_are_bounded() -> None:
    tickets = InMemoryTickets()
    for _ in range(MOST):
        await tickets.issue(ADA, 30)
    with pytest.raises(Overloaded):
        await tickets.issue(ADA, 30)


async def test_without_valkey_a_ticket_is_good_in_the_process_that_made_it() -> None:
    client: Any = valkey.asyncio.from_url("redis://127.0.0.1:1")
    tickets = ValkeyTickets(client)
    assert await tickets.redeem(await tickets.issue(ADA, 30)) == ADA
    with pytest.raises(DependencyUnavailable):
        await tickets.redeem("a" * 43)


@pytest.mark.real
async def test_what_valkey_holds_opens_nothing_and_expires(endpoints: Any) -> None:
    client: Any = valkey.asyncio.from_url(endpoints.valkey_url)
    before = {key async for key in client.scan_iter()}
    ticket = await ValkeyTickets(client).issue(ADA, 30)
    (key,) = {key async for key in client.scan_iter()} - before
    assert ticket.encode() not in key
    assert 0 < await client.ttl(key) <= 30
    await client.aclose()
