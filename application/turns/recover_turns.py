"""Keeps the leases of the turns that run here, and takes over those whose process is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from application.acting_tenant import act_for
from application.budget.budget_gate import BudgetGate
from application.execute import Context
from application.ports.keys import Sealer
from application.ports.leases import Leases
from application.sessions.live_session import LiveSession, LiveSessions
from application.tasks import isolated
from application.turns.end_frames import failed_frame
from application.turns.prepare_turn import PreparedTurn, PrepareTurn
from application.turns.run_turn import TurnExecutor
from application.turns.turn_request import TurnRequest
from application.users import Users, hashed_client_id
from domain.event import Event, StreamId
from domain.session import rules
from domain.session.events import TurnFailed
from domain.session.state import Session, Turn

CLAIM_AT_ONCE = 50
MAX_RESUMES = 3
TAKE_OVER_S = 10.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RecoverTurns:
    """Two rounds of one process's loops; the time between two renewals is well below the lease's length."""

    leases: Leases
    sessions: LiveSessions
    gate: BudgetGate
    prepare: PrepareTurn
    turns: TurnExecutor
    users: Users
    sealer: Sealer
    process: str

    async def renew(self) -> None:
        """Keep the leases of the turns that run here."""
        await self.leases.renew([str(live.id) for live in self.sessions.held() if live.run is not None])

    async def __call__(self) -> None:
        """Take over what has run out, side by side. A turn that cannot be taken over keeps no other from it; its lease
        runs out again."""
        claimed = await self.leases.claim_expired(CLAIM_AT_ONCE)
        await asyncio.gather(*(self._try(stream) for stream in claimed))

    async def _try(self, stream: str) -> None:
        with isolated("turn_takeover", stream=stream):
            id = StreamId.parse(stream)
            async with asyncio.timeout(TAKE_OVER_S):
                act_for(id.tenant)  # `gather` made this a task of its own; the turn goes on in one that it starts
                live = await self.sessions.get(id)
                await live.whole(self._take_over(live))

    async def _take_over(self, live: LiveSession) -> None:
        turn = live.state.running
        if turn is None or live.run is not None:
            return None
        log.info("turn_taken_over", turn=turn.turn_id, stream=str(live.id))
        if turn.resumed >= MAX_RESUMES:
            return await end_honestly(live, "internal", "The turn was interrupted too often.")
        request = await self._request(live, turn)
        await self.gate.readmit(live.id.tenant, request.user, turn.turn_id)
        try:
            prepared = await self.prepare(live, request)
            await self._store(live, turn, prepared)
        except BaseException:
            await self.gate.leave(live.id.tenant, request.user, turn.turn_id)
            raise
        run = prepared.run
        run.output.reset("resumed")
        self.turns.start(prepared)
        return None

    async def _store(self, live: LiveSession, turn: Turn, prepared: PreparedTurn) -> None:
        if turn.passages is not None:
            prepared.embedding = None
        events = [prepared.embedding] if prepared.embedding else []  # the rest is stored since the beginning
        await live.commit_within(
            lambda session: [*rules.resume_turn(session, self.process), *events], Context(self.process, turn.turn_id)
        )

    async def _request(self, live: LiveSession, turn: Turn) -> TurnRequest:
        tenant = live.id.tenant
        user = await self.users.pseudonym(tenant, live.state.user)
        return TurnRequest(
            turn_id=turn.turn_id,
            command=await hashed_client_id(self.sealer, str(live.id), turn.client_id),
            user=user,
            text=turn.text,
            name=await self.users.name(tenant, user),
            attached=bool(turn.attachments),
            resumed=turn.resumed + 1,
        )


async def end_honestly(live: LiveSession, code: str, message: str) -> None:
    """End a turn that cannot go on, and settle what it owes by estimate; to be done `whole`."""
    stored = await live.commit_within(
        lambda session: [*rules.settle_open_calls(session), *fail_running(session, code, message, True)],
        Context("recovery"),
    )
    for fact in stored:
        if isinstance(fact, TurnFailed):
            live.feed.put(failed_frame(fact))


def fail_running(session: Session, code: str, message: str, retryable: bool) -> Sequence[Event]:
    """Ends the turn that runs, whoever ran it."""
    turn = session.running
    if turn is None:
        return []
    return rules.fail_turn(
        session,
        TurnFailed(turn_id=turn.turn_id, code=code, message=message, retryable=retryable, trace_id=turn.turn_id),
    )
