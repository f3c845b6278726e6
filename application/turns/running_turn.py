"""A turn that runs in this process: its journal, what its watchers see, and its one end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from application.execute import Context
from application.gateway.call_log import Caller, Spent
from application.plan.catalogue.steps import STEPS
from application.plan.citations import CitationReader, Citations
from application.redaction.redactor import Redactor
from application.sessions import feed_frames as f
from application.sessions.frame_limits import ANSWER_BYTES, cut, text_size
from application.sessions.live_session import LiveSession
from application.tasks import outcome
from domain.dependence import EVERYTHING, NOTHING, Audience, Dependence
from domain.event import Event
from domain.model_calls import TokensUsed
from domain.refusals import Conflict, Refusal
from domain.session import events as e
from domain.session.rules import fail_turn
from domain.session.state import Session, Turn
from domain.tenant.events import Assistant, Tool
from domain.tenant.state import Tenant

if TYPE_CHECKING:
    from application.plan.run_plan import PlanRun


RETRY_END_S = (0.5, 1.0, 2.0, 4.0, 8.0)
End = e.TurnCompleted | e.TurnCancelled | e.TurnFailed
STATUS: dict[type[End], str] = {
    e.TurnCompleted: "completed",
    e.TurnCancelled: "cancelled",
    e.TurnFailed: "failed",
}
log = structlog.get_logger()


class Fenced(Exception):
    """Another process has taken the turn over, or it has ended; whoever sees this stops."""


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked, with which roles, and what the turn is called; `command` is what its facts follow from, `name` whom
    tools act for. `resumed` counts how often it was taken over."""

    turn_id: str
    command: str
    user: str
    name: str = ""
    roles: frozenset[str] = frozenset({"member"})
    resumed: int = 0


class AssistantConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The assistant that answers, in its version, and what its tenant has set beside it."""

    name: str
    assistant: Assistant
    version: int
    tenant: Tenant


class RunningTurn:
    """A turn that runs in this process: its journal, its text so far, its one end."""

    def __init__(self, live: LiveSession, asker: TurnRequest, setting: AssistantConfig, redactor: Redactor) -> None:
        self.live, self.turn_id, self.setting = live, asker.turn_id, setting
        self.redactor, self.roles, self.name = redactor, asker.roles, asker.name or asker.user
        self.caller = Caller(tenant=live.id.tenant, user=asker.user, session=live.id.id, turn=asker.turn_id)
        self.context = Context(asker.user, asker.turn_id, asker.command)
        self.resumed = asker.resumed
        self.began = time.monotonic()
        self.first_text: float | None = None
        self.text, self.room = "", ANSWER_BYTES
        self.citations: Citations = CitationReader(())
        self.model = ""
        self.spent = Spent()
        self.ended = self.completed = False
        self.failed_over = self.was_reset = self.full = False
        self.depends = EVERYTHING if asker.resumed else NOTHING
        self.finish_reason: e.FinishReason = "incomplete"
        self.tool_outputs: list[str] = []
        self.plan: PlanRun | None = None
        self._noted: list[Event] = []
        self._end_task: asyncio.Task[bool] | None = None

    def tools(self) -> dict[str, Tool]:
        """Those of the tenant's tools that the assistant may use, by name."""
        known = self.setting.tenant.tools
        return {name: known[name] for name in self.assistant.tools if name in known}

    @property
    def may_depend(self) -> Dependence:
        """What the answer will hang on if all of its tools are called."""
        return reduce(or_, (tool.depends for tool in self.tools().values()), self.depends)

    @property
    def audience(self) -> Audience:
        """To whom the answer may be given again, by all that the turn did: nobody if it is not whole, or was begun anew
        or by another model."""
        whole = self.finish_reason == "stop" and not (self.failed_over or self.was_reset)
        return self.depends.audience if whole else "nobody"

    @property
    def assistant(self) -> Assistant:
        """Whose rules the answer follows."""
        return self.setting.assistant

    # The journal of this turn (application/gateway/call_log.py)

    def note(self, event: Event) -> None:
        self._noted.append(event)
        match event:
            case TokensUsed():
                self.spent.add(event)
            case e.StepRun():
                self.depends |= STEPS[event.step].depends if event.step in STEPS else EVERYTHING
            case e.ToolCalled():
                self.depends |= self._depends_on(event)

    def _depends_on(self, call: e.ToolCalled) -> Dependence:
        """A call that failed may do better the next time."""
        tool = self.tools().get(call.name)
        return tool.depends if tool and call.status == "completed" else EVERYTHING

    async def record(self, events: Sequence[Event]) -> None:
        """Store facts of the running turn, or of what follows a completed one; Fenced when it is no longer ours."""
        await self._store(self._recording(events))

    def _recording(self, events: Sequence[Event]) -> Callable[[Session, list[Event]], Sequence[Event]]:
        def rule(session: Session, noted: list[Event]) -> Sequence[Event]:
            if self.completed and not session.erased:
                return [*_owed(session, noted), *events]
            turn = session.running
            if turn is None or turn.turn_id != self.turn_id or turn.resumed != self.resumed:
                raise Fenced
            return [*noted, *events]

        return rule

    async def settle(self) -> None:
        """Store what is still noted although the turn has ended: tokens are owed whatever became of the turn."""

        if self._noted:
            await self._store(_owed)

    async def _store(self, rule: Callable[[Session, list[Event]], Sequence[Event]]) -> None:
        await self.live.whole(self._store_within(rule))

    async def _store_within(self, rule: Callable[[Session, list[Event]], Sequence[Event]]) -> None:
        noted, self._noted = self._noted, []
        try:
            await self.live.commit_within(lambda session: rule(session, noted), self.context)
        except BaseException:
            self._noted = noted + self._noted
            raise

    # What its watchers see

    def show(self, frame: f.Frame) -> None:
        """Put a frame of this turn on the feed; nothing follows the one that ended it."""
        if not self.ended:
            self._put(frame)

    def _put(self, frame: f.Frame) -> None:
        frame.turn_id = self.turn_id
        self.live.feed.put(frame)

    def say(self, text: str) -> None:
        """More of the answer, and the citations it brings; nothing beyond what a frame can hold."""
        if (size := text_size(text)) > self.room:
            text, self.full = cut(text, self.room), True
            size = text_size(text)
        if self.ended or not text:
            return
        self.room -= size
        if self.first_text is None:
            self.first_text = time.monotonic()
        self.text += text
        self.show(f.Delta(delta=text))
        for citation in self.citations.read(self.text):
            self.show_citation(citation)

    def show_citation(self, c: e.Citation) -> None:
        """A mark got its meaning."""
        self.show(
            f.Citation(
                n=c.n, document_id=c.document_id, title=c.title, quote=c.quote, start=c.start, end=c.end, score=c.score
            )
        )

    def reset(self, reason: str, keep: str = "") -> None:
        """The text so far is void, but for `keep`, which is said again."""
        if self.ended:
            return
        self.text, self.room, self.full, self.was_reset = "", ANSWER_BYTES, False, True
        self.citations = self.citations.anew()
        self.show(f.Reset(reason=reason))
        if keep:
            self.say(keep)

    # Its one end

    async def complete(self, *, cached: str = "") -> None:
        """The answer has ended, as `finish_reason` says."""
        ended: dict[str, Any] = {"finish_reason": self.finish_reason, "audience": self.audience}
        event = e.TurnCompleted(**self._ending(), **ended, cached=cached)
        await self._end(event, self._completed("completed", event.cost_usd, cached))

    async def cancel(self) -> bool:
        """Its user stopped it: over at once for whoever watches; the provider's stream is drained behind it. False when
        it had ended already."""
        event = e.TurnCancelled(**self._ending())
        return await self._end(event, self._completed("cancelled", event.cost_usd, ""))

    async def fail(self, refusal: Refusal) -> None:
        """No whole answer, and why."""
        event = e.TurnFailed(
            turn_id=self.turn_id,
            code=refusal.code,
            message=refusal.detail,
            retryable=refusal.retryable,
            text=self.text,
            trace_id=self.turn_id,
        )
        await self._end(event, failed_frame(event, refusal.retry_after_s))

    async def _end(self, event: End, frame: f.Frame) -> bool:
        """Whether this is its end. Whoever comes first decides, and a task that no deadline, cancel or drain reaches
        stores that; whoever comes later waits for the outcome, and decides when it can never be stored."""
        while self._end_task is not None:
            try:
                await outcome(self._end_task)
            except Fenced:
                raise
            except Exception:
                continue  # it could not be stored
            return False
        if self.ended:
            return False
        self.ended = True
        self._end_task = self.live.tasks.start_awaited(self._store_end(event, frame))
        return await outcome(self._end_task)

    async def _store_end(self, event: End, frame: f.Frame) -> bool:
        """Store it, in several tries if need be; what was said since it was decided is void, so there is no way back.
        When nothing can be stored the lease is no longer renewed, and whoever can store takes the turn over."""
        ours = True
        try:
            for pause in (*RETRY_END_S, None):
                try:
                    await self._store_within(self._recording([event]))
                    break
                except (Fenced, Conflict):
                    ours = self._is_stored(event)
                    break
                except Refusal as refusal:
                    if pause is None or not refusal.retryable:
                        raise
                    await asyncio.sleep(pause)
        except Fenced:
            raise
        except BaseException as error:
            log.error("turn_end_not_stored", turn=self.turn_id, reason=type(error).__name__)
            self._end_task, self.ended = None, isinstance(error, Refusal) and error.retryable
            raise
        self.completed = ours and isinstance(event, e.TurnCompleted)
        if self.live.run is self:
            self.live.run = None
        if ours:
            self._put(frame)
        return ours

    def _is_stored(self, event: End) -> bool:
        """Whether an end that was in the way is this one, stored by an append whose outcome was not known. Another one
        is shown as it is stored; Fenced when the turn runs elsewhere, or is erased."""
        turn = self.live.state.turn(self.turn_id)
        if turn is None or turn.status == "running":
            raise Fenced
        self._noted = [fact for fact in self._noted if isinstance(fact, TokensUsed)]
        if (turn.status, turn.answer) == (STATUS[type(event)], event.text):
            return True
        self._put(f.Reset(reason="resumed"))
        if turn.answer:
            self._put(f.Delta(delta=turn.answer))
        self._put(ended_frame(turn))
        return False

    def _ending(self) -> dict[str, Any]:
        now = time.monotonic()
        return {
            "turn_id": self.turn_id,
            "text": self.text,
            "citations": tuple(self.citations.found.values()),
            "model": self.model,
            "usage": self.spent.usage,
            "cost_usd": self.spent.cost_usd,
            "ms": round((now - self.began) * 1000),
            "ttft_ms": round(((self.first_text or now) - self.began) * 1000),
        }

    def _completed(self, status: str, cost: object, cached: str) -> f.Completed:
        ending = self._ending()
        return f.Completed(
            status=status,
            text=self.text,
            citations=[msgspec.structs.asdict(c) for c in ending["citations"]],
            model=self.model,
            cached=cached or False,
            usage=usage_fields(self.spent.usage),
            cost_usd=f"{cost:f}",
            ms=ending["ms"],
            ttft_ms=ending["ttft_ms"],
            finish_reason=self.finish_reason if status == "completed" else "incomplete",
        )


