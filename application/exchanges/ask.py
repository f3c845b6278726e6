"""A member asks with the whole conversation: it goes on in the session that it was held in, or in one that knows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from application.clock import new_id
from application.exchanges.exchange import Chains, Exchange, chains_of
from application.exchanges.import_history import imported
from application.execute import Context
from application.ports.facts.keys import Sealer
from application.ports.sessions.known_exchanges import KnownExchange, KnownExchanges
from application.ports.tenants.tenants import Tenants
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.tasks import SingleFlight
from application.turns.create_turn import CreateTurnHandler
from domain.access import Principal
from domain.event import StreamId
from domain.refusals import IdempotencyConflict, SessionNotFound, TurnInProgress
from domain.session.state import Session, Turn

TRIES = 3
BEGUN_ANEW = "\n\n---\n\n"
"""Stands between what was said and the answer that takes its place, for clients that cannot take back what they
show."""


class Asked(msgspec.Struct, frozen=True):
    """The turn that answers, in its session."""

    live: LiveSession
    turn_id: str

    @property
    def session(self) -> Session:
        """What the session remembers by now."""
        return self.live.state


@dataclass(frozen=True, slots=True)
class AskHandler:
    """The same commands as on the socket. A request that is asked again while it is answered is the same turn."""

    sessions: LiveSessions
    find_session: OpenSessionHandler
    create_turn: CreateTurnHandler
    known: KnownExchanges
    tenants: Tenants
    sealer: Sealer
    _asking: SingleFlight[bytes, Asked] = field(default_factory=partial(SingleFlight, "exchange"))

    async def __call__(self, principal: Principal, exchange: Exchange) -> Asked:
        """The turn. What `CreateTurnHandler` refuses; `AssistantNotFound`; `IdempotencyConflict` when the key was
        used for another request."""
        await self.tenants.assistant_for(principal, exchange.assistant)
        chains = await chains_of(self.sealer, principal, exchange)
        return await self._asking.of(
            chains.request + chains.keyed.encode(), partial(self._ask, principal, exchange, chains)
        )

    async def _ask(self, principal: Principal, exchange: Exchange, chains: Chains) -> Asked:
        for _ in range(TRIES):
            rows = await self.known.find(principal.tenant, [chains.asked, chains.before])
            here = [row for row in rows if row.chain == chains.asked]
            sessions = {row.session_id: await self._session(principal, exchange, row.session_id) for row in rows}
            for row in here:
                live = sessions[row.session_id]
                if live and (asked := _to_join(live, row, exchange, chains)):
                    return asked
            session = _to_go_on(sessions, rows, exchange, chains)
            try:
                return await self._create(principal, exchange, chains, session)
            except TurnInProgress:
                continue  # somebody else was faster in this session: theirs is joined, or this is another conversation
        raise TurnInProgress

    async def _create(
        self, principal: Principal, exchange: Exchange, chains: Chains, live: LiveSession | None
    ) -> Asked:
        row = KnownExchange(
            client_id=chains.keyed or new_id(),
            session_id=live.id.id if live else new_id(),
            chain=chains.asked,
            request=chains.request,
        )
        known = await self.known.claim(principal.tenant, row)
        if known.request != chains.request:
            raise IdempotencyConflict
        if live is None or live.id.id != known.session_id:
            live = await self._begin(principal, exchange, known.session_id)
        if (turn := live.state.turn_of_client(known.client_id)) and _failed_for_now(turn):
            known = await self.known.claim(principal.tenant, msgspec.structs.replace(known, client_id=new_id()))
        turn, _ = await self.create_turn(
            principal,
            live,
            client_id=known.client_id,
            text=exchange.question,
            use_cache=exchange.use_cache,
            instructions=exchange.instructions,
        )
        return Asked(live, turn.turn_id)

    async def _begin(self, principal: Principal, exchange: Exchange, session_id: str) -> LiveSession:
        """The session of that id, with the conversation so far in it."""
        id = StreamId(principal.tenant, "session", session_id)
        live = await self.sessions.get(id)
        if not live.held.version:
            live = self.sessions.new(id)
        await live.commit(
            lambda session: imported(session, principal.user, exchange.assistant, exchange.earlier),
            Context(principal.user, session_id),
        )
        return live

    async def _session(self, principal: Principal, exchange: Exchange, session_id: str) -> LiveSession | None:
        try:
            live = await self.find_session.find(principal, session_id)
        except SessionNotFound:
            return None  # erased, or never begun
        return live if live.state.assistant == exchange.assistant and not live.state.closed else None


def _to_join(live: LiveSession, row: KnownExchange, exchange: Exchange, chains: Chains) -> Asked | None:
    """The turn that answers this very request: one that runs, or has run for the same key or for what is retried."""
    turn = live.state.turn_of_client(row.client_id)
    if turn is None or row.request != chains.request or _failed_for_now(turn):
        return None
    same = row.client_id == chains.keyed or (exchange.retried and turn.status == "completed")
    return Asked(live, turn.turn_id) if same or turn.status == "running" else None


def _to_go_on(
    sessions: dict[str, LiveSession | None], rows: Sequence[KnownExchange], exchange: Exchange, chains: Chains
) -> LiveSession | None:
    """The session in which the conversation was held so far, and nothing after it."""
    for row in rows:
        live = sessions[row.session_id]
        if live is None or live.state.running:
            continue
        if row.chain == chains.before and _ends_with(live.state, row.client_id, exchange.earlier[-1][1]):
            return live
        if row.chain == chains.asked and _was_never_answered(live.state, row.client_id):
            return live
    return None


def _ends_with(session: Session, client_id: str, answer: str) -> bool:
    """Whether the turn is the last that was answered, and so: a client may still show what stood there before the
    answer began anew."""
    last = next((turn for turn in reversed(session.latest) if turn.answer), None)
    said = last.answer.strip() if last else ""
    same = answer.strip() == said or answer.strip().endswith(BEGUN_ANEW + said)
    return last is not None and last.client_id == client_id and same


def _was_never_answered(session: Session, client_id: str) -> bool:
    """Whether the session is where this question was to be asked: nothing came of it, or of what was asked after."""
    turns = session.latest
    place = next((n for n, turn in enumerate(turns) if turn.client_id == client_id), len(turns))
    return not any(turn.answer or turn.status == "running" for turn in turns[place:]) and (
        place < len(turns) or not any(turn.client_id for turn in turns)
    )


def _failed_for_now(turn: Turn) -> bool:
    return turn.status == "failed" and turn.error_retryable
