"""The health page names each loop and the walls round parsers; a loop that is down makes it `degraded`, not `down`."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from api.readiness import Part, Readiness
from api.telemetry.parser_walls import ParserWalls
from application.tasks import Loops


async def test_a_loop_that_is_down_is_a_part_that_is_away_until_it_works_again() -> None:
    broken, tried = True, asyncio.Event()

    async def round() -> None:
        tried.set()
        if broken:
            raise KeyError

    before = REGISTRY.get_sample_value("colloquy_task_ended_total", {"task": "leading"}) or 0
    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        readiness = Readiness({}, loops.down)
        assert (await readiness.report()).status == "ready"
        loops.every("leading", 0.0, round)
        await tried.wait()
        await asyncio.sleep(0)
        report = await readiness.report()
        assert report.status == "degraded"
        assert report.parts == {"leading": Part("away", False, "ended by KeyError, is begun again")}
        broken = False
        while (await readiness.report()).status != "ready":  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert (await readiness.report()).parts == {"leading": Part("ok", False)}
    assert (REGISTRY.get_sample_value("colloquy_task_ended_total", {"task": "leading"}) or 0) > before


@pytest.mark.parametrize("missing", ["", "calls", "network calls"])
async def test_walls_that_cannot_be_had_are_named_and_are_no_failure(missing: str) -> None:
    async def find() -> dict[str, bool]:
        return {wall: wall not in missing.split() for wall in ("network", "files", "calls")}

    walls = ParserWalls(find)
    readiness = Readiness({}, dict, lambda: walls.parts)
    assert (await readiness.report()).parts == {}
    await walls.look()
    report = await readiness.report()
    assert report.status == "ready" and report.parts["parsers"].detail.endswith(missing)
    assert REGISTRY.get_sample_value("colloquy_parser_wall", {"wall": "calls"}) == ("calls" not in missing)
