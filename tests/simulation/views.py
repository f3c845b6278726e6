"""The read models of a simulated installation: the product's own code over tables in memory, fed by its own runner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from application.acting_tenant import EVERY, act_for
from application.ports.facts.event_store import Recorded
from application.tasks import Loops
from application.users import Users
from domain.event import Envelope
from projections.cost_entries import CostEntries, Entry
from projections.costs import Lines, settled
from projections.parked_sessions import Parking
from projections.positions import Generation
from projections.read_model import Effect
from projections.relay import Pace, Relay
from projections.runner import Runner
from projections.session_view import SessionView
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.simulation.database import DATABASE, PlacesLink, ProcessStore, leading
from tests.simulation.links import Link
from tests.simulation.node import Node
from tests.simulation.pipe import Pipe, Reader
from tests.simulation.shared import Shared

GENERATION = 1
PACE = Pace(compare_s=5.0, linger_s=0.1)
PIPE = "pipe"


class Rows:
    """The tables of all read models of one generation; a move and its rows are kept together (`ProcessPlaces`)."""

    def __init__(self) -> None:
        self.lines: Lines = {}
        self.marks: dict[tuple[str, int], Entry] = {}
        self.parked: dict[str, tuple[int, str]] = {}


class MemoryCosts:
    """The read model `costs`: the product's entries and its rule of which settlement stands; SQL and sums are not
    played."""

    name, layout = "costs", 1

    def __init__(self, store: Any, users: Users, rows: Rows) -> None:
        self._entries, self._rows = CostEntries(store, users), rows

    async def resume(self, generation: int, lane: int) -> None:
        """See `ReadModel`."""

    async def apply(self, generation: int, lane: int, facts: Sequence[Recorded]) -> Effect:
        """See `ReadModel`."""
        lines = [line for fact in facts if (line := await self._entries.line(fact))]
        marks = [mark for fact in facts if (mark := await self._entries.mark(fact))]

        def keep() -> None:
            self._rows.lines.update(settled(self._rows.lines, lines))
            for mark in marks:
                key = (mark["tenant"], mark["position"])
                assert key not in self._rows.marks, f"a mark twice: {key}"
                self._rows.marks[key] = mark

        async def effect(connection: Any) -> None:
            connection.append(keep)

        return effect


class MemoryParked:
    """`SessionsAside` in memory."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def among(self, generation: int, streams: Sequence[str]) -> list[str]:
        return [stream for stream in streams if stream in self._rows.parked]

    async def park(self, connection: Any, generation: int, lane: int, parking: Parking) -> None:
        fact = parking.fact
        connection.append(lambda: self._rows.parked.setdefault(fact.stream, (fact.version, parking.reason)))

    async def to_try(self, generation: int, lane: int) -> list[dict[str, Any]]:
        return [{"stream": s, "version": v, "asked": False} for s, (v, _) in self._rows.parked.items()]

    async def tried(self, generation: int, row: dict[str, Any], outcome: str) -> None:
        if outcome == "done":
            self._rows.parked.pop(row["stream"], None)


class NoWords:
    """Sessions are not searched here."""

    async def changes(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> Any:
        return {}

    async def keep(self, connection: Any, generation: int, changes: Any) -> None:
        return None

    async def note(self, generation: int, told: Mapping[str, Sequence[Envelope]]) -> None:
        return None


def read_models(store: Any, shared: Shared, items: Any, rows: Rows) -> list[Any]:
    """Both, over these tables."""
    users = Users(shared.sealer, shared.user_names, store)
    parked = MemoryParked(rows)
    view = SessionView(store, cast(Any, None), items, shared.sealer, users, parked=parked, words=cast(Any, NoWords()))
    return [view, MemoryCosts(store, users, rows)]


class PipeLink(Link):
    """The pipe as a process sees it; so are the readers that it gives."""

    async def reader(self, lane: int, name: str) -> Any:
        """See `EventPipe`."""
        await self._node.world.cross(self._node, PIPE)
        return Link(self._node, PIPE, Placed(self._target, await self._target.reader(lane, name), name))


class Placed:
    """A reader whose place may have gone with the stream."""

    def __init__(self, pipe: Pipe, reader: Reader, name: str) -> None:
        self._pipe, self._reader, self._name = pipe, reader, name

    async def fetch(self, limit: int, *, timeout_s: float) -> list[Recorded]:
        """See `PipeReader`."""
        self._pipe.check_place(self._name, self._reader)
        return await self._reader.fetch(limit, timeout_s=timeout_s)

    async def acknowledge(self) -> None:
        """See `PipeReader`."""
        self._pipe.check_place(self._name, self._reader)
        await self._reader.acknowledge()


async def work(node: Node, shared: Shared, rows: Rows) -> None:
    """A process that relays and projects, until it is killed."""
    act_for(EVERY)
    database = shared.database
    store = cast(Any, Link(node, DATABASE, ProcessStore(database, node.name), ("wait_for_news", "open", "heading")))
    pipe, places, lead = (
        cast(Any, PipeLink(node, PIPE, shared.pipe)),
        PlacesLink(node, database),
        leading(database, node),
    )
    items = cast(Any, Link(node, "items", shared.items))
    async with Loops() as loops:
        relay = Relay(store, pipe, places, lead, pace=PACE)
        loops.keep("relay", lambda up: relay.run(loops.stop))
        for model in read_models(store, shared, items, rows):
            database.live.setdefault(model.name, Generation(GENERATION, model.layout))
            runner = Runner(store, pipe, places, lead, model, 0, blocked_s=2.0)
            loops.keep(model.name, lambda up, runner=runner: runner.run(loops.stop, up))  # type: ignore[misc]
        await loops.stop.wait()


async def rebuilt(shared: Shared) -> tuple[InMemorySessionItems, Rows]:
    """The same tables out of the log alone, in one go."""
    act_for(EVERY)
    store, items, rows = ProcessStore(shared.database, "rebuild"), InMemorySessionItems(), Rows()
    facts = await store.read_log(0, after=0, limit=100_000)
    for model in read_models(store, shared, items, rows):
        effects: list[Any] = []
        effect = await model.apply(GENERATION, 0, facts)
        await effect(effects)
        for change in effects:
            change()
    return items, rows
