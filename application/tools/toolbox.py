"""The tools of one turn: told to the model, called by it; whatever goes wrong comes back in words it can act on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from application.clock import monotonic
from application.ports.models.model import ToolSpec, ToolUse
from application.ports.tenants.tenants import Tenants
from application.ports.tools.datasets import QueryFailed
from application.ports.tools.webhooks import WebhookFailed
from application.tools.executors import Executors, ToolCaller
from application.tools.input_schema import complaints
from application.tools.results import STARTED, WAITING, NotDone, Status, ToolOutcome, effect_key, known_calls
from domain.access import PERMISSIONS
from domain.refusals import Refusal
from domain.session.events import ToolCalled
from domain.tenant.tool import Tool
from domain.tenant.tool_definitions import offered

log = structlog.get_logger(__name__)

CALL_S = 15.0
MOST_CALLS = 32
"""A turn; a model that is talked into more gets nothing but this refusal."""
MOST_BYTES = 512 * 1024
"""Of the inputs and results of a turn: the model reads them all again with each round."""
MOST_INPUT = 65_536
MOST_CONFIRMED = 16_384
"""Characters of an input that a user is asked about: nobody agrees to what cannot be read."""
NOT_ALLOWED = "The user did not allow this call. Nothing was done. Do not call it again; tell the user so."
UNKNOWN_END = "It was begun before and it is not known whether it took effect. It is not done again; tell the user so."

RecordIntent = Callable[[ToolCalled], Awaitable[None]]
"""Stores that a call with effects is about to be made (`status` is `started`), and returns when that is safe. What it
raises ends the call before anything was done."""
AskUser = Callable[[ToolCalled], Awaitable[bool]]
"""Asks the user whether a call may be made (`status` is `waiting`). What it raises ends the call likewise."""


@dataclass(frozen=True, slots=True)
class ToolBoxes:
    """Makes the box of a turn."""

    tenants: Tenants
    executors: Executors

    async def open(
        self,
        caller: ToolCaller,
        turn_id: str,
        names: Sequence[str],
        *,
        known: Iterable[ToolCalled] = (),
        intend: RecordIntent | None = None,
        ask_user: AskUser | None = None,
    ) -> ToolBox:
        """The tools of these names; one that the tenant does not have is left out. `known` are the turn's facts of
        calls so far: a model that begins the turn anew gets their results without anything being done again."""
        tools = offered((await self.tenants.settings(caller.tenant)).tools)
        mine = {name: tools[name] for name in names if name in tools}
        return ToolBox(caller, turn_id, mine, self.executors, known_calls(known), intend, ask_user)


class ToolBox:
    """One turn's tools, in one process."""

    def __init__(
        self,
        caller: ToolCaller,
        turn_id: str,
        tools: Mapping[str, Tool],
        executors: Executors,
        known: dict[str, ToolCalled],
        intend: RecordIntent | None = None,
        ask_user: AskUser | None = None,
    ) -> None:
        self._caller, self._turn_id, self._tools, self._executors = caller, turn_id, tools, executors
        self._known, self._intend, self._ask_user = known, intend, ask_user
        self.ids: set[str] = set()
        """Of all calls of the turn so far, as they are said back to the model."""
        self._times: Counter[str] = Counter()
        self._calls = 0
        self._room = MOST_BYTES

    def specs(self) -> tuple[ToolSpec, ...]:
        """As a model is told of them; empty when there are none."""
        return tuple(ToolSpec(name, tool.description, tool.input_schema) for name, tool in self._tools.items())

    def unfit(self, use: ToolUse) -> str:
        """What of an input does not fit the tool's schema, in words; empty when it fits or there is no such tool."""
        tool = self._tools.get(use.name)
        try:
            found = complaints(tool.input_schema, msgspec.json.decode(use.input or "{}")) if tool else []
        except (ValueError, RecursionError):
            return "it is not valid JSON"
        return "; ".join(found)

    async def call(self, use: ToolUse) -> ToolOutcome:
        """Run what the model asked for. Calls may run side by side; never raises but for cancellation and for what
        `intend` and `ask_user` raise."""
        began = monotonic()
        self._calls += 1
        tool = self._tools.get(use.name)
        key = f"{self._turn_id}:{use.tool_use_id}"
        try:
            tool, input = self._checked(tool, use)
        except _Unfit as unfit:
            return _failed(key, use, str(unfit), tool)
        key = self._key(use.name, input)
        if key in self._known:
            return _again(self._known[key], tool)
        if tool.confirm and not (self._ask_user and await self._ask_user(_fact(self._turn_id, key, use, WAITING))):
            return _failed(key, use, NOT_ALLOWED, tool, "refused")
        if tool.effects and self._intend:
            await self._intend(_fact(self._turn_id, key, use, STARTED))
        result = await self._run(key, use, tool, input)
        self._room -= len(use.input) + len(result.output)
        result = msgspec.structs.replace(result, ms=round((monotonic() - began) * 1000))
        self._known[key] = result.event(self._turn_id)
        return result

    def _key(self, name: str, input: dict[str, Any]) -> str:
        first = effect_key(self._turn_id, name, input, 0)
        ordinal = self._times[first]
        self._times[first] += 1
        return effect_key(self._turn_id, name, input, ordinal) if ordinal else first

    def _checked(self, tool: Tool | None, use: ToolUse) -> tuple[Tool, dict[str, Any]]:
        if tool is None:
            raise _Unfit(f"There is no tool {use.name}. There are: {', '.join(self._tools) or 'none'}.")
        if self._calls > MOST_CALLS:
            raise _Unfit(f"No more than {MOST_CALLS} calls can be made in one turn. Answer with what you have.")
        if self._room < 0:
            raise _Unfit("The tools have said as much as one turn can hold. Answer with what you have.")
        if not any("chat" in PERMISSIONS.get(role, ()) for role in self._caller.roles):
            raise _Unfit("The user has no right to use tools.")
        if len(use.input) > MOST_INPUT:
            raise _Unfit(f"The input is longer than {MOST_INPUT} characters.")
        if tool.confirm and len(use.input) > MOST_CONFIRMED:
            raise _Unfit(f"The input is longer than the {MOST_CONFIRMED} characters that a user can be asked about.")
        try:
            input = msgspec.json.decode(use.input or "{}")
            unfit = complaints(tool.input_schema, input)
        except (ValueError, RecursionError):
            raise _Unfit("The input is not valid JSON. Write it again.") from None
        if unfit or not isinstance(input, dict):
            raise _Unfit("The input does not fit the tool's schema: " + "; ".join(unfit or ["it is no object"]))
        return tool, input

    async def _run(self, key: str, use: ToolUse, tool: Tool, input: dict[str, Any]) -> ToolOutcome:
        try:
            async with asyncio.timeout(CALL_S):
                output = await self._executors(self._caller, use.name, tool, input, key)
        except QueryFailed as failed:
            return _failed(key, use, str(failed), tool)
        except WebhookFailed as failed:
            doubt = f" {UNKNOWN_END}" if tool.effects and failed.sent else ""
            return _failed(key, use, f"{failed}{doubt}", tool)
        except TimeoutError:
            doubt = f" {UNKNOWN_END}" if tool.effects else ""
            return _failed(key, use, f"The tool did not answer within {CALL_S:.0f} s.{doubt}", tool)
        except Refusal as refusal:
            return _failed(key, use, f"The tool is not available: {refusal.detail}", tool)
        except Exception as error:
            log.error("tool.broken", tool=use.name, turn_id=self._turn_id, error=type(error).__name__)
            return _failed(key, use, "The tool is broken.", tool)
        return ToolOutcome(
            key=key, name=use.name, input=use.input, output=output, status="completed", effects=tool.effects
        )


class _Unfit(Exception):
    """The call cannot be made; the message is for the model."""


def _failed(key: str, use: ToolUse, why: str, tool: Tool | None, status: NotDone = "failed") -> ToolOutcome:
    effects = tool.effects if tool else False
    return ToolOutcome(key=key, name=use.name, input=use.input, output=why, status=status, effects=effects)


def _fact(turn_id: str, key: str, use: ToolUse, status: str) -> ToolCalled:
    return ToolCalled(turn_id=turn_id, key=key, name=use.name, input=use.input, output="", status=status)


def _again(fact: ToolCalled, tool: Tool) -> ToolOutcome:
    """What a call came to before; one with effects whose end nobody knows is not made again, and so has failed."""
    status = fact.status if fact.status in ("completed", "refused") else "failed"
    output = UNKNOWN_END if fact.status == STARTED else fact.output
    return ToolOutcome(
        key=fact.key, name=fact.name, input=fact.input, output=output, status=msgspec.convert(status, Status),
        ms=fact.ms, effects=tool.effects,
    )  # fmt: skip
