"""Events a second into the event store: ours, sealed and durable, beside the library as it comes, in the same run."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import click
import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from adapters.eventstore.store import PostgresEventStore, open_event_store
from adapters.postgres.logins import find_logins
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import open_pool
from application.acting_tenant import EVERY, act_for
from application.clock import new_id
from application.execute import SESSION, Context, LoadedAggregate
from domain.event import Event
from domain.session.events import SessionOpened, StepRun
from infra.bench.harness.chat_load import percentile
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

TEXT = "x" * 130


class MeasuredVariant(msgspec.Struct, kw_only=True):
    """One variant: events a second, and how long a save takes (milliseconds)."""

    what: str
    sessions: int
    batch: int
    events_per_s: float
    save_p50_ms: float
    save_p99_ms: float


class Chat(Aggregate):
    """The library's own kind of aggregate, with an event of the same eight fields."""

    @event("Opened")
    def __init__(self, user: str) -> None:
        self.steps = 0

    @event("Ran")
    def ran(self, turn_id: str, step: str, model: str, reason: str, ms: int, result: str, safe: bool, n: int) -> None:
        """A step."""
        self.steps += 1


class Chats(Application[Any]):
    """The library as it comes."""


class LibraryAsItComes:
    """Its Application with its default mapper and recorder, one thread a save."""

    what = "library as it comes"

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._app = Chats(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": parts.path.lstrip("/"),
                "POSTGRES_HOST": parts.hostname or "",
                "POSTGRES_PORT": str(parts.port or 5432),
                "POSTGRES_USER": parts.username or "",
                "POSTGRES_PASSWORD": parts.password or "trusted",
            }
        )

    async def session(self) -> Callable[[int], Awaitable[None]]:
        """A session that saves `batch` events a call."""
        chat = Chat("user")

        async def save(batch: int) -> None:
            for number in range(batch):
                chat.ran("turn", "answer", "model", "tier:balanced", 12, TEXT, False, number)
            await anyio.to_thread.run_sync(self._app.save, chat)

        await anyio.to_thread.run_sync(self._app.save, chat)
        return save

    def close(self) -> None:
        """Let go of the database."""
        self._app.close()


class LocalAuthority:
    """Keys that no service holds: what is measured is the store."""

    async def create(self, tenant: str) -> tuple[bytes, bytes]:
        """A random key, not wrapped."""
        key = secrets.token_bytes(32)
        return key, key

    async def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        """The same bytes."""
        return wrapped

    async def renew(self, tenant: str) -> tuple[bytes, bytes]:
        """Another one."""
        return await self.create(tenant)

    async def destroy(self, tenant: str, wrapped: bytes) -> None:
        """There is nobody who would unwrap it."""


class Ours:
    """The store as the product uses it: private events sealed, appends coalesced."""

    what = "colloquy"

    def __init__(self, store: PostgresEventStore, tenant: str) -> None:
        self._store, self._tenant = store, tenant

    async def session(self) -> Callable[[int], Awaitable[None]]:
        """A session that saves `batch` events a call."""
        held = LoadedAggregate(self._store, f"{self._tenant}/session/{new_id()}", SESSION)
        context = Context("user")

        async def save(batch: int) -> None:
            events: list[Event] = [
                StepRun(turn_id="turn", step="answer", model="model", reason="tier:balanced", ms=12, result=TEXT)
                for _ in range(batch)
            ]
            await held.append(events, context)

        await held.append([SessionOpened(user="user", assistant="default")], context)
        return save


async def measure(store: LibraryAsItComes | Ours, sessions: int, batch: int, seconds: float) -> MeasuredVariant:
    """All sessions save as fast as they can for a while; every private event of ours is sealed."""
    savers = await asyncio.gather(*(store.session() for _ in range(sessions)))
    times: list[float] = []
    began = time.perf_counter()

    async def one(save: Callable[[int], Awaitable[None]]) -> None:
        while time.perf_counter() - began < seconds:
            at = time.perf_counter()
            await save(batch)
            times.append(time.perf_counter() - at)

    await asyncio.gather(*(one(save) for save in savers))
    took = time.perf_counter() - began
    return MeasuredVariant(
        what=store.what,
        sessions=sessions,
        batch=batch,
        events_per_s=round(len(times) * batch / took),
        save_p50_ms=round(percentile(times, 0.5) * 1e3, 1),
        save_p99_ms=round(percentile(times, 0.99) * 1e3, 1),
    )


async def compare(
    database_url: str, *, sessions: int, batch: int, rounds: int, seconds: float
) -> tuple[MeasuredVariant, MeasuredVariant]:
    """(library, ours): the median round of each, the two taking turns."""
    migrate(database_url)
    logins = await find_logins(database_url, {})
    act_for(EVERY)
    async with (
        open_pool(logins.app) as pool,
        open_event_store(logins, pool, LocalAuthority(), lanes=1, owner=f"bench-{new_id()}", lease_s=30) as store,
    ):
        tenant = new_id()
        await store.vault.create_tenant_key(tenant)
        ours, library = Ours(store, tenant), LibraryAsItComes(database_url)
        seen: list[tuple[MeasuredVariant, MeasuredVariant]] = []
        try:
            for _ in range(rounds):
                theirs = await measure(library, sessions, batch, seconds)
                seen.append((theirs, await measure(ours, sessions, batch, seconds)))
        finally:
            library.close()
    middle = len(seen) // 2
    by_rate = [sorted((pair[side] for pair in seen), key=lambda m: m.events_per_s)[middle] for side in (0, 1)]
    return by_rate[0], by_rate[1]


@click.command()
@recordable
@click.option("--database-url", help="A database to measure on (default: a durable one of its own).")
@click.option("--sessions", default=64, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="How often each takes its turn; the median counts.")
@click.option("--seconds", default=2.0, show_default=True, help="How long a turn lasts.")
@click.option("--json", "as_json", is_flag=True)
def events(database_url: str | None, sessions: int, rounds: int, seconds: float, as_json: bool) -> None:
    """Events a second into the event store, beside the library as it comes.

    Example: colloquy bench events --rounds 5
    """
    from infra.local.installation import throwaway_data_dir
    from infra.local.stack import running

    def run(url: str) -> list[Any]:
        pairs: list[Any] = []
        for batch in (10, 1):
            pairs += asyncio.run(compare(url, sessions=sessions, batch=batch, rounds=rounds, seconds=seconds))
        return pairs

    if database_url:
        rows = run(database_url)
    else:
        alone = frozenset({"nats", "valkey", "aws", "bedrock"})
        with throwaway_data_dir() as data_dir, running(data_dir, fast=False, without=alone) as stack:
            rows = run(stack.endpoints.database_url)
    ratios = [
        round(ours.events_per_s / theirs.events_per_s, 1) for theirs, ours in zip(rows[::2], rows[1::2], strict=True)
    ]
    keep({"in batches of 10": ratios[0], "one by one": ratios[1]})
    if as_json:
        click.echo(json.dumps({"rows": [msgspec.structs.asdict(r) for r in rows], "ratios": ratios}))
    else:
        click.echo(table(rows))
        click.echo(f"ours / library: {ratios[0]} times in batches of 10, {ratios[1]} times one by one")
