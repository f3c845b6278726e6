"""A member says something: the turn is stored, then runs in this process whether or not anybody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from application import frames as f
from application.admission import Admission
from application.clock import new_id
from application.live_session import LiveSession
from application.ports.tenants import Tenants
from application.run_turn import TurnRunner
from application.turn_run import TurnRun
from domain.access import Principal
from domain.event import Event
from domain.model_calls import ModelCallStarted
from domain.refusals import TurnInProgress
from domain.session import rules
from domain.session.commands import CreateTurn
from domain.session.events import SessionRenamed
from domain.session.state import Session, Turn

TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class CreateTurnHandler:
    """Accepts a turn and starts it."""

    tenants: Tenants
    admission: Admission
    run_turn: TurnRunner
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(
        self,
        principal: Principal,
        live: LiveSession,
        *,
        client_id: str,
        text: str,
        attachments: Sequence[str] = (),
        use_cache: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> tuple[Turn, bool]:
        """The turn of that `client_id`, and whether it is new and now runs, or was made before.

        IdempotencyConflict when the id was used with another text; TurnInProgress when another turn runs; EmptyPrompt;
        RateLimited, Overloaded, Draining when there is no place.
        """
        command = CreateTurn(
            turn_id=new_id(),
            client_id=client_id,
            text=text,
            attachments=tuple(attachments),
            use_cache=use_cache,
            metadata=metadata or {},
        )
        if known := rules.known_turn(live.state, command):
            return known, False
        if live.run is not None and not live.run.ended:
            raise TurnInProgress
        self.admission.request(principal.tenant)
        self.admission.enter(principal.tenant)
        try:
            return await self._start(principal, live, command)
        except BaseException:
            self.admission.leave(principal.tenant)
            raise

    async def _start(self, principal: Principal, live: LiveSession, command: CreateTurn) -> tuple[Turn, bool]:
        assistant, _ = await self.tenants.assistant(principal.tenant, live.state.assistant)
        run = TurnRun(live, command.turn_id, command.client_id, principal.user, assistant)
        opening = await self.run_turn.opening(run, command.text)

        def rule(session: Session) -> Sequence[Event]:
            started = rules.create_turn(session, command)
            if not started:
                return []
            title = [] if session.title else [SessionRenamed(title=title_of(command.text))]
            return [*title, *started, *opening]

        stored = await live.commit(rule, run.context)
        turn = live.state.turn_of_client(command.client_id)
        assert turn is not None, "the rule made it or found it"
        if not stored:
            self.admission.leave(principal.tenant)
            return turn, False
        live.run = run
        run.show(f.Created(client_id=command.client_id))
        self.spawn(run, next((fact for fact in opening if isinstance(fact, ModelCallStarted)), None))
        return turn, True

    def spawn(self, run: TurnRun, opening: ModelCallStarted | None) -> None:
        """Run a turn that has a place already, in a task of its own; the place is given back when it ends."""
        task = asyncio.create_task(self.run_turn(run, opening))
        self.tasks.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self.tasks.discard(task)
            self.admission.leave(run.caller.tenant)

        task.add_done_callback(done)


def title_of(text: str) -> str:
    """A session's first title: the beginning of its first question."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
