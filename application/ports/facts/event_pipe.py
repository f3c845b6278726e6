"""The pipe that carries stored facts to the read models: a copy of the log's end that can be rebuilt at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from application.ports.facts.event_store import Recorded


class PipeEnd(msgspec.Struct, frozen=True):
    """Where a lane's pipe ends: the last fact in it (None when it is empty) and the pipe's own number of its last
    entry, which is known even when that entry has been dropped."""

    last: Recorded | None
    sequence: int

    @property
    def position(self) -> int:
        """The store's position of the last fact; 0 when there is none."""
        return self.last.position if self.last else 0


class PipeMoved(Exception):
    """The pipe does not end where the writer thought: somebody else wrote, or an acknowledgement was lost."""


class PipeReader(Protocol):
    """One read model's place in a lane's pipe. What is not acknowledged comes again."""

    async def fetch(self, limit: int, *, timeout_s: float) -> list[Recorded]:
        """The next facts, at most `limit`, and fewer once they are some `LOG_BYTES`; empty when none came in time.
        `DependencyUnavailable` when the pipe is away. Facts may be missing, repeated or out of order: whoever reads
        goes by their positions. One that is too large for the pipe comes with an empty `state`."""
        ...

    async def acknowledge(self) -> None:
        """Everything that was fetched is done with."""
        ...


class EventPipe(Protocol):
    """One durable log a lane, of bounded size: the oldest facts are dropped. Every method raises
    `DependencyUnavailable` when the pipe is away."""

    async def provision(self, lane: int) -> None:
        """Make the lane's log when it is not there."""
        ...

    async def end(self, lane: int) -> PipeEnd:
        """Where the lane's log ends."""
        ...

    async def publish(self, lane: int, events: Sequence[Recorded], after: PipeEnd) -> PipeEnd:
        """Append facts in order if the log still ends at `after`; where it ends now. `PipeMoved` when it does not: some
        of them may have been appended."""
        ...

    async def reader(self, lane: int, name: str) -> PipeReader:
        """The place of the read model `name` (letters, digits, `_`); a new one begins at the end."""
        ...

    async def forget(self, lane: int, name: str) -> None:
        """Drop the place of a read model that is no more."""
        ...
