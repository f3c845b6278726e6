"""A member says something: the turn is stored, then runs in this process whether or not anybody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec.structs import replace

from application.budget.turn_permits import TurnPermits
from application.clock import new_id
from application.ports.facts.keys import Sealer
from application.sessions.live_session import LiveSession
from application.tasks import TaskSet
from application.turns.prepare_turn import PrepareTurn
from application.turns.read_attachments import ReadAttachments
from application.turns.run_turn import TurnExecutor
from application.turns.turn_request import TurnRequest
from application.turns.turnstile import Turnstile
from application.users import hashed_client_id
from domain.access import Principal
from domain.event import Event
from domain.refusals import TurnInProgress
from domain.session import rules
from domain.session.commands import CreateTurn
from domain.session.events import SessionRenamed
from domain.session.state import Session, Turn, wanted_language

TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class CreateTurnHandler:
    """Accepts a turn and starts it."""

    permits: TurnPermits
    prepare: PrepareTurn
    turns: TurnExecutor
    sealer: Sealer
    attachments: ReadAttachments
    admissions: TaskSet = field(default_factory=partial(TaskSet, "admission"))
    turnstile: Turnstile = field(default_factory=Turnstile)

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
        instructions: str = "",
    ) -> tuple[Turn, bool]:
        """The turn of that `client_id`, and whether it is new and now runs, or was made before.

        IdempotencyConflict when the id was used with another text or other files; FileNotFound, UnsupportedMediaType,
        PayloadTooLarge for files that it cannot have; TurnInProgress when another turn runs; EmptyPrompt; RateLimited,
        Overloaded, Draining when there is no place.
        """
        command = CreateTurn(
            turn_id=new_id(),
            client_id=client_id,
            text=text,
            attachments=tuple(attachments),
            use_cache=use_cache,
            metadata=metadata or {},
            instructions=instructions,
        )
        if live.runs_elsewhere:
            await live.refresh()  # that turn may have ended
        if known := rules.known_turn(live.state, command):
            return known, False
        if live.runs_elsewhere or (live.run is not None and not live.run.ended):
            raise TurnInProgress
        if self.permits.was_refused(principal.tenant, principal.user):
            await self.permits.check(principal.tenant, principal.user)
        return await live.whole(self._begin(principal, live, command))

    async def _begin(self, principal: Principal, live: LiveSession, command: CreateTurn) -> tuple[Turn, bool]:
        """Admit and start a turn; to be done `whole`."""
        # The shared counts are asked while the turn is looked at, so that they add no round trip; whoever is refused
        # without them is refused before that.
        admission = self.admissions.start_awaited(self.permits.admit(principal.tenant, principal.user, command.turn_id))
        try:
            await asyncio.sleep(0)
            if admission.done():
                admission.result()
            await self.turnstile.pass_through(principal.tenant)
            return await self._start(principal, live, command, admission)
        except BaseException:
            admission.cancel()
            await asyncio.wait([admission])
            if not admission.cancelled() and not admission.exception():
                await self.permits.leave(principal.tenant, principal.user, command.turn_id)
            raise

    async def _start(
        self, principal: Principal, live: LiveSession, command: CreateTurn, admission: asyncio.Task[None]
    ) -> tuple[Turn, bool]:
        request = TurnRequest(
            turn_id=command.turn_id,
            command=await hashed_client_id(self.sealer, str(live.id), command.client_id),
            user=principal.user,
            text=command.text,
            name=principal.name,
            roles=principal.roles,
            groups=principal.groups,
            language=wanted_language(command.metadata),
            attached=bool(command.attachments),
            may_cache=command.use_cache and not command.attachments and not command.instructions,
        )
        prepared = await self.prepare(live, request)
        if command.attachments:
            assistant = prepared.run.config.assistant
            await self.attachments.check(principal.tenant, principal.user, command.attachments, assistant)
        command = replace(command, collections=prepared.run.config.collections)
        await admission

        def rule(session: Session) -> Sequence[Event]:
            started = rules.create_turn(session, command)
            if not started:
                return []
            title = [] if session.title else [SessionRenamed(title=title_of(command.text))]
            return [*title, *started, *prepared.events]

        run = prepared.run
        stored = await live.commit_within(rule, run.log.context)
        turn = live.state.turn_of_client(command.client_id)
        assert turn is not None, "the rule made it or found it"
        if not stored:
            await self.permits.leave(principal.tenant, principal.user, command.turn_id)
            return turn, False
        live.feed.begin(live.held.version, turn)
        for frame in prepared.frames:
            run.output.show(frame)
        self.turns.start(prepared)
        return turn, True


def title_of(text: str) -> str:
    """A session's first title: the beginning of its first question."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
