"""Whether this process can answer: each part's check within a second, asked at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from application.clock import monotonic, now

# What it gives is told as the part's detail; it raises when the part is away.
HealthCheck = Callable[[], Awaitable[str | None]]


class Away(Exception):
    """A part does not do what it is there for; the message may be told to anybody."""


CHECK_S = 1.0
SILENCE = "silence"
"""Why a job is down that no process is heard of."""
FRESH_S = 1.0


class Part(msgspec.Struct, frozen=True):
    """A dependency: is it there, is it needed for a turn or merely missed, and what is wrong with it."""

    status: Literal["ok", "away"]
    needed: bool
    detail: str = ""


class ReadinessReport(msgspec.Struct, frozen=True):
    """`ready`: all is there; `degraded`: something is missed, and what needs it waits; `down`: nothing goes."""

    status: Literal["ready", "degraded", "down"]
    parts: dict[str, Part]


class Readiness:
    """Remembers the last report for a second, so that probes cost nothing."""

    def __init__(
        self,
        checks: Mapping[str, tuple[bool, HealthCheck]],
        loops: Callable[[], Mapping[str, str]],
        known: Callable[[], Mapping[str, Part]] = dict,
    ) -> None:
        """`loops` tells of each loop of this process why it is down, or nothing; `known` of what does not change."""
        self._checks, self._loops, self._known = checks, loops, known
        self._parts: dict[str, Part] = {}
        self._at = -FRESH_S
        self._away_since: dict[str, datetime] = {}
        self._asking = asyncio.Lock()

    async def report(self, *, draining: bool = False) -> ReadinessReport:
        """How things are; a process that is leaving is `down`."""
        async with self._asking:
            if monotonic() - self._at >= FRESH_S:
                found = await asyncio.gather(*(_look(needed, check) for needed, check in self._checks.values()))
                self._parts, self._at = dict(zip(self._checks, found, strict=True)), monotonic()
        parts = self._parts | dict(self._known()) | {name: _loop_part(why) for name, why in self._loops().items()}
        parts |= {"process": Part("away", True, "draining")} if draining else {}
        away = [part for part in parts.values() if part.status == "away"]
        seen = {name: now() for name, part in parts.items() if part.status == "away"}
        self._away_since = {name: self._away_since.get(name, at) for name, at in seen.items()}
        status: Literal["ready", "degraded", "down"] = "degraded" if away else "ready"
        return ReadinessReport("down" if any(part.needed for part in away) else status, parts)

    def away_since(self) -> dict[str, datetime]:
        """The parts that were away in the last report, and when they were first seen to be. It knows when it is asked:
        probes ask every few seconds."""
        return dict(self._away_since)


def _loop_part(why: str) -> Part:
    """A loop that is down is being begun again: what it does is late, and turns go on meanwhile."""
    if why == SILENCE:
        return Part("away", False, "no process says that it does this")
    return Part("away", False, f"ended by {why}, is begun again") if why else Part("ok", False)


async def _look(needed: bool, check: HealthCheck) -> Part:
    try:
        async with asyncio.timeout(CHECK_S):
            return Part("ok", needed, await check() or "")
    except TimeoutError:
        return Part("away", needed, f"no answer within {CHECK_S:.0f} s")
    except Away as away:
        return Part("away", needed, str(away))
    except Exception as error:  # whatever a client library raises, it means the same here
        return Part("away", needed, type(error).__name__)
