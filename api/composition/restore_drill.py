"""A restore drill: a backup restored beside, made readable, checked and taken away again, while everything goes on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import msgspec

from adapters.database_login import PARTS, session_url
from adapters.dynamodb.table import drop_table
from adapters.postgres.archive import bring_to, served_at, stop
from adapters.postgres.backup import beside_of, drop, facts_in, given_back, read_manifest, restore, same_logins
from adapters.postgres.migrate import migrate
from api.composition.audit_wiring import open_verifications
from api.composition.aws_client import open_aws
from api.composition.backup_wiring import back_up_databases
from api.composition.job_wiring import Projecting, open_projecting
from api.composition.provision import provision
from api.settings import Settings
from application.acting_tenant import EVERY, act_for
from application.clock import monotonic, now
from application.ports.facts.event_pipe import PipeEnd, PipeReader
from application.ports.facts.event_store import Recorded
from domain.refusals import DependencyUnavailable
from projections.audit import Audit
from projections.costs import Costs
from projections.lag import standings
from projections.session_view import SessionView


class Drilled(msgspec.Struct, frozen=True, kw_only=True):
    """What a drill came to. `rpo_s` is how old the backup was when the restore began, and `facts_since` what had been
    stored by then that it lacks: what would have been lost. `rto_s` is from the order to restore until people could be
    let in: a database that is what was backed up, today's keys, all read models. `checked_s` is what looking closer
    took. Of streams that were erased since the backup (`erased_since`) `given_back` could be read again. `unlike` are
    read models whose rows are not what their facts give, `parked` sessions that cannot be followed."""

    facts: int
    made_at: datetime
    rpo_s: float
    facts_since: int
    rto_s: float
    checked_s: float
    steps: dict[str, float]
    erased_since: int
    given_back: int
    log_events: int
    log_findings: int
    unlike: list[str]
    parked: int

    @property
    def passed(self) -> bool:
        """Whether what was restored is whole, and nothing that was erased came back."""
        return not (self.given_back or self.log_findings or self.unlike or self.parked)


class NoPipe:
    """The pipe of a copy: nobody feeds it, and the one of the installation is not its own."""

    async def provision(self, lane: int) -> NoReturn:
        """See `EventPipe`."""
        raise DependencyUnavailable

    async def end(self, lane: int) -> PipeEnd:
        """See `EventPipe`."""
        raise DependencyUnavailable

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        """See `EventPipe`."""
        raise DependencyUnavailable

    async def reader(self, lane: int, name: str) -> PipeReader:
        """See `EventPipe`."""
        raise DependencyUnavailable

    async def forget(self, lane: int, name: str) -> None:
        """See `EventPipe`: there is nothing to forget."""


@dataclass
class Stopwatch:
    """Seconds by what was done."""

    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """What a block took."""
        began = monotonic()
        yield
        self.took[name] = round(monotonic() - began, 2)

    def sum(self, *names: str) -> float:
        """Of some of them."""
        return round(sum(self.took[name] for name in names), 2)


@dataclass(frozen=True)
class Dump:
    """A backup of one moment in a folder, made now if it is to be `fresh`; it is restored into a database beside."""

    folder: Path
    fresh: bool

    async def prepare(self, settings: Settings, watch: Stopwatch) -> datetime:
        """When it was made."""
        if self.fresh:
            with watch.timed("back up"):
                await asyncio.to_thread(back_up_databases, settings, self.folder)
        return read_manifest(self.folder).made_at

    @asynccontextmanager
    async def copy(self, settings: Settings, owner: str, name: str, _: Path) -> AsyncIterator[tuple[Settings, int]]:
        """The settings that lead to it for as long as a block runs, and how many facts it holds."""
        copy = elsewhere(settings, name, lambda url: beside_of(url, name))
        try:
            restored = await asyncio.to_thread(restore, owner, name, self.folder)
            there = session_url(copy.database_url, copy.database_direct_url)
            if not copy.login_urls and not await asyncio.to_thread(same_logins, owner, there):
                raise RuntimeError("this backup remembers other database passwords than are in use: drill a newer one")
            yield copy, restored.facts
        finally:
            await asyncio.to_thread(drop, owner, name)


@dataclass(frozen=True)
class Followed:
    """A backup that was followed, in a folder, and a moment of it (None: its end); a server of its own, on a port of
    this machine, is brought there."""

    folder: Path
    moment: datetime | None
    port: int

    async def prepare(self, settings: Settings, watch: Stopwatch) -> datetime:
        """The moment."""
        return self.moment or now()

    @asynccontextmanager
    async def copy(self, settings: Settings, owner: str, name: str, own: Path) -> AsyncIterator[tuple[Settings, int]]:
        """See `Dump`. Its logins have the passwords of then, which are the copy's own."""
        data = own / "data"
        done = await asyncio.to_thread(bring_to, owner, self.folder, self.moment, data, self.port)
        try:
            yield elsewhere(settings, name, lambda url: served_at(url, self.port)), done.facts
        finally:
            await asyncio.to_thread(stop, data)


