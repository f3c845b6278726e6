"""Histories to project: sessions with turns, calls, corrections, cache answers and erasures, in any interleaving."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from application.clock import new_id
from application.ports.facts.event_store import ErasableStore
from domain.event import Envelope, Event
from domain.model_calls import LedgerCall, ModelCallStarted, TokensUsed, close_by_log
from domain.session import events as e
from domain.usage import Usage, cost_of

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
START = datetime(2026, 11, 3, tzinfo=UTC)
ADA, BOB = "~" + "a" * 26, "~" + "b" * 26
"""Users as they are stored: by pseudonyms."""


def used(call_id: str, turn_id: str = "", *, tokens: int = 100, model: str = SONNET, estimated: bool = False) -> Event:
    """A settled call."""
    usage = Usage(input_tokens=tokens, output_tokens=tokens // 3, cache_read_tokens=tokens // 7)
    return TokensUsed(
        call_id=call_id,
        step="answer",
        model=model,
        user=ADA,
        turn_id=turn_id,
        usage=usage,
        cost_usd=cost_of(model, usage),
        price_version="v1",
        estimated=estimated,
    )


def corrected(used: Event, *, tokens: int) -> Event:
    """What the provider's log makes of a settled call."""
    assert isinstance(used, TokensUsed)
    started = ModelCallStarted(call_id=used.call_id, step=used.step, model=used.model, user=used.user)
    (correction,) = close_by_log(LedgerCall(started=started, standing=used), Usage(tokens, tokens // 3), "request")
    return correction


def turn(draw: random.Random, number: int = 1) -> list[Event]:
    """A turn from question to end, with what may happen in between."""
    id, call = new_id(), new_id()
    events: list[Event] = [e.TurnStarted(turn_id=id, client_id=f"c{number}-{id}", text=f"What is {number}? ★")]
    if draw.random() < 0.2:
        saved = Decimal(draw.randrange(10_000)) / 1_000_000
        events.append(e.CacheHit(turn_id=id, layer=draw.choice(["exact", "semantic"]), age_s=5, saved_usd=saved))
    else:
        events.append(e.CacheMissed(turn_id=id))
        events.append(ModelCallStarted(call_id=call, step="answer", model=SONNET, user=ADA, turn_id=id))
        if draw.random() < 0.3:
            guess = used(call, id, tokens=draw.randrange(5_000), estimated=True)
            events += [guess, corrected(guess, tokens=draw.randrange(5_000))] if draw.random() < 0.5 else [guess]
        for _ in range(draw.choice((0, 0, 0, 1, 2))):
            events.append(e.ModelFailedOver(turn_id=id, from_model=HAIKU, to_model=SONNET, reason="slow"))
        settled = used(call, id, tokens=draw.randrange(5_000), model=draw.choice([SONNET, HAIKU]))
        events.append(msgspec.structs.replace(settled, first_token_ms=draw.randrange(900)))
    citation = e.Citation(n=1, document_id=new_id(), title="A", quote="quoted words", start=3, end=15, score=0.5)
    ends: list[Event] = [
        e.TurnCompleted(turn_id=id, text=f"It is {number} [1].", citations=(citation,), model=SONNET, ms=9, ttft_ms=3),
        e.TurnCancelled(turn_id=id, text="It is"),
        e.TurnFailed(turn_id=id, code="model_unavailable", message="No model.", retryable=True),
    ]
    events.append(draw.choice(ends))
    if draw.random() < 0.2:
        events.append(e.FeedbackGiven(turn_id=id, rating="up", comment="good"))
    if draw.random() < 0.2:
        events.append(used(new_id(), id, tokens=50, model=HAIKU))
        follow_ups = f'{{"questions": ["And {number + 1}?"]}}'
        events.append(e.StepRun(turn_id=id, step="follow_ups", model=HAIKU, result=follow_ups))
    return events


def session(draw: random.Random) -> list[Event]:
    """A session from its opening on."""
    events: list[Event] = [e.SessionOpened(user=draw.choice([ADA, BOB]), assistant="default")]
    if draw.random() < 0.3:
        events.append(e.SessionForked(of=new_id(), version=3))
        events += [
            e.TurnCopied(turn_id=new_id(), of_turn="t", asked_at=START, text=f"What was {n}?", answer="It was.")
            for n in range(2)
        ]
    for number in range(draw.randrange(4)):
        events += turn(draw, number)
        if number == 0 and draw.random() < 0.5:
            events.append(e.SessionRenamed(title="About numbers"))
        if draw.random() < 0.2:
            events.append(e.SessionRenamed(title="My numbers", chosen=True))
    return events


class Writer:
    """Appends facts of several streams, keeping each stream's version."""

    def __init__(self, store: ErasableStore) -> None:
        self._store = store
        self.versions: dict[str, int] = {}
        self.at = START

    async def append(
        self, stream: str, events: Sequence[Event], actor: str = ADA, correlation: str = "k", causation: str = ""
    ) -> int:
        """Store facts after the stream's last one; the last one's position."""
        first = self.versions.get(stream, 0) + 1
        self.versions[stream] = first + len(events) - 1
        self.at += timedelta(seconds=61)
        return await self._store.append(
            [
                Envelope(
                    stream=stream,
                    version=first + n,
                    at=self.at,
                    event=event,
                    actor=actor,
                    correlation_id=correlation,
                    causation_id=causation,
                )
                for n, event in enumerate(events)
            ]
        )

    async def interleave(self, draw: random.Random, histories: dict[str, list[Event]]) -> None:
        """All histories, cut into saves of random sizes, in random turns."""
        left = {stream: list(events) for stream, events in histories.items()}
        while left:
            stream = draw.choice(sorted(left))
            size = draw.randrange(1, 6)
            await self.append(stream, left[stream][:size])
            left[stream] = left[stream][size:]
            if not left[stream]:
                del left[stream]

    async def erase(self, stream: str) -> None:
        """As a member's deletion does."""
        await self.append(stream, [e.SessionErased()])
        await self._store.shred(stream)
