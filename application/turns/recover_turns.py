"""Keeps the leases of the turns that run here, and takes over those whose process is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from application.acting_tenant import act_for, acting_for
from application.budget.turn_permits import TurnPermits
from application.clock import monotonic
from application.execute import Context
from application.ports.facts.keys import Sealer
from application.ports.facts.leases import Leases
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.shared_feed import conclude
from application.tasks import isolated
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


@dataclass(slots=True)
class LeaseSight:
    """When leases may be claimed: not before they have been seen for `settled_s` on end, without a gap of `gap_s`."""

    settled_s: float
    gap_s: float
    clock: Callable[[], float] = monotonic
    _seen: float | None = None
    _since: float = 0.0

    def seen(self) -> None:
        """They were seen now."""
        now = self.clock()
        if self._seen is None or now - self._seen > self.gap_s:
            self._since = now
        self._seen = now

    def may_claim(self) -> bool:
        """Whether everybody who is alive has had time to renew."""
        now = self.clock()
        steady = self._seen is not None and now - self._seen <= self.gap_s and now - self._since >= self.settled_s
        return steady or not self.settled_s


@dataclass(frozen=True, slots=True)
class RecoverTurns:
    """Two rounds of one process's loops; the time between two renewals is well below the lease's length."""

    leases: Leases
    sessions: LiveSessions
    permits: TurnPermits
    prepare: PrepareTurn
    turns: TurnExecutor
    users: Users
    sealer: Sealer
    process: str
    sight: LeaseSight = field(default_factory=lambda: LeaseSight(settled_s=0.0, gap_s=0.0))

    async def renew(self) -> None:
        """Keep the leases of the turns that run here, and end those that their users stopped at another process."""
        held = [live for live in self.sessions.held() if live.run is not None or live.followed_up]
        wished = await self.leases.renew([str(live.id) for live in held])
        for stream, turn_id in wished.items():
            live = self.sessions.held_here(stream)
            if live is not None and live.run is not None and live.run.turn_id == turn_id:
                with isolated("turn_cancel", stream=stream), acting_for(live.id.tenant):
                    await live.run.cancel()

    async def __call__(self) -> None:
        """Take over what has run out, side by side. A turn that cannot be taken over keeps no other from it; its lease
        runs out again. When the leases could not be seen for a while nobody could renew them either: then others have
        a round of theirs before anything is taken from them."""
        if self.permits.admission.leaving or self.permits.admission.draining:
            return  # they would have to be handed over once more
        if not self.sight.may_claim():
            await self.leases.owners([])  # whether they can be seen again
            self.sight.seen()
            return
        claimed = await self.leases.claim_expired(CLAIM_AT_ONCE)
        self.sight.seen()
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
        if turn is None:
            return await self._make_up(live)
        if live.run is not None:
            return None
        await self.sessions.read_again(live)
        log.info("turn_taken_over", turn=turn.turn_id, stream=str(live.id))
        if turn.resumed >= MAX_RESUMES:
            return await end_honestly(live, "internal", "The turn was interrupted too often.")
        request = await self._request(live, turn)
        await self.permits.readmit(live.id.tenant, request.user, turn.turn_id)
        try:
            prepared = await self.prepare(live, request)
            await self._store(live, turn, prepared)
        except BaseException:
            await self.permits.leave(live.id.tenant, request.user, turn.turn_id)
            raise
        run = prepared.run
        said = live.feed.said_in(turn.turn_id) if may_go_on(prepared) else ""
        live.feed.begin(live.held.version, turn)
        run.output.reset("resumed", said)
        self.turns.start(prepared)
        return None

    async def _make_up(self, live: LiveSession) -> None:
        """Do the steps after the latest turn that its process left undone; with the leases of a turn, for they are
        kept until that is stored."""
        turn = live.state.turn(live.state.follow_up)
        if turn is None or live.followed_up:
            return
        context = Context(self.process, turn.turn_id)
        if live.state.follow_up_tries > MAX_RESUMES:
            await live.commit_within(lambda session: rules.followed_up(session, turn.turn_id), context)
            return
        prepared = await self.prepare(live, await self._request(live, turn))
        if not await live.commit_within(rules.follow_up, context):
            return
        log.info("follow_up_taken_over", turn=turn.turn_id, stream=str(live.id))
        await self.turns.make_up(prepared, turn.answer)

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
            collections=turn.collections,
            resumed=turn.resumed + 1,
        )


def may_go_on(prepared: PreparedTurn) -> bool:
    """Whether the answer may go on with what was said: not where something else than that is said next, nor where tools
    have a part in it, whose rounds are gone through again."""
    return prepared.hit is None and prepared.refusal is None and not prepared.run.config.tools


async def end_honestly(live: LiveSession, code: str, message: str) -> None:
    """End a turn that cannot go on, and settle what it owes by estimate; to be done `whole`."""
    await live.commit_within(
        lambda session: [*rules.settle_open_calls(session), *fail_running(session, code, message, True)],
        Context("recovery"),
    )
    conclude(live.feed, live.state, live.held.version)


def fail_running(session: Session, code: str, message: str, retryable: bool) -> Sequence[Event]:
    """Ends the turn that runs, whoever ran it."""
    turn = session.running
    if turn is None:
        return []
    return rules.fail_turn(
        session,
        TurnFailed(turn_id=turn.turn_id, code=code, message=message, retryable=retryable, trace_id=turn.turn_id),
    )
