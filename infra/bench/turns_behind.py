"""What a turn costs the API process behind 5 to 5,000 others: sessions are laid down in the store, opened and asked in
turn; and how long their reads take."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from infra.bench.harness.installation import Installed
from infra.bench.harness.processes import cpu_seconds
from infra.bench.session_growth import told_facts

ASKED = 20
ROUNDS = 3
WITHIN_S = 60.0
TOGETHER = 20
SETTLE_S = 0.3
"""After a round of questions, so that what follows them counts as theirs."""


class BehindTurns(msgspec.Struct, kw_only=True):
    """A session of so many turns: milliseconds until it was open for the first time, of a turn and of its CPU (medians
    of the rounds), of the first page of its turns, of its history and of its export."""

    turns: int
    opened_ms: float
    turn_ms: float
    cpu_ms: float
    page_ms: float
    history_ms: float
    export_ms: float


def behind(ours: Installed, sizes: Sequence[int]) -> list[BehindTurns]:
    """All of them in one installation, one after the other in each round."""
    ids = asyncio.run(_lay_down(ours, sizes))
    (token,) = ours.tokens(1)
    return asyncio.run(_measure(ours, token, dict(zip(sizes, ids, strict=True))))


async def _lay_down(ours: Installed, sizes: Sequence[int]) -> list[str]:
    from adapters.postgres.user_names import PostgresUserNames
    from api.composition.infrastructure import open_database
    from api.settings import read_settings
    from application.acting_tenant import EVERY, act_for
    from application.users import Users
    from infra.local.endpoints import installation_environment

    os.environ.update(installation_environment(str(ours.data_dir)) | {"COLLOQUY_DATA_DIR": str(ours.data_dir)})
    act_for(EVERY)
    async with AsyncExitStack() as stack:
        database = await open_database(read_settings(data_dir=str(ours.data_dir)), stack, "bench-long-session")
        users = Users(database.store.vault, PostgresUserNames(database.pool), database.store)
        stack.push_async_callback(users.close)
        user = await users.known(ours.tenants[0], "user-0")
        return [await _session(database.store, ours.tenants[0], user, turns) for turns in sizes]


async def _session(store: Any, tenant: str, user: str, turns: int) -> str:
    """A session with so many turns, and the snapshot that it would have."""
    from application.clock import new_id, now
    from application.execute import SESSION, Context, LoadedAggregate
    from domain.event import Envelope
    from domain.session import events as e
    from domain.session.state import snapshot_of

    id = new_id()
    held, context = LoadedAggregate(store, f"{tenant}/session/{id}", SESSION), Context(user, id)
    await held.append([e.SessionOpened(user=user, assistant="default")], context)
    for first in range(0, turns, TOGETHER):
        some = range(first, min(first + TOGETHER, turns))
        await held.append([fact for number in some for fact in told_facts(number)], context)
    at = now()
    snapshot = snapshot_of(held.state, at)
    await store.snapshot(Envelope(stream=held.stream, version=held.version, at=at, event=snapshot))
    return id


async def _measure(ours: Installed, token: str, sessions: dict[int, str]) -> list[BehindTurns]:
    opened: dict[int, float] = {}
    took: dict[int, list[float]] = {size: [] for size in sessions}
    cpu: dict[int, list[float]] = {size: [] for size in sessions}
    for number in range(ROUNDS + 1):
        for size, id in sessions.items():
            began = time.perf_counter()
            async with await _open(ours.url, token, id) as socket:
                opened.setdefault(size, (time.perf_counter() - began) * 1000)
                before = cpu_seconds(ours.pids["api"])
                each = [await _ask(socket, f"{number}-{n}") for n in range(ASKED)]
                await asyncio.sleep(SETTLE_S)
            if number:  # the first is to warm up
                took[size].append(median(each))
                cpu[size].append((cpu_seconds(ours.pids["api"]) - before) / ASKED * 1000)
    with httpx.Client(base_url=ours.url, headers={"Authorization": f"Bearer {token}"}, timeout=WITHIN_S) as http:
        return [
            BehindTurns(
                turns=size,
                opened_ms=round(opened[size], 1),
                turn_ms=round(median(took[size]), 1),
                cpu_ms=round(median(cpu[size]), 1),
                page_ms=_timed(lambda: http.get(f"/v1/sessions/{id}/turns?limit=50")),  # noqa: B023  # called at once
                history_ms=_timed(lambda: http.get(f"/v1/sessions/{id}/history?limit=50")),  # noqa: B023
                export_ms=_timed(lambda: http.get(f"/v1/sessions/{id}/export?format=json")),  # noqa: B023
            )
            for size, id in sessions.items()
        ]


async def _open(url: str, token: str, session_id: str) -> ClientConnection:
    headers = {"Authorization": f"Bearer {token}"}
    socket = await connect(
        url.replace("http", "ws", 1) + "/v1/chat", additional_headers=headers, compression=None, max_size=None
    )
    await socket.send(json.dumps({"type": "session.open", "session_id": session_id}))
    told = json.loads(await asyncio.wait_for(socket.recv(), WITHIN_S))
    if told["type"] != "session.opened":
        raise RuntimeError(f"the session did not open: {told}")
    return socket


async def _ask(socket: ClientConnection, id: str) -> float:
    """Milliseconds to the last frame."""
    began = time.perf_counter()
    text = f"How long may coffee of case {id} be returned?"
    await socket.send(json.dumps({"type": "turn.create", "id": id, "text": text, "cache": "bypass"}))
    async with asyncio.timeout(WITHIN_S):
        while (frame := json.loads(await socket.recv()))["type"] != "turn.completed":
            if frame["type"] in ("turn.failed", "error"):
                raise RuntimeError(f"not answered: {frame}")
    return (time.perf_counter() - began) * 1000


def _timed(read: Callable[[], httpx.Response]) -> float:
    """Milliseconds, the median of three."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        read().raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return round(median(taken), 1)
