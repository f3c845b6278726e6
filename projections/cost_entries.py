"""From facts to what counts in the costs: a line for each settled call, a mark for each turn and what befell it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from application.ports.facts.event_store import FactCodec, Recorded
from application.users import Users
from domain.event import Envelope, StreamId
from domain.model_calls import TokensCorrected, TokensUsed
from domain.session.events import CacheHit, CacheMissed, ModelFailedOver, SessionOpened
from domain.usage import family_of, prompt_cache_saving
from projections.read_model import Unreadable

Entry = dict[str, Any]
SOURCES = {"session": "socket", "search": "api", "document": "ingest"}
"""Where a call came from, by the kind of stream that made it; another kind is its own source."""
STEPS_OF_TIME = 20
"""Buckets of a first token's time for each factor of e: neighbours are five percent apart."""


class CostEntries:
    """Reads what a fact means for the costs. `Unreadable` when it is about money and cannot be read."""

    def __init__(self, store: FactCodec, users: Users) -> None:
        self._store, self._users = store, users

    async def line(self, fact: Recorded) -> Entry | None:
        """The line of a settlement or a correction, as if none had been there; None for any other fact."""
        if not fact.topic.startswith(("tokens.used.", "tokens.corrected.")):
            return None
        envelope = self._opened(fact)
        used = envelope.event
        if not isinstance(used, TokensUsed | TokensCorrected):
            raise Unreadable(f"{fact.topic} at position {fact.position} is not a settlement")
        return {
            **await self._whose(fact, used.user, used.turn_id),
            "call_id": used.call_id,
            "position": fact.position,
            "at": envelope.at,
            "step": used.step,
            "model": used.model,
            "family": family_of(used.model),
            "input_tokens": used.usage.input_tokens,
            "output_tokens": used.usage.output_tokens,
            "cache_read_tokens": used.usage.cache_read_tokens,
            "cache_write_tokens": used.usage.cache_write_tokens,
            "cache_write_1h_tokens": used.usage.cache_write_1h_tokens,
            "cost_usd": used.cost_usd,
            "prompt_cache_saved_usd": prompt_cache_saving(used.model, used.usage, used.agreed),
            "price_version": used.price_version,
            "failure": used.failure,
            **(_correction(used, envelope) if isinstance(used, TokensCorrected) else _settlement(used)),
        }

    async def mark(self, fact: Recorded) -> Entry | None:
        """The mark of a turn that began, of what the caches said or of another model that went on; None for others."""
        saved = Decimal(0)
        if fact.topic.startswith("turn.started."):
            envelope, kind, turn = self._store.heading(fact), "turn", ""
        elif fact.topic.startswith(("cache.", "model.failed_over.")):
            envelope = self._opened(fact)
            match envelope.event:
                case CacheHit(layer=layer, saved_usd=amount, turn_id=turn):
                    kind, saved = layer, amount
                case CacheMissed(turn_id=turn):
                    kind = "miss"
                case ModelFailedOver(turn_id=turn):
                    kind = "failover"
                case _:
                    return None
        else:
            return None
        whose = await self._whose(fact, envelope.actor, turn)
        return {**whose, "position": fact.position, "at": envelope.at, "kind": kind, "turns": 1, "saved_usd": saved}

    def session(self, fact: Recorded) -> Entry | None:
        """Which assistant a session talks to, where it begins; None for any other fact."""
        if not fact.topic.startswith("session.opened."):
            return None
        opened, id = self._opened(fact).event, StreamId.parse(fact.stream)
        assistant = opened.assistant if isinstance(opened, SessionOpened) else ""
        return {"tenant": id.tenant, "session_id": id.id, "assistant": assistant}

    async def _whose(self, fact: Recorded, user: str, turn_id: str) -> Entry:
        id = StreamId.parse(fact.stream)
        return {
            "tenant": id.tenant,
            "session_id": id.id if id.kind == "session" else "",
            "turn_id": turn_id,
            "user_id": await self._users.in_facts(id.tenant, user),
            "source": SOURCES.get(id.kind, id.kind),
            "assistant": "",  # its session says so, where it is counted (`Costs.apply`)
        }

    def _opened(self, fact: Recorded) -> Envelope:
        try:
            return self._store.open(fact)
        except Exception as error:  # bytes that are wrong are wrong for good; money is never skipped
            raise Unreadable(f"{fact.topic} at position {fact.position}: {error}") from error


def _settlement(used: TokensUsed) -> Entry:
    return {
        "estimated": used.estimated,
        "first_token": bucket_of(used.first_token_ms),
        "corrected": False,
        "corrected_at": None,
        "correction_reason": "",
        "replaced_input_tokens": None,
        "replaced_output_tokens": None,
        "replaced_usd": None,
    }


def _correction(used: TokensCorrected, envelope: Envelope) -> Entry:
    return {
        "estimated": False,
        "first_token": 0,
        "corrected": True,
        "corrected_at": envelope.at,
        "correction_reason": used.reason,
        "replaced_input_tokens": used.old_usage.input_tokens,
        "replaced_output_tokens": used.old_usage.output_tokens,
        "replaced_usd": used.old_cost_usd,
    }


def bucket_of(ms: int) -> int:
    """The bucket of a time in milliseconds; 0 when there is none."""
    return 0 if ms <= 0 else 1 + round(STEPS_OF_TIME * math.log(ms))


def ms_of(bucket: int) -> int:
    """The time in milliseconds in the middle of a bucket."""
    return round(math.exp((bucket - 1) / STEPS_OF_TIME))