async def drill(settings: Settings, source: Dump | Followed, own: Path) -> Drilled:
    """Restore a backup and say what came of it; `own` is a folder for what is needed meanwhile. The installation works
    on; of the drill nothing stays."""
    act_for(EVERY)
    if settings.databases > 1:
        raise RuntimeError("a drill is of one database: try each by itself, named by COLLOQUY_DATABASE_URL alone")
    watch, owner = Stopwatch(), session_url(settings.database_url, settings.database_direct_url)
    made_at, asked = await source.prepare(settings, watch), now()
    stored = await asyncio.to_thread(facts_in, owner)
    async with copy_of(settings, owner, source, own, watch) as (copy, facts):
        there = session_url(copy.database_url, copy.database_direct_url)
        erased = await asyncio.to_thread(given_back, owner, there)
        with watch.timed("migrate"):
            await asyncio.to_thread(migrate, there, copy.lanes, copy.login_urls)
            await provision(copy)
        back = await asyncio.to_thread(given_back, owner, there)
        async with open_projecting(copy) as opened:
            projecting = replace(opened, pipe=NoPipe())
            with watch.timed("session view"):
                await projecting.rebuilder(SessionView.name).rebuild(asyncio.Event())
            unlike, parked = await _models(projecting, watch)
        with watch.timed("audit log"):
            async with open_verifications(copy, anchors=False) as [(verification, _)]:
                verdicts = await verification.check()
    return Drilled(
        facts=facts,
        made_at=made_at,
        rpo_s=round((asked - made_at).total_seconds(), 2),
        facts_since=stored - facts,
        rto_s=watch.sum("restore", "migrate", "session view"),
        checked_s=watch.sum("costs", "audit", "audit log"),
        steps=watch.took,
        erased_since=erased,
        given_back=back,
        log_events=sum(verdict.events for verdict in verdicts),
        log_findings=sum(len(verdict.findings) for verdict in verdicts),
        unlike=unlike,
        parked=parked,
    )


@asynccontextmanager
async def copy_of(
    settings: Settings, owner: str, source: Dump | Followed, own: Path, watch: Stopwatch
) -> AsyncIterator[tuple[Settings, int]]:
    """The backup restored, for as long as a block runs: the settings that lead to it, and how many facts it holds. Its
    session view has a table of its own."""
    name = f"colloquy_drill_{secrets.token_hex(4)}"
    async with AsyncExitStack() as kept:
        with watch.timed("restore"):
            copy, facts = await kept.enter_async_context(source.copy(settings, owner, name, own))
        try:
            yield copy, facts
        finally:
            async with open_aws("dynamodb") as dynamodb:
                await drop_table(dynamodb, copy.table)


def elsewhere(settings: Settings, table: str, lead: Callable[[str], str]) -> Settings:
    """The same settings with URLs of a copy, another table, and no pipe."""
    urls = ("database_url", "database_direct_url", *(f"database_{part}_url" for part in PARTS))
    moved = {url: lead(getattr(settings, url)) for url in urls}
    return msgspec.structs.replace(settings, **moved, table=table, nats_url="")


async def _models(projecting: Projecting, watch: Stopwatch) -> tuple[list[str], int]:
    """The read models that came with the backup and are not what a fresh build gives, and how many sessions the third,
    which was built anew, cannot follow."""
    unlike = []
    for model in (Costs.name, Audit.name):
        with watch.timed(model):
            if not (await projecting.rebuilder(model).verify(asyncio.Event())).equal:
                unlike.append(model)
    return unlike, sum(standing.parked for standing in await standings(projecting.pool, projecting.store))
