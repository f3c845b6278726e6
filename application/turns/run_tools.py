"""Runs the tools that a model asked for, side by side, and tells it what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from application.plan.run_plan import PlanRun
from application.ports.models.model import Message, Text, ToolUse
from application.sessions import feed_frames as f
from application.steps.act import RepairedInput, ToolSummary
from application.tools.executors import ToolCaller
from application.tools.results import ToolOutcome
from application.tools.toolbox import ToolBox, ToolBoxes
from application.tools.uses import lawful, same_call
from application.turns.confirm_tool import AskFirst
from application.turns.running_turn import RunningTurn
from domain.session.events import ToolCalled
from domain.session.state import Turn

LONG_RESULT = 8_000
"""Characters from which on a result is shortened before the model reads it, where the plan has a step for that."""


@dataclass(frozen=True, slots=True)
class ToolRounds:
    """Opens a turn's box of tools, and runs what a round of the answer asked for."""

    boxes: ToolBoxes
    ask_first: AskFirst

    async def open(self, run: RunningTurn, turn: Turn, names: Sequence[str]) -> ToolBox:
        """The tools of a turn, with what is known of calls that were made before it was taken over."""

        async def intend(fact: ToolCalled) -> None:
            await run.log.record([fact])

        async def ask_user(call: ToolCalled) -> bool:
            return await self.ask_first(run, call)

        request = run.request
        caller = ToolCaller(run.live.id.tenant, request.name or request.user, request.roles)
        known = list(turn.tool_calls.values())
        return await self.boxes.open(caller, run.turn_id, names, known=known, intend=intend, ask_user=ask_user)

    def refuse(self, run: RunningTurn, uses: Sequence[ToolUse]) -> None:
        """Run none of these: the answer that asked for them was cut, held back or not well formed."""
        for use in uses:
            run.output.show(f.ToolCall(name=use.name, status="refused"))

    async def __call__(
        self, run: RunningTurn, plan: PlanRun, box: ToolBox, said: str, uses: Sequence[ToolUse]
    ) -> list[Message]:
        """Run them, equal ones once, and the two messages that follow: what the model said and asked for, and what came
        of it. None when the turn has ended meanwhile."""
        uses = await asyncio.gather(*(self._fitted(run, plan, box, use) for use in lawful(uses, box.ids)))
        once: dict[str, ToolUse] = {}
        for use in uses:
            once.setdefault(same_call(use), use)
        made = await asyncio.gather(*(self._call(run, plan, box, use) for use in once.values()))
        results_of = dict(zip(once, made, strict=True))
        results = [results_of[same_call(use)] for use in uses]
        if run.ended:
            return []
        spoken = (Text(said),) if said.strip() else ()
        asked = [ToolUse(use.tool_use_id, use.name, _object(use.input)) for use in uses]
        told = [result.block(use.tool_use_id) for use, result in zip(uses, results, strict=True)]
        return [Message("assistant", (*spoken, *asked)), Message("user", tuple(told))]

    async def _call(self, run: RunningTurn, plan: PlanRun, box: ToolBox, use: ToolUse) -> ToolOutcome:
        tool = run.config.tools.get(use.name)
        if not (tool and tool.confirm):  # else it is shown once it may
            run.output.show(f.ToolCall(name=use.name, status="started"))
        result = await box.call(use)
        run.outcome.tool_outputs.append(result.output)
        run.log.note(result.event(run.turn_id))
        run.output.show(f.ToolCall(name=use.name, status=result.status, ms=result.ms))
        if len(result.output) > LONG_RESULT and "summarise_tool_result" in plan.plan.on_demand:
            return await self._shortened(plan, result)
        return result

    async def _fitted(self, run: RunningTurn, plan: PlanRun, box: ToolBox, use: ToolUse) -> ToolUse:
        """With an input that fits the tool's schema, where the plan has a step that can mend it."""
        if (unfit := box.unfit(use)) and "repair_tool_input" in plan.plan.on_demand:
            return await self._repaired(run, plan, use, unfit)
        return use

    async def _repaired(self, run: RunningTurn, plan: PlanRun, use: ToolUse, unfit: str) -> ToolUse:
        tool = run.config.tools.get(use.name)
        if tool is None:
            return use
        schema = msgspec.json.encode(tool.input_schema).decode()
        read = {"tool": use.name, "schema": schema, "input": use.input, "error": unfit, "question": plan.facts.question}
        mended = await plan.ask("repair_tool_input", read)
        if isinstance(mended, RepairedInput) and mended.possible:
            return ToolUse(use.tool_use_id, use.name, msgspec.json.encode(mended.input).decode())
        return use

    async def _shortened(self, plan: PlanRun, result: ToolOutcome) -> ToolOutcome:
        read = {"tool": result.name, "result": result.output, "question": plan.facts.question}
        short = await plan.ask("summarise_tool_result", read)
        return msgspec.structs.replace(result, output=short.summary) if isinstance(short, ToolSummary) else result


def _object(text: str) -> str:
    """A model is told an object alone; what it wrote otherwise is told by the error that follows."""
    try:
        found = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return "{}"
    return text if text and isinstance(found, dict) else "{}"
