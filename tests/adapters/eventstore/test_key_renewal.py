"""Erasure is final: a copy of the database from before, with the keys of today, gives back all but what was erased."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import psycopg
import pytest

from adapters.database_transactions import Pool
from adapters.eventstore.key_book import RestoredKeys
from adapters.eventstore.store import PostgresEventStore, open_event_store
from application.clock import new_id, now
from application.execute import SESSION, Context, LoadedAggregate
from domain.event import Envelope, Shredded
from domain.refusals import NotFound
from domain.session import events as e
from domain.session.state import Session, snapshot_of
from tests.databases import logins_of
from tests.fakes.plain_key_authority import PlainKeyAuthority

pytestmark = pytest.mark.real
ME = Context("me")
OPENED = e.SessionOpened(user="me", assistant="default")
ASKED = e.TurnStarted(turn_id="t", client_id="t", text="what I asked")
OF_TENANT = {
    "tenant_keys": "tenant = %s",
    "stream_keys": "split_part(stream, '/', 1) = %s",
    "snapshots": "split_part(stream, '/', 1) = %s",
    "events_0": "split_part(originator_id, '/', 1) = %s",
}


@dataclass
class House:
    """A store with its authority, other processes on the same database, and copies of a tenant's rows."""

    database: str
    pool: Pool
    authority: PlainKeyAuthority

    def process(self) -> Any:
        """One that has just started: no key in memory."""
        return open_event_store(
            logins_of(self.database), self.pool, self.authority, lanes=1, owner=new_id(), lease_s=30
        )

    def copy(self, tenant: str) -> dict[str, list[Any]]:
        """All rows that a backup has of the tenant."""
        with psycopg.connect(self.database) as owner:
            return {
                table: owner.execute(f"SELECT {table}::text FROM {table} WHERE {whose}", (tenant,)).fetchall()
                for table, whose in OF_TENANT.items()
            }

    def put_back(self, tenant: str, copied: dict[str, list[Any]]) -> None:
        """Restore it: the rows of then, and no others."""
        with psycopg.connect(self.database) as owner:
            owner.execute("ALTER TABLE stream_keys DISABLE TRIGGER only_by_the_latest")  # as pg_restore does
            for table, rows in copied.items():
                owner.execute(f"DELETE FROM {table} WHERE {OF_TENANT[table]}", (tenant,))
                for (row,) in rows:
                    owner.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT (%s::{table}).*", (row,))
            owner.execute("ALTER TABLE stream_keys ENABLE TRIGGER only_by_the_latest")


@pytest.fixture
def house(database: str, pool: Pool) -> House:
    return House(database, pool, PlainKeyAuthority())


async def begun(store: PostgresEventStore, tenant: str) -> str:
    held: LoadedAggregate[Session] = LoadedAggregate(store, f"{tenant}/session/{new_id()}", SESSION)
    await held.append([OPENED, ASKED], ME)
    await store.snapshot(Envelope(stream=held.stream, version=2, at=now(), event=snapshot_of(held.state)))
    return held.stream


async def said(store: PostgresEventStore, stream: str) -> list[Any]:
    return [fact.event for fact in await store.load(stream, upto=9)]


GONE = [OPENED, Shredded(topic="turn.started.1")]


async def test_a_copy_from_before_gives_back_all_but_what_was_erased(house: House) -> None:
    tenant, book = new_id(), BytesIO()
    async with house.process() as store:
        await store.vault.create_tenant_key(tenant)
        erased, kept, pseudonym = await begun(store, tenant), await begun(store, tenant), b"someone"
        sealed = await store.vault.seal(erased, b"a title", "title")
        digest = await store.vault.digest(tenant, pseudonym)
        backup = house.copy(tenant)
        assert not await store.vault.renewal.due(tenant)
        await store.shred(erased)
        assert await store.vault.renewal.due(tenant)
        facts = house.copy(tenant)["events_0"]
        await store.vault.renewal.renew(tenant)
        assert await store.vault.renewal.write_book(tenant, book) == 1
        await store.vault.renewal.destroy_replaced(tenant)
        await store.shred(erased)
        assert not await store.vault.renewal.due(tenant), "what is gone is not shredded again"
        assert house.copy(tenant)["events_0"] == facts == backup["events_0"], "the log stays as it was, to the byte"
        assert (await said(store, erased), await said(store, kept)) == (GONE, [OPENED, ASKED])
    async with house.process() as later:
        assert (await said(later, erased), await said(later, kept)) == (GONE, [OPENED, ASKED])
        assert await later.vault.digest(tenant, pseudonym) == digest
        kept_later = await begun(later, tenant)

    house.put_back(tenant, backup)
    async with house.process() as restored:
        assert await said(restored, erased) == GONE
        assert await restored.vault.unseal(erased, sealed, "title") is None
        with pytest.raises(NotFound):
            await begun(restored, tenant)
    book.seek(0)
    assert await RestoredKeys(house.pool, None).restore(tenant, book)
    async with house.process() as mended:
        assert (await said(mended, erased), await said(mended, kept)) == (GONE, [OPENED, ASKED])
        assert await mended.vault.unseal(erased, sealed, "title") is None
        assert await mended.vault.digest(tenant, pseudonym) == digest
        assert await said(mended, await begun(mended, tenant)) == [OPENED, ASKED]
        assert await said(mended, kept_later) == [], "it was begun after the copy"
    book.seek(0)
    assert not await RestoredKeys(house.pool, None).restore(tenant, book), "it is as new as the book"


async def test_sessions_begin_and_are_read_while_keys_are_replaced(house: House) -> None:
    """By processes that know nothing of it but what the database says."""
    tenant = new_id()
    async with house.process() as one, house.process() as other:
        await one.vault.create_tenant_key(tenant)
        streams = [await begun(one, tenant)]
        done = asyncio.Event()

        async def begin(store: PostgresEventStore) -> None:
            while not done.is_set():
                streams.append(await begun(store, tenant))
                document = f"{tenant}/document/{new_id()}"
                assert await store.vault.unseal(document, await store.vault.seal(document, b"x", "t"), "t") == b"x"

        async with asyncio.TaskGroup() as busy:
            for store in (one, other):
                busy.create_task(begin(store))
            for store in (one, other, one, other):
                await asyncio.gather(*(store.vault.renewal.renew(tenant) for _ in range(3)))
                await store.vault.renewal.destroy_replaced(tenant)
            done.set()
    async with house.process() as later:
        for stream in streams:
            assert await said(later, stream) == [OPENED, ASKED]


async def test_a_tenant_that_is_destroyed_is_gone_in_every_copy(house: House) -> None:
    tenant = new_id()
    async with house.process() as store:
        await store.vault.create_tenant_key(tenant)
        stream, backup = await begun(store, tenant), house.copy(tenant)
        await store.vault.renewal.destroy_tenant(tenant)
        assert await said(store, stream) == GONE
        house.put_back(tenant, backup)
    async with house.process() as restored:
        assert await said(restored, stream) == GONE
        with pytest.raises(NotFound):
            await begun(restored, tenant)
