"""Loops of the jobs behind show in the API's readiness: one that dies, one that is well, and a job that nobody does."""

from __future__ import annotations

import asyncio

import pytest

from adapters.database_transactions import OnePool, Pool
from adapters.eventstore.store import PostgresEventStore
from adapters.nats.pipe import open_pipe
from api.background import SILENT_S, Background
from api.readiness import Part, Readiness
from projections.beats import LastBeat, beating, heard
from projections.leadership import leading
from projections.places import PostgresPlaces
from projections.relay import Relay
from projections.transactions import writing
from tests.projections.waiting import until

JOBS_UP = {"relay": "", "project": "", "ingest": ""}
DEAD = LastBeat("relay", {"relay_0": "KeyError"}, 1.0)
KILLED = """
INSERT INTO projections.background (process, job, loops, at)
VALUES ('killed', 'ingest', '{}', now() - interval '1 minute')"""


@pytest.mark.parametrize(
    ("said", "waited_s", "down"),
    [
        ([], 0.0, JOBS_UP),
        ([], SILENT_S, {"relay": "silence", "project": "silence", "ingest": "silence"}),
        ([LastBeat("relay", {"relay_0": ""}, 1.0)], SILENT_S,
         {"relay": "", "relay_0": "", "project": "silence", "ingest": "silence"}),
        ([DEAD], 0.0, JOBS_UP | {"relay_0": "KeyError"}),
        ([DEAD, LastBeat("relay", {"relay_0": ""}, 2.0)], 0.0, JOBS_UP | {"relay_0": ""}),
        ([LastBeat("relay", {"relay_0": ""}, 1.0), DEAD], 0.0, JOBS_UP | {"relay_0": ""}),
        ([LastBeat("relay", {"relay_0": "KeyError"}, SILENT_S)], 0.0, JOBS_UP),
    ],
)  # fmt: skip
async def test_a_loop_is_down_when_it_is_in_all_processes_that_speak(
    said: list[LastBeat], waited_s: float, down: dict[str, str]
) -> None:
    moments = iter([0.0, waited_s])

    async def ask() -> list[LastBeat]:
        return said

    background = Background(ask, lambda: next(moments))
    await background.refresh()
    assert background.down() == down


@pytest.mark.real
async def test_a_relay_that_dies_is_a_part_that_is_away_and_one_that_ends_is_none(
    store: PostgresEventStore, worker: OnePool, pool: Pool
) -> None:
    stop = asyncio.Event()
    background = Background(lambda: heard(pool))
    readiness = Readiness({}, background.down)

    async def says(name: str, detail: str) -> bool:
        await background.refresh()
        return (await readiness.report()).parts.get(name) == Part("away", False, detail)

    async with (
        open_pipe("nats://127.0.0.1:9", lambda: [b"s" * 32]) as nowhere,
        asyncio.timeout(60),
        beating(worker, "one", "relay", every_s=0.05) as told,
    ):
        relay = Relay(store, nowhere, PostgresPlaces(worker), leading(str(worker.conninfo)))
        running = asyncio.create_task(relay.run(stop, told))
        await until(lambda: says("relay_0", "ended by DependencyUnavailable, is begun again"), "its loop has died")
        assert (await readiness.report()).status == "degraded"
        assert (await readiness.report()).parts["beats_relay"] == Part("ok", False)
        stop.set()
        await running
    assert await heard(pool) == [], "it said that it is no more"


@pytest.mark.real
async def test_a_process_that_was_killed_is_heard_less_and_less(worker: Pool, pool: Pool) -> None:
    async with writing(worker) as connection:
        await connection.execute(KILLED)
    (found,) = await heard(pool)
    assert found.job == "ingest" and found.silent_s >= 60 > SILENT_S
    async with beating(worker, "killed", "ingest"):
        pass
    assert await heard(pool) == []
