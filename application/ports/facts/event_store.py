"""The log of facts: one stream an aggregate, also readable in the order of everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

from domain.event import Envelope


class Recorded(msgspec.Struct, frozen=True, array_like=True):
    """A stored fact as bytes, the way it is relayed and audited: private bodies stay sealed in `state`.

    `position` rises with the log and has gaps; `previous` is the position before it in its lane (0 at the start).
    """

    position: int
    previous: int
    stream: str
    version: int
    topic: str
    state: bytes


LOG_BYTES = 8 * 1024 * 1024
"""Of facts that are read from the log, or go through the pipe, at a time: the last of them may go beyond."""


def is_full(facts: Sequence[Recorded], limit: int) -> bool:
    """Whether a batch was ended by its limits, so that more may be there."""
    return len(facts) >= limit or sum(len(fact.state) for fact in facts) >= LOG_BYTES


class EventStore(Protocol):
    """Streams of facts, one an aggregate. One lane holds all streams of a tenant, in one total order."""

    async def append(self, events: Sequence[Envelope]) -> int:
        """Store facts of one stream, all or none; the position of the last one.

        Their versions must follow the stream's last one without a hole: otherwise `domain.refusals.Conflict`. A retry
        after an unknown outcome that finds exactly these bytes stored succeeds. `Overloaded` when too many wait,
        `PayloadTooLarge` for a fact that no pipe would carry, `SessionNotFound` for a private fact of a stream that was
        shredded, `DependencyUnavailable` when the outcome is still unknown at the deadline: it may be stored yet.
        The first fact of a stream brings its data key into being, in the same transaction (streams of searches and of
        looks into the log need none: no private fact can be stored there). Cancelling the caller does
        not cancel the append. A `turn.started`, `turn.resumed` or `turn.follow_up_due` fact takes the running-turn
        lease for this process, a terminal turn fact or `turn.followed_up` drops it, in the same transaction; of
        several the last word counts (see `ports/leases.py`).
        """
        ...

    def slices(self, stream: str, *, after: int = 0, upto: int | None = None) -> AsyncIterator[list[Envelope]]:
        """The stream's facts in order, `after < version <= upto`, in lists of bounded size: a stream may be longer than
        the memory there is. With `after == 0` and no `upto` the first may begin with the latest snapshot instead of the
        facts it covers. Sealed bodies whose key is gone come as `Shredded`, what a newer program told as `Unknown`."""
        ...

    async def load(self, stream: str, *, after: int = 0, upto: int | None = None) -> list[Envelope]:
        """All slices as one list: for streams known to be short."""
        ...

    async def snapshot(self, envelope: Envelope) -> None:
        """Keep a snapshot of a stream at `envelope.version`; one that is there already stays."""
        ...


class TenantNews(Protocol):
    """Who holds settings of tenants in memory hears that they changed."""

    def on_tenant_change(self, heard: Callable[[str], None]) -> None:
        """Call `heard` with a tenant each time a fact of its settings was stored, by any process; with an empty text
        when any tenant's may have been, which is said each time a connection begins. Like all news it may be lost."""
        ...


class EventLog(Protocol):
    """A lane in the order of everything, as bytes: for what relays and follows."""

    async def read_log(self, lane: int, *, after: int, limit: int) -> list[Recorded]:
        """The lane's facts as bytes, `position > after`, in order, at most `limit`, and fewer once they are `LOG_BYTES`
        (see `is_full`)."""
        ...

    async def head(self, lane: int) -> int:
        """The position of the lane's last fact; 0 when empty."""
        ...

    async def wait_for_news(self, lane: int, deadline_s: float) -> bool:
        """Wait until something may have been stored in the lane since the last call, at most `deadline_s` seconds;
        whether there may be. A safety net only: poll as well."""
        ...


class RecordedFacts(Protocol):
    """Facts of a tenant as bytes, by where they stand in their streams."""

    async def recorded(self, tenant: str, places: Sequence[tuple[str, int]]) -> list[Recorded]:
        """Those of these (stream, version) that are there, in the order of the log; `previous` is not said."""
        ...


class FactCodec(Protocol):
    """Bytes of the log to facts."""

    def open(self, recorded: Recorded) -> Envelope:
        """Bytes to a fact, if the stream's key is in memory; else `Shredded` (see `unlock`). A topic that this program
        does not know comes as `Unknown`; a ValueError is a body that its topic does not have here."""
        ...

    def heading(self, recorded: Recorded) -> Envelope:
        """When a fact was stored, by whom and why, but not what it says: its event is always `Shredded`. Needs no key,
        and reads topics that this program does not know."""
        ...


class StreamKeys(Protocol):
    """The data keys that private bodies are sealed with, one a stream."""

    async def unlock(self, streams: Sequence[str]) -> None:
        """Bring the data keys of these streams into memory; streams whose key was shredded are passed over."""
        ...


class KeyShredder(Protocol):
    """Ends what can be read of a stream."""

    async def shred(self, stream: str) -> None:
        """Destroy the stream's data key and its snapshots: private bodies can never be read again."""
        ...


class StreamCatalogue(Protocol):
    """Which streams a tenant has: asked of the store itself, for views may be behind."""

    def begun(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        """The first facts of all streams of a kind whose key was not shredded, in lists of bounded size; with `below`
        only of those whose ids come before it. Private ones come as `Shredded`: no key is needed."""
        ...

    def latest(self, tenant: str, kind: str, *, below: str = "") -> AsyncIterator[list[Envelope]]:
        """The same of their latest facts."""
        ...


class WatchedStore(EventStore, TenantNews, Protocol):
    """Streams, and word of those that changed elsewhere."""


class ErasableStore(EventStore, KeyShredder, Protocol):
    """Streams whose private bodies can be destroyed."""


class ReadableLog(EventLog, FactCodec, Protocol):
    """The log, and what its facts say where no key is needed or it is in memory."""


class OpenedLog(ReadableLog, StreamKeys, EventStore, Protocol):
    """The log with its keys, beside the streams: for who reads everything that was said."""


class ErasableLog(OpenedLog, KeyShredder, Protocol):
    """The same, where what was erased is cleared up too."""


class WholeStore(ErasableLog, StreamCatalogue, TenantNews, Protocol):
    """All of it: what an adapter keeps, and the composition hands out by parts."""
