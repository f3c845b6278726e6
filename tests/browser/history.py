"""A month of turns for a tenant of a running installation, with what pages of numbers show: models, users, caches, an
estimate, another model that went on, and a parked stream. Written straight to the store, for no test waits a month."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from adapters.postgres.user_names import PostgresUserNames
from api.composition.infrastructure import open_database
from api.settings import read_settings
from application.acting_tenant import EVERY, act_for
from application.clock import new_id
from application.ports.facts.event_store import EventStore
from application.users import Users
from domain.event import Envelope, Event
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.session import events as e
from domain.usage import Usage, cost_of
from infra.bench.harness.installation import Installed
from infra.local.endpoints import installation_environment

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
QUESTIONS = (
    (
        "How long can I return coffee?",
        "Customers may return unopened coffee within 30 days of delivery for a full refund [1].",
    ),
    ("What does the warranty leave out?", "The warranty does not cover damage from limescale [1]."),
    ("How long does house espresso rest?", "House espresso rests for seven days before it is shipped [1]."),
    ("Who signs off a batch?", "Every batch is cupped by two people [1]."),
)
PEOPLE = ("ada", "grace", "linus", "mary")


def write_history(ours: Installed, tenant: str, *, days: int = 28, turns_a_day: int = 6) -> list[str]:
    """Write it, up to now; the sessions' ids, the oldest first. They stand in read models soon after."""
    environment = os.environ | installation_environment(str(ours.data_dir)) | {"COLLOQUY_DATA_DIR": str(ours.data_dir)}
    command = [sys.executable, "-m", "tests.browser.history", tenant, str(days), str(turns_a_day)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


async def _write(tenant: str, days: int, turns_a_day: int, draw: random.Random) -> list[str]:
    act_for(EVERY)
    async with AsyncExitStack() as stack:
        database = await open_database(read_settings(), stack, "history")
        users = Users(database.store.vault, PostgresUserNames(database.pool), database.store)
        known = {name: await users.known(tenant, name) for name in PEOPLE}
        await users.close()
        present, sessions = datetime.now(UTC), []
        for back in range(days, -1, -1):
            at = present - timedelta(days=back, minutes=7 * turns_a_day)
            for _ in range(max(1, round(turns_a_day / 3 * draw.uniform(0.5, 1.5)))):
                user = known[draw.choice(PEOPLE)]
                sessions.append(await _session(database.store, tenant, user, at, draw))
        return sessions


async def _session(store: EventStore, tenant: str, user: str, at: datetime, draw: random.Random) -> str:
    id, version = new_id(), 0
    stream = f"{tenant}/session/{id}"
    opening: list[Event] = [e.SessionOpened(user=user, assistant="default")]
    steps: list[tuple[str, Sequence[Event]]] = [(id, opening)]
    for number in range(draw.randrange(1, 5)):
        turn = new_id()
        steps += [(turn, some) for some in turn_facts(turn, user, number, draw)]
        if number == 0:
            steps.append((turn, [e.SessionRenamed(title=draw.choice(["Returns", "Warranty", "Roasting", "Quality"]))]))
    for correlation, events in steps:
        at += timedelta(seconds=draw.uniform(1, 40))
        envelopes = [
            Envelope(
                stream=stream,
                version=version + n,
                at=at,
                event=event,
                actor=user,
                correlation_id=correlation,
                causation_id=f"command-{correlation[-6:]}",
            )
            for n, event in enumerate(events, 1)
        ]
        await store.append(envelopes)
        version += len(events)
    return id


def turn_facts(turn: str, user: str, number: int, draw: random.Random) -> Iterator[Sequence[Event]]:
    """A turn from its question to its end, in the saves that it is stored by."""
    question, answer = draw.choice(QUESTIONS)
    yield [e.TurnStarted(turn_id=turn, client_id=f"c{number}-{turn}", text=question)]
    yield list(_call(turn, user, "embed", TITAN, Usage(draw.randrange(8, 30), 0)))
    if draw.random() < 0.22:
        layer = draw.choice(["exact", "semantic"])
        saved = Decimal(draw.randrange(900, 4_000)) / 1_000_000
        yield [e.CacheHit(turn_id=turn, layer=layer, age_s=draw.randrange(60, 90_000), saved_usd=saved)]
        yield [e.TurnCompleted(turn_id=turn, text=answer, model=SONNET, ms=90, ttft_ms=40, cached=layer)]
        return
    yield [e.CacheMissed(turn_id=turn)]
    yield list(_call(turn, user, "understand", HAIKU, Usage(draw.randrange(200, 500), draw.randrange(20, 60))))
    model = SONNET
    if draw.random() < 0.06:
        model = HAIKU
        yield [e.ModelFailedOver(turn_id=turn, from_model=SONNET, to_model=HAIKU, reason="ThrottlingException")]
    usage = Usage(draw.randrange(300, 2_500), draw.randrange(60, 500), draw.randrange(0, 2_000), draw.randrange(0, 300))
    first, guessed = draw.randrange(200, 900), draw.random() < 0.08
    yield list(_call(turn, user, "answer", model, usage, estimated=guessed, first_token_ms=first))
    yield [
        e.TurnCompleted(
            turn_id=turn,
            text=answer,
            model=model,
            usage=usage,
            cost_usd=cost_of(model, usage),
            ms=draw.randrange(900, 4_000),
            ttft_ms=first,
        )
    ]
    if draw.random() < 0.2:
        yield [e.FeedbackGiven(turn_id=turn, rating=draw.choice(["up", "up", "down"]))]


def _call(
    turn: str, user: str, step: str, model: str, usage: Usage, *, estimated: bool = False, first_token_ms: int = 0
) -> Iterator[Event]:
    call = new_id()
    yield ModelCallStarted(call_id=call, step=step, model=model, user=user, turn_id=turn, estimate=usage)
    yield TokensUsed(
        call_id=call,
        step=step,
        model=model,
        user=user,
        turn_id=turn,
        usage=usage,
        cost_usd=cost_of(model, usage),
        price_version="2026-11",
        estimated=estimated,
        first_token_ms=first_token_ms,
    )


if __name__ == "__main__":
    wanted, many_days, many_turns = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(_write(wanted, int(many_days), int(many_turns), random.Random(7)))))
