"""What is stored of a turn while it runs: facts in order, some at once, others with the next that must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from application.execute import Context
from application.redaction.redactor import Redactor
from application.sessions.live_session import LiveSession
from application.steps.catalogue import STEPS
from application.turns.turn_outcome import TurnOutcome
from application.turns.turn_request import AssistantConfig, TurnRequest
from domain.dependence import EVERYTHING
from domain.event import Event
from domain.model_calls import TokensUsed
from domain.refusals import SessionNotFound
from domain.session import events as e
from domain.session import rules
from domain.session.state import Session

Rule = Callable[[Session, list[Event]], Sequence[Event]]
"""From a session and what was noted since the last append to what is stored."""


class Fenced(Exception):
    """Another process has taken the turn over, or it has ended; whoever sees this stops."""


class TurnLog:
    """A turn's `Journal`. What its facts say of the turn's outcome is written there."""

    def __init__(
        self, live: LiveSession, request: TurnRequest, config: AssistantConfig, redactor: Redactor, outcome: TurnOutcome
    ) -> None:
        self.caller, self.redactor = request.caller(live.id), redactor
        self.context = Context(request.user, request.turn_id, request.command)
        self._live, self._request, self._config, self._outcome = live, request, config, outcome
        self._noted: list[Event] = []

    @property
    def ended(self) -> bool:
        """Whether the turn has ended, or is no longer ours."""
        return self._outcome.ended

    def note(self, event: Event) -> None:
        """Store this fact with the next ones."""
        self._noted.append(event)
        outcome = self._outcome
        match event:
            case TokensUsed():
                outcome.spent.add(event)
            case e.StepRun():
                outcome.depends |= STEPS[event.step].depends if event.step in STEPS else EVERYTHING
            case e.ToolCalled():
                outcome.depends |= self._config.dependence(event)

    async def record(self, events: Sequence[Event]) -> None:
        """Store facts of the running turn, or of what follows a completed one; Fenced when it is no longer ours."""
        await self._live.whole(self.record_within(events))

    async def record_within(self, events: Sequence[Event]) -> None:
        """The same for what is `whole` already."""
        await self._store(lambda session, noted: [*self._still_ours(session, noted), *events])

    async def follow_up(self, events: Sequence[Event]) -> None:
        """Store what came of the steps after the turn, which are done with it."""
        await self._live.whole(self.follow_up_within(events))

    async def follow_up_within(self, events: Sequence[Event]) -> None:
        """The same for what is `whole` already."""
        await self._store(
            lambda session, noted: [
                *self._still_ours(session, noted),
                *events,
                *rules.followed_up(session, self._request.turn_id),
            ]
        )

    async def settle(self) -> None:
        """Store what is still noted although the turn has ended: tokens are owed whatever became of the turn."""
        if not self._noted:
            return
        try:
            await self._live.whole(self._store(owed))
        except (
            SessionNotFound
        ):  # erased meanwhile, by whichever process: nothing more is said in it, but it is paid for
            self.keep_owed()
            await self._live.whole(self._store(owed))

    def keep_owed(self) -> None:
        """Another end than ours is stored: of what was noted, only what was spent still counts."""
        self._noted = [fact for fact in self._noted if isinstance(fact, TokensUsed)]

    def _still_ours(self, session: Session, noted: list[Event]) -> Sequence[Event]:
        if self._outcome.completed and not session.erased:
            return owed(session, noted)
        turn = session.running
        if turn is None or (turn.turn_id, turn.resumed) != (self._request.turn_id, self._request.resumed):
            raise Fenced
        return noted

    async def _store(self, rule: Rule) -> None:
        noted, self._noted = self._noted, []
        try:
            await self._live.commit_within(lambda session: rule(session, noted), self.context)
        except BaseException:
            self._noted = noted + self._noted
            raise


def owed(session: Session, noted: list[Event]) -> Sequence[Event]:
    """What still counts when the turn has ended: a call is settled once, and in an erased session nothing is said."""
    return [n for n in noted if (n.call_id in session.open_calls if isinstance(n, TokensUsed) else not session.erased)]
