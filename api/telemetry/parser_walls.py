"""Which walls hold round the processes that read hostile files: told at the start, and on the health page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from api.readiness import Part
from api.telemetry.metrics import parser_wall

log = structlog.get_logger()


class ParserWalls:
    """Empty until they were looked for; then one part, which is `ok` whichever hold: the machine is as it is."""

    def __init__(self, find: Callable[[], Awaitable[Mapping[str, bool]]]) -> None:
        self._find = find
        self.parts: dict[str, Part] = {}

    async def look(self) -> None:
        """Try them once."""
        found = await self._find()
        for wall, holds in found.items():
            parser_wall.labels(wall).set(holds)
        held, missing = (" ".join(wall for wall, holds in found.items() if holds is wanted) for wanted in (True, False))
        tell = log.warning if missing else log.info
        tell("parser_walls", held=held, missing=missing)
        self.parts = {"parsers": Part("ok", False, f"not to be had on this machine: {missing}" if missing else "")}