def _owed(session: Session, noted: list[Event]) -> Sequence[Event]:
    """What still counts when the turn has ended: a call is settled once."""
    return [n for n in noted if not isinstance(n, TokensUsed) or n.call_id in session.open_calls]


def usage_fields(usage: Any) -> dict[str, int]:
    """Usage as the contract writes it."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }


def ended_frame(turn: Turn) -> f.Frame:
    """The frame of a turn that has ended, as it is stored."""
    if turn.status == "failed":
        error = {"code": turn.error_code, "message": turn.error_message, "retryable": turn.error_retryable}
        return f.Failed(turn_id=turn.turn_id, error=error | {"trace_id": turn.trace_id})
    return f.Completed(
        status=turn.status,
        text=turn.answer,
        citations=[msgspec.structs.asdict(c) for c in turn.citations],
        model=turn.model,
        cached=turn.cached or False,
        usage=usage_fields(turn.usage),
        cost_usd=f"{turn.cost_usd:f}",
        ms=turn.ms,
        ttft_ms=turn.ttft_ms,
        finish_reason=turn.finish_reason,
    )


def failed_frame(event: e.TurnFailed, retry_after_s: float | None = None) -> f.Failed:
    """The frame of a turn that failed."""
    error: dict[str, Any] = {
        "code": event.code,
        "message": event.message,
        "retryable": event.retryable,
        "trace_id": event.trace_id,
    }
    if retry_after_s is not None:
        error["retry_after_s"] = retry_after_s
    return f.Failed(turn_id=event.turn_id, error=error)


def fail_running(session: Session, code: str, message: str, retryable: bool) -> Sequence[Event]:
    """Ends the turn that runs, whoever ran it."""
    turn = session.running
    if turn is None:
        return []
    return fail_turn(
        session,
        e.TurnFailed(turn_id=turn.turn_id, code=code, message=message, retryable=retryable, trace_id=turn.turn_id),
    )
