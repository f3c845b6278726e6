"""Reads of the session view for its members: from the items, or (consistent) from the event store itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import structlog

from application.acting_tenant import acting_tenant
from application.clock import monotonic
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.sessions.session_items import PAGE_BYTES, ItemSpace, SessionItems, Value
from application.redaction.active_content import inert
from application.steps.after import FollowUps
from domain.event import Shredded, StreamId
from domain.ids import MAX_POSITION
from domain.refusals import DependencyUnavailable
from domain.usage import Usage
from projections import positions
from projections.sealed_items import Plain, unsealed
from projections.session_changes import CALL, Attribute, Private, ViewChanges, changes_of
from projections.session_search import find_sessions
from projections.session_terms import asked_terms
from projections.session_view import SessionView
from projections.session_words import words_key
from projections.transactions import OnePool, Pool, Row, looking, pool_of

GENERATION_S = 1.0
TITLE_LENGTH = 80
MOST_FOUND = 100
"""Sessions on a page of those that were searched for, whatever its limit."""
FETCHED_AT_ONCE = 20

log = structlog.get_logger()


class SessionReads:
    """What members see of their sessions. All methods give None or an empty list for what is absent or erased. While
    the items' store is away, single sessions are read from the event store."""

    def __init__(self, store: EventStore, items: SessionItems, sealer: Sealer, pool: Pool) -> None:
        self._store, self._items, self._sealer, self._pool = store, items, sealer, pool
        self._looked: dict[OnePool, tuple[int, float]] = {}

    async def session(self, tenant: str, session_id: str, *, consistent: bool = False) -> Row | None:
        """A session; its `user` says whose it is."""
        if not consistent:
            try:
                attributes = await self._items.fetch(await self._space(tenant), session_id)
                return await self._readable(tenant, attributes) if attributes else None
            except DependencyUnavailable:
                log.warning("session_view_away", tenant=tenant)
        told = await self._from_facts(tenant, session_id)
        return shown_session(told.plain_session(session_id)) if told else None

    async def page(self, tenant: str, user: str, *, before: str | None, limit: int) -> tuple[list[Row], str | None]:
        """A user's sessions, newest first, and the id to go on from."""
        found = await self._items.page(await self._space(tenant), user, before=before, limit=limit)
        await self._sealer.unlock([_stream(tenant, item) for item in found.items])
        shown = [row for item in found.items if (row := await self._readable(tenant, item, unlocked=True))]
        return shown, str(found.items[-1]["session_id"]) if found.more else None

    async def search(
        self, tenant: str, user: str, query: str, *, before: str | None, limit: int
    ) -> tuple[list[Row], str | None]:
        """Those of a user's sessions whose titles and texts hold all words of the query, newest first, and the id to go
        on from; a page may hold few although there are more."""
        terms, key = asked_terms(query), await words_key(self._sealer, acting_tenant(tenant), user)
        if not terms or key is None:
            return [], None
        most = min(limit, MOST_FOUND)
        found, following = await find_sessions(self._pool, tenant, user, key, terms, before=before, limit=most)
        shown: list[Row] = []
        for start in range(0, len(found), FETCHED_AT_ONCE):
            few = found[start : start + FETCHED_AT_ONCE]
            items = await asyncio.gather(*(self.session(tenant, id) for id in few))
            shown += [row for row in items if row and row["user"] == user]
        return shown, following

    async def turns(
        self, tenant: str, session_id: str, *, after: str | None, limit: int, consistent: bool = False
    ) -> tuple[list[Row], str | None]:
        """A session's turns in order, and the id to go on from."""
        plain: list[dict[str, Plain]] | None = None
        more = False
        if not consistent:
            try:
                plain, more = await self._turns(tenant, session_id, after, limit)
            except DependencyUnavailable:
                log.warning("session_view_away", tenant=tenant)
        if plain is None:
            told = await self._from_facts(tenant, session_id, after=after or "", limit=limit)
            plain, more = (told.plain_turns(), told.more) if told else ([], False)
        return [shown_turn(turn) for turn in plain], str(plain[-1]["turn_id"]) if more else None

    async def _turns(
        self, tenant: str, session_id: str, after: str | None, limit: int
    ) -> tuple[list[dict[str, Plain]], bool]:
        stream = str(StreamId(tenant, "session", session_id))
        page = await self._items.turns(await self._space(tenant), session_id, after=after, limit=limit)
        await self._sealer.unlock([stream])
        return [await unsealed(self._sealer, stream, item) for item in page.items], page.more

    async def erase(self, tenant: str, session_id: str, version: int) -> None:
        """Remove a session from the view at once, before its `session.erased` fact (at `version`) arrives there."""
        await self._items.erase(await self._space(tenant), session_id, version)

    async def _readable(self, tenant: str, item: Mapping[str, Value], *, unlocked: bool = False) -> Row | None:
        stream = _stream(tenant, item)
        if not unlocked:
            await self._sealer.unlock([stream])
        plain = await unsealed(self._sealer, stream, item)
        if len(plain) < len(item):
            return None  # its key is gone: an erased session answers like an absent one
        return shown_session(plain)

    async def _from_facts(self, tenant: str, session_id: str, *, after: str = "", limit: int = 0) -> _Told | None:
        """The same attributes as the items hold, by the same rules, from all facts of the session; of its turns a page,
        so that a long one is never whole in memory."""
        told = _Told(after, limit)
        async for facts in self._store.slices(str(StreamId(tenant, "session", session_id)), upto=MAX_POSITION):
            if any(isinstance(fact.event, Shredded) for fact in facts):
                return None
            told.add(changes_of(facts))
        return None if told.erased or not told.version else told

    async def _space(self, tenant: str) -> ItemSpace:
        acting = acting_tenant(tenant)
        pool = await pool_of(self._pool, acting)
        generation, looked = self._looked.get(pool, (0, 0.0))
        if monotonic() - looked > GENERATION_S:
            async with looking(pool) as connection:
                live = await positions.live(connection, SessionView.name)
            if live is None:
                raise DependencyUnavailable("The session view is being built; try again.", retry_after_s=5)
            generation = live.generation
            self._looked[pool] = generation, monotonic()
        return ItemSpace(acting, generation)


