"""Running a plan: side by side, in the order of its needs, within its time, and not twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from application.plan.effects import Effects
from application.plan.plan import plan_of
from application.plan.run_plan import PlanRun
from application.steps.after import HistorySummary, facts_after
from application.steps.facts import Facts
from domain.refusals import DependencyUnavailable
from domain.session.events import HistorySummarised, Passage, SessionRenamed
from domain.tenant.assistant import Assistant
from tests.application.plan.test_effects import passage
from tests.fakes.scripted_steps import Noted, ScriptedSteps

PASSAGES = (passage(1, "Coffee may be returned."), passage(2, "Tea is green."))


@dataclass
class Searches:
    """A search that remembers what it was asked, and can wait or fail."""

    found: Sequence[Passage] = PASSAGES
    gate: asyncio.Event | None = None
    failure: Exception | None = None
    queries: list[tuple[str, ...]] = field(default_factory=list)

    async def __call__(self, effects: Effects) -> Sequence[Passage]:
        self.queries.append(effects.asked.search_queries)
        if self.gate:
            await self.gate.wait()
        if self.failure:
            raise self.failure
        return self.found


@dataclass
class Watch:
    """A watcher that can wait for a step's end."""

    ended: dict[str, asyncio.Event] = field(default_factory=dict)

    def __call__(self, step: str, status: str, model: str, reason: str, ms: int) -> None:
        if status == "finished":
            self.ended.setdefault(step, asyncio.Event()).set()

    async def end_of(self, step: str) -> None:
        await self.ended.setdefault(step, asyncio.Event()).wait()


def run_of(plan: Any, model: ScriptedSteps, *, search: Searches | None = None, turns: int = 0, **more: Any) -> PlanRun:
    facts = Facts(question="How long?", turns=turns, history="User: Coffee?" if turns else "")
    plan = plan_of(Assistant(plan=plan), facts)
    return PlanRun(plan, facts, model, more.pop("notes", Noted()), "t", search or Searches(), **more)


def opened() -> asyncio.Event:
    return asyncio.Event()


async def test_what_does_not_depend_on_each_other_runs_at_the_same_time() -> None:
    names = ("classify_intent", "detect_language", "assess_complexity", "grade_passages")
    gates = {name: opened() for name in names}
    model, search = ScriptedSteps(gates=gates), Searches(gate=opened())
    run = run_of("standard", model, search=search)
    task = asyncio.create_task(run.before())
    await model.until("classify_intent", "detect_language", "assess_complexity")
    assert search.queries == [("How long?",)]
    assert search.gate
    search.gate.set()
    await model.until(*names)
    for gate in gates.values():
        gate.set()
    await task


async def test_a_step_waits_for_what_it_needs_and_for_nothing_else() -> None:
    gates = {"rewrite_question": opened(), "classify_intent": opened()}
    rewritten = {"rewrite_question": ['{"question": "How long for coffee?"}'], "grade_passages": ['{"drop": [2]}']}
    model, search = ScriptedSteps(rewritten, gates), Searches()
    watch = Watch()
    run = run_of("standard", model, search=search, turns=1, show=watch)
    task = asyncio.create_task(run.before())
    await model.until("rewrite_question", "classify_intent")
    assert search.queries == []
    gates["rewrite_question"].set()
    await watch.end_of("grade_passages")  # the rest of the chain passes by the step that is still held
    assert model.running == {"classify_intent"}
    gates["classify_intent"].set()
    effects = await task
    assert search.queries == [("How long for coffee?",)]
    assert effects.passages.whole(run.retrieved) == PASSAGES[:1]
    asked = next(ask for ask in model.asks if ask.step == "grade_passages").messages[0].text
    assert "[1] T1\nCoffee may be returned." in asked
    assert "How long for coffee?" in asked


async def test_lean_asks_no_model_before_its_answer() -> None:
    model, noted = ScriptedSteps(), Noted()
    run = run_of("lean", model, notes=noted)
    effects = await run.before()
    assert (model.asks, noted.events) == ([], [])
    assert effects.passages.whole(run.retrieved) == PASSAGES


async def test_results_that_are_stored_are_not_asked_for_again() -> None:
    known = {
        "classify_intent": '{"intent":"off_topic"}',
        "detect_language": "of another shape",
        "grade_passages": '{"drop":[1]}',
        "answer": "",
    }
    model = ScriptedSteps()
    run = run_of("standard", model, known=known)
    effects = await run.before()
    assert {ask.step for ask in model.asks} & set(known) <= {"detect_language"}
    assert effects.answering.step == "decline"


