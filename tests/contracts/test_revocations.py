"""Revocations are told to everybody and kept by tenant; in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from adapters.eventstore.listener import Listener
from adapters.postgres.pool import open_pool
from adapters.postgres.revocations import PostgresRevocations
from application.acting_tenant import acting_for
from application.clock import new_id, now
from application.ports.people.revocations import Revocation, RevocationLog, tenant_hash, told
from domain.refusals import ForeignTenant
from tests.databases import logins_of
from tests.fakes.in_memory_revocations import InMemoryRevocations


class ByListener:
    """The news of a listener of this test's own."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def on_revocation(self, heard: Callable[[], None]) -> None:
        self.listener.on("revoked", lambda _: heard())


@pytest.fixture(params=["in memory", pytest.param("postgres", marks=pytest.mark.real)])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[RevocationLog]:
    if request.param == "in memory":
        yield InMemoryRevocations()
        return
    login = logins_of(request.getfixturevalue("database")).app
    listener = Listener(login.session_url)
    async with open_pool(login, max_size=2) as pool:
        log = PostgresRevocations(pool, ByListener(listener))
        log.on_news(lambda: None)
        listener.start()
        await asyncio.wait_for(listener.listening.wait(), 10)
        yield log
        await listener.stop()


async def test_what_is_added_is_told_and_fetched_once_more_only_when_it_changes(log: RevocationLog) -> None:
    mine, until = new_id(), now() + timedelta(minutes=15)
    heard = asyncio.Event()
    log.on_news(heard.set)
    closed = Revocation(tenant=mine, kind="tenant", before=now(), until=until)
    token = Revocation(tenant=mine, kind="token", name="hash", before=now(), until=until)
    over = Revocation(tenant=mine, kind="user", name="~u", before=now(), until=now() - timedelta(seconds=1))
    with acting_for(mine):
        await log.add(over)
        await log.add(closed)
        await log.add(token)
    await asyncio.wait_for(heard.wait(), 10)
    found, latest = await log.fetch(None)
    assert [one for one in found if one.tenant == tenant_hash(mine) and one.kind != "user"] == [
        told(closed),
        told(token),
    ]
    assert mine not in str(found) and "hash" not in str(found)
    assert latest is not None
    lifted = Revocation(tenant=mine, kind="tenant", before=closed.before, until=until, lifted=True)
    with acting_for(mine):
        await log.add(lifted)
    later, _ = await log.fetch(latest)
    assert [one for one in later if one.tenant == tenant_hash(mine)] == [told(lifted)]
    if isinstance(log, PostgresRevocations):
        assert all(
            one.kind != "user" for one in found if one.tenant == tenant_hash(mine)
        )  # there is nothing left to refuse
        with acting_for(new_id()), pytest.raises(ForeignTenant):
            await log.add(token)
