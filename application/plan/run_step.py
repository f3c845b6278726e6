"""Runs one step: asks, checks the reply, has it repaired once, and falls back on the step's safe default."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from application.clock import monotonic
from application.plan.step_request import StepModel, StepReply, StepRequest, ask_of
from application.plan.structured_output import Unusable, parse_reply
from application.ports.models.model import Message, ModelFailure, Text
from application.steps.step import Step
from domain.event import Event
from domain.refusals import Conflict, Refusal
from domain.session.events import StepRun

TRIES = 2
# step, "started" or "finished", model, the router's reason, milliseconds
Show = Callable[[str, str, str, str, int], None]


class Notes(Protocol):
    """Where the fact that a step has run is noted."""

    def note(self, event: Event) -> None:
        """Store this fact with the next ones."""
        ...


def unseen(step: str, status: str, model: str, reason: str, ms: int) -> None:
    """For steps that nobody watches."""


async def run_step(
    step: Step,
    inputs: Mapping[str, Any],
    model: StepModel,
    notes: Notes,
    *,
    turn_id: str,
    show: Show = unseen,
    timeout_s: float | None = None,
) -> Any:
    """The step's output, or its default when the model had no usable reply within the step's time (or `timeout_s`,
    when that is less). Either way a `StepRun` is noted. Raises only what ends the turn itself: Conflict, or that
    another process has taken it over."""
    began = monotonic()
    show(step.name, "started", "", "", 0)
    limit = step.timeout_s if timeout_s is None else min(step.timeout_s, timeout_s)
    replies: list[StepReply] = []
    value, failed = step.default, ""
    try:
        if limit <= 0:  # no call leaves for a step that has no time
            raise TimeoutError
        async with asyncio.timeout(limit):
            value = await _reply(step, ask_of(step, inputs, timeout_s=limit), model, replies)
    except TimeoutError:
        failed = "timeout"
    except Unusable:
        failed = "unusable"
    except ModelFailure as failure:
        failed = failure.code
    except Conflict:
        raise
    except Refusal as refusal:  # the answer that follows asks the same gateway and is refused there, if it must be
        failed = refusal.code
    last = replies[-1] if replies else StepReply("")
    reason = f"default:{failed}" if failed else last.reason
    ms = round((monotonic() - began) * 1000)
    notes.note(
        StepRun(
            turn_id=turn_id,
            step=step.name,
            model=last.model,
            reason=reason,
            ms=ms,
            result=msgspec.json.encode(value).decode(),
            safe_default=bool(failed),
        )
    )
    show(step.name, "finished", last.model, reason, ms)
    return value


async def _reply(step: Step, ask: StepRequest, model: StepModel, replies: list[StepReply]) -> msgspec.Struct:
    assert step.output is not None, "prose is streamed by the turn"
    for tried in range(1, TRIES + 1):
        reply = await model.complete(ask)
        replies.append(reply)
        try:
            return parse_reply(reply.text, step.output)
        except Unusable as error:
            if tried == TRIES:
                raise
            ask = _repair(ask, reply.text, str(error))
    raise AssertionError("unreachable")


def _repair(ask: StepRequest, reply: str, error: str) -> StepRequest:
    """The same request, with what came of it and what is wrong with that."""
    again = f"That cannot be used: {error}. Reply again, with the JSON object alone."
    said = Message("assistant", (Text(reply.strip() or "..."),))
    return msgspec.structs.replace(ask, messages=(*ask.messages, said, Message("user", (Text(again),))))
