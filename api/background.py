"""The jobs behind, as the API process sees them: which of their loops are down, and which job nobody does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from api.readiness import SILENCE
from application.clock import Seconds, monotonic
from projections.beats import LastBeat, named

JOBS = ("relay", "project", "ingest")
SILENT_S = 30.0
"""A process that has said nothing for so long does nothing either: it is gone, stuck or starved."""


class Background:
    """What was heard of them last. Several processes may do a job: a loop is down when it is down in all of them."""

    def __init__(
        self, heard: Callable[[], Awaitable[list[LastBeat]]], clock: Seconds = monotonic, databases: int = 1
    ) -> None:
        self._ask, self._clock = heard, clock
        self._jobs = [named(job, number) for number in range(databases) for job in JOBS]
        self._heard: Sequence[LastBeat] = ()
        self._began = clock()

    async def refresh(self) -> None:
        """Listen."""
        self._heard = await self._ask()

    def down(self) -> dict[str, str]:
        """Every job and every loop of theirs by name, and why it is down; an empty word while it is up. A process that
        has just begun waits as long for them as it waits for one that has fallen silent."""
        living = [one for one in self._heard if one.silent_s < SILENT_S]
        patient = self._clock() - self._began < SILENT_S
        found = {job: "" if patient or any(one.job == job for one in living) else SILENCE for job in self._jobs}
        for one in living:
            for name, why in one.loops.items():
                found[name] = found.get(name, why) and why
        return found