async def test_when_it_is_declined_nothing_more_is_begun() -> None:
    model = ScriptedSteps({"classify_intent": ['{"intent": "off_topic"}']})
    search, watch = Searches(gate=opened()), Watch()
    run = run_of("standard", model, search=search, show=watch)
    task = asyncio.create_task(run.before())
    await watch.end_of("classify_intent")
    assert search.gate
    search.gate.set()
    effects = await task
    assert effects.answering.settled
    assert "grade_passages" not in {ask.step for ask in model.asks}
    await run.verify("No.")
    assert "check_grounding" not in {ask.step for ask in model.asks}


async def test_steps_that_have_no_time_left_stand_in_by_their_defaults() -> None:
    model, noted = ScriptedSteps(), Noted()
    run = run_of("standard", model, notes=noted)
    effects = await run.before(deadline_s=0.0)
    assert model.asks == []
    assert all(done.safe_default for done in noted.runs.values())
    assert effects.passages.whole(run.retrieved) == PASSAGES


async def test_what_the_search_raises_is_raised_and_the_others_are_stopped() -> None:
    model = ScriptedSteps(gates={"classify_intent": opened()})
    run = run_of("standard", model, search=Searches(failure=DependencyUnavailable()))
    with pytest.raises(DependencyUnavailable):
        await run.before()
    assert model.running == set()


async def test_a_cancelled_turn_leaves_no_step_running() -> None:
    model = ScriptedSteps(gates={"classify_intent": opened(), "grade_passages": opened()})
    task = asyncio.create_task(run_of(("classify_intent", "grade_passages"), model).before())
    await model.until("classify_intent", "grade_passages")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert model.running == set()


async def test_without_passages_there_is_nothing_to_grade() -> None:
    model = ScriptedSteps()
    await run_of(("grade_passages", "rerank", "compress"), model, search=Searches(found=())).before()
    assert model.asks == []


async def test_the_answer_is_checked_against_the_passages_by_the_numbers_it_cites() -> None:
    model = ScriptedSteps(
        {"grade_passages": ['{"drop": [1]}'], "check_grounding": ['{"grounded": false, "unsupported": ["x"]}']}
    )
    run = run_of("standard", model)
    await run.before()
    effects = await run.verify("Tea is green [1].")
    asked = next(ask for ask in model.asks if ask.step == "check_grounding").messages[0].text
    assert "[1] T2\nTea is green." in asked
    assert "Coffee" not in asked
    assert (effects.verdict.must_revise, effects.verdict.unsupported) == (True, ("x",))
    revising = run.prose("revise").messages[0].text
    assert "<unsupported>\n- x\n</unsupported>" in revising
    assert "[1] T2\nTea is green." in revising


async def test_after_the_turn_nothing_is_shown_and_the_results_are_handed_back() -> None:
    shown: list[str] = []
    model = ScriptedSteps({"title": ['{"title": "Tea"}'], "follow_ups": [TimeoutError()]})
    run = run_of("standard", model, show=lambda step, *_: shown.append(step))
    await run.before()
    shown.clear()
    done = await run.after("Tea is green.")
    assert (done["title"].title, done["follow_ups"].questions, shown) == ("Tea", [], [])
    assert facts_after(done, run.facts) == [SessionRenamed(title="Tea")]


def test_a_summary_stands_for_the_turns_it_was_made_of() -> None:
    facts = Facts(question="x", to_summarise="old", summarise_through="t7")
    summarised = {"summarise_history": HistorySummary(" They want tea. "), "title": None}
    assert facts_after(summarised, facts) == [HistorySummarised(through_turn="t7", summary="They want tea.")]
    assert facts_after({"summarise_history": None}, facts) == []


async def test_a_step_on_demand_gets_what_the_turn_gives_it() -> None:
    model = ScriptedSteps({"repair_tool_input": ['{"possible": true, "input": {"day": 1}}']})
    run = run_of("standard", model)
    fixed = await run.ask("repair_tool_input", {"tool": "orders", "input": "{}", "error": "day is missing"})
    assert (fixed.possible, fixed.input) == (True, {"day": 1})
    assert "<error>\nday is missing" in model.asks[0].messages[0].text
