"""Keeps the leases of the turns that run here, and takes over those whose process is gone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from application.acting_tenant import act_for
from application.budget.budget_gate import BudgetGate
from application.execute import Context
from application.ports.keys import Sealer
from application.ports.leases import Leases
from application.sessions.live_session import LiveSession, LiveSessions
from application.tasks import isolated
from application.turns.create_turn import CreateTurnHandler
from application.turns.run_turn import TurnExecutor
from application.turns.running_turn import TurnRequest, fail_running, failed_frame
from application.users import Users, hashed_client_id
from domain.event import StreamId
from domain.session import rules
from domain.session.events import TurnFailed
from domain.session.state import Turn

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
    run_turn: TurnExecutor
    create_turn: CreateTurnHandler
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
        asker = await self._asker(live, turn)
        run = await self.run_turn.begin(live, asker)
        await self.gate.readmit(live.id.tenant, asker.user, turn.turn_id)
        try:
            opening = await self.run_turn.opening(run, turn.text, may_cache=False)
            if turn.passages is not None:
                opening.embedding = None
            opening.events = [opening.embedding] if opening.embedding else []  # the rest is stored since the beginning
            context = Context(self.process, turn.turn_id)
            await live.commit_within(
                lambda session: [*rules.resume_turn(session, self.process), *opening.events], context
            )
        except BaseException:
            await self.gate.leave(live.id.tenant, asker.user, turn.turn_id)
            raise
        live.run = run
        run.reset("resumed")
        self.create_turn.spawn(run, opening)
        return None

    async def _asker(self, live: LiveSession, turn: Turn) -> TurnRequest:
        tenant = live.id.tenant
        user = await self.users.pseudonym(tenant, live.state.user)
        return TurnRequest(
            turn_id=turn.turn_id,
            command=await hashed_client_id(self.sealer, str(live.id), turn.client_id),
            user=user,
            name=await self.users.name(tenant, user),
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