class _Told:
    """What facts of one session have changed so far, and those of its turns that are on a page."""

    def __init__(self, after: str, limit: int) -> None:
        self._after, self._limit, self._room = after, limit, PAGE_BYTES
        self._session: dict[str, Attribute] = {}
        self._defaults: dict[str, Attribute] = {}
        self._turns: dict[str, dict[str, Attribute]] = {}
        self._last = ""
        self.version = self.turns = 0
        self.erased = self.more = False

    def add(self, changes: ViewChanges) -> None:
        self._session |= changes.session
        self._defaults = {**changes.defaults, **self._defaults}
        self.version, self.turns = changes.version, self.turns + changes.new_turns
        self.erased |= changes.erased
        for id, attributes in sorted(changes.turns.items()):
            if id in self._turns or self._takes(id):
                turn = self._turns.setdefault(id, {})
                turn |= attributes
                self._room -= sum(len(value.plain) for value in attributes.values() if isinstance(value, Private))

    def _takes(self, id: str) -> bool:
        """Whether a turn that was not there before is on the page."""
        if id <= max(self._after, self._last):
            return False
        full = len(self._turns) == self._limit or (bool(self._turns) and self._room <= 0)
        self.more |= full
        if not self.more:
            self._last = id
        return not self.more

    def plain_session(self, session_id: str) -> dict[str, Plain]:
        plain = {name: _opened(value) for name, value in {**self._defaults, **self._session}.items()}
        return plain | {"session_id": session_id, "version": self.version, "turns": self.turns}

    def plain_turns(self) -> list[dict[str, Plain]]:
        return [
            {"turn_id": id, **{name: _opened(value) for name, value in attributes.items()}}
            for id, attributes in sorted(self._turns.items())
        ]


def shown_session(plain: Mapping[str, Plain]) -> Row:
    """A session as the contract shows it: by the title that its user chose, else by the one that was found for it, else
    by its first question."""
    found = str(plain.get("title") or plain.get("first_question", ""))
    found = found if len(found) <= TITLE_LENGTH else found[: TITLE_LENGTH - 1] + "…"
    return {
        "session_id": plain["session_id"],
        "title": plain.get("chosen_title") or found,
        "assistant": plain.get("assistant", ""),
        "user": plain.get("user", ""),
        "created_at": plain.get("created_at", ""),
        "updated_at": plain.get("updated_at", ""),
        "turns": plain["turns"],
        "version": plain["version"],
        "forked_from": {"session_id": plain["forked_from"], "version": plain["forked_at"]}
        if "forked_from" in plain
        else None,
    }


def shown_turn(plain: Mapping[str, Plain]) -> Row:
    """A turn as the contract shows it. Its cost is that of all its calls, those after the answer among them."""
    body = msgspec.json.decode(str(plain.get("answer") or '{"text": "", "citations": []}'))
    usage, cost = _used(plain)
    asked_next = msgspec.json.decode(str(plain.get("follow_ups") or '{"questions": []}'), type=FollowUps)
    shown: dict[str, Any] = {
        "turn_id": plain["turn_id"],
        "status": plain.get("status", "running"),
        "question": plain.get("question", ""),
        "answer": body["text"],
        "citations": body["citations"],
        "model": plain.get("model", ""),
        "cached": plain.get("cached") or False,
        "cost_usd": format(cost, "f"),
        "usage": {name: getattr(usage, name) for name in USAGE},
        "ms": plain.get("ms", 0),
        "ttft_ms": plain.get("ttft_ms", 0),
        "finish_reason": plain.get("finish_reason"),
        "feedback": plain.get("feedback"),
        "follow_ups": [inert(question) for question in asked_next.questions],
        "created_at": plain.get("created_at", ""),
    }
    return shown | ({"error": body["error"]} if "error" in body else {})


USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _used(plain: Mapping[str, Plain]) -> tuple[Usage, Decimal]:
    calls = [msgspec.json.decode(str(value)) for name, value in plain.items() if name.startswith(CALL)]
    if not calls:
        calls = [{"usage": msgspec.json.decode(str(plain.get("usage", "{}"))), "cost_usd": plain.get("cost_usd", "0")}]
    usage, cost = Usage(), Decimal(0)
    for call in calls:
        usage += msgspec.convert(call["usage"], Usage)
        cost += Decimal(call["cost_usd"])
    return usage, cost


def _opened(value: Any) -> Plain:
    plain: Plain = value.plain.decode() if isinstance(value, Private) else value
    return plain


def _stream(tenant: str, item: Mapping[str, Value]) -> str:
    return str(StreamId(tenant, "session", str(item["session_id"])))
