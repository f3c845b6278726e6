"""Runs the steps of a plan side by side: each begins as soon as those it waits for are done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from application.clock import monotonic
from application.plan.attached import NOTHING_ATTACHED, Attached
from application.plan.effects import Effects
from application.plan.kept_passages import KeptPassages
from application.plan.plan import RETRIEVE, Node, Plan
from application.plan.run_step import Notes, Show, run_step, unseen
from application.plan.step_request import StepModel, StepRequest, ask_of
from application.steps.catalogue import STEPS
from application.steps.facts import Facts
from application.steps.step import Step
from domain.session.events import Passage

Search = Callable[[Effects], Awaitable[Sequence[Passage]]]
BEFORE_S = 10.0
VERIFY_S = 8.0
AFTER_S = 30.0
PASSAGE_INPUTS = ("passages", "kept_passages", "cited_passages")


@dataclass(slots=True)
class PlanRun:
    """The steps of one turn. `known` are results that an earlier process stored (`turn.results`); what they hold is not
    asked again. `search` finds passages by the effects so far, `attached` is what came with the question. `results`
    grows, a step's output under its name."""

    plan: Plan
    facts: Facts
    model: StepModel
    notes: Notes
    turn_id: str
    search: Search
    show: Show = unseen
    known: Mapping[str, str] = field(default_factory=dict)
    attached: Attached = NOTHING_ATTACHED
    results: dict[str, Any] = field(default_factory=dict)
    answer: str = ""

    @property
    def effects(self) -> Effects:
        """What the results so far change in the turn."""
        return self.plan.effects(self.facts, self.results)

    @property
    def passages(self) -> KeptPassages:
        """Which of the passages count, by the results so far."""
        return self.effects.passages

    @property
    def retrieved(self) -> tuple[Passage, ...]:
        """The passages that were found, numbered from 1 as the steps see them."""
        return tuple(self.results.get(RETRIEVE, ()))

    @property
    def quoted(self) -> tuple[Passage, ...]:
        """What marks of the answer mean, numbered from 1."""
        return self.effects.quoted(self.retrieved, self.attached)

    async def before(self, deadline_s: float = BEFORE_S) -> Effects:
        """Everything that comes before the answer. What the search raises is raised; steps never fail."""
        await self._run(self.plan.before, deadline_s, until_settled=True)
        return self.effects

    async def verify(self, answer: str, deadline_s: float = VERIFY_S) -> Effects:
        """Look at the answer that has been streamed."""
        self.answer = answer
        await self._run(self.plan.verify, deadline_s, until_settled=True)
        return self.effects

    async def after(self, answer: str, deadline_s: float = AFTER_S) -> dict[str, Any]:
        """What is done when the turn has ended and nobody waits; nothing is shown. The results of these steps."""
        self.answer, self.show = answer, unseen
        await self._run(self.plan.after, deadline_s)
        return {node.name: self.results.get(node.name) for node in self.plan.after}

    async def ask(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """A step on demand, such as `repair_tool_input`, with inputs of the caller's."""
        step = STEPS[name]
        return await self._asked(step, inputs, step.timeout_s)

    def prose(self, name: str) -> StepRequest:
        """The request of a step whose reply is streamed to the user, such as `revise` or `translate`."""
        return ask_of(STEPS[name], inputs_of(STEPS[name], self))

    async def _run(self, nodes: Sequence[Node], deadline_s: float, *, until_settled: bool = False) -> None:
        deadline = monotonic() + deadline_s
        tasks: dict[str, asyncio.Task[None]] = {}

        async def work(node: Node) -> None:
            if waits := [tasks[need] for need in node.needs]:
                await asyncio.wait(waits)
            if not (until_settled and self.effects.answering.settled):
                await self._node(node.name, deadline)

        try:
            async with asyncio.TaskGroup() as group:
                for node in nodes:  # in an order in which whatever a node waits for stands before it
                    tasks[node.name] = group.create_task(work(node))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None  # the first that failed; the others were cancelled because of it

    async def _node(self, name: str, deadline: float) -> None:
        if name == RETRIEVE:
            self.results[name] = tuple(await self.search(self.effects))
            return
        step = STEPS[name]
        found = _stored(step, self.known)
        if found is None:
            inputs = inputs_of(step, self)
            if _nothing_to_read(step, inputs):
                return
            found = await self._asked(step, inputs, deadline - monotonic())
        self.results[name] = found

    async def _asked(self, step: Step, inputs: Mapping[str, Any], timeout_s: float) -> Any:
        return await run_step(
            step, inputs, self.model, self.notes, turn_id=self.turn_id, show=self.show, timeout_s=timeout_s
        )


def _stored(step: Step, known: Mapping[str, str]) -> Any:
    """The result that an earlier process stored; None when there is none of today's shape."""
    stored = known.get(step.name)
    if not stored or step.output is None:
        return None
    try:
        return msgspec.json.decode(stored, type=step.output)
    except msgspec.ValidationError:
        return None


def inputs_of(step: Step, run: PlanRun) -> dict[str, Any]:
    """What a step reads, as far as it is known."""
    return {name: INPUTS[name](run) for name in step.reads if name in INPUTS}


INPUTS: dict[str, Callable[[PlanRun], Any]] = {
    "question": lambda run: run.facts.question,
    "standalone_question": lambda run: run.effects.asked.question,
    "history": lambda run: run.facts.history,
    "purpose": lambda run: run.facts.instructions,
    "tools": lambda run: [f"{tool.name}: {tool.description}" for tool in run.facts.tools],
    "collections": lambda run: [
        f"{one.name}: {one.description}" if one.description else one.name for one in run.facts.collections
    ],
    "passages": lambda run: dict(enumerate(run.retrieved, 1)),
    "kept_passages": lambda run: {n: run.retrieved[n - 1] for n in run.passages.numbers(len(run.retrieved))},
    "cited_passages": lambda run: dict(enumerate(run.quoted, 1)),
    "answer": lambda run: run.answer,
    "unsupported": lambda run: list(run.effects.verdict.unsupported),
    "language": lambda run: run.effects.asked.language,
    "text": lambda run: run.answer,
    "conversation": lambda run: run.facts.to_summarise,
}


def _nothing_to_read(step: Step, inputs: Mapping[str, Any]) -> bool:
    """A step on passages has nothing to do where none were found."""
    return any(name in step.reads and not inputs[name] for name in PASSAGE_INPUTS)
