"""Which steps a turn takes and what each waits for: from the assistant's plan and the facts of the turn."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from graphlib import TopologicalSorter

import msgspec

from application.plan.effects import Effects
from application.steps.answer import PROPER
from application.steps.catalogue import STEPS
from application.steps.facts import Facts
from domain.refusals import InvalidField
from domain.tenant.assistant import Assistant

RETRIEVE = "retrieve"  # a search: the one thing in a plan that is no step for a model
ANSWER = "answer"  # in a list of a tenant's own: whichever answer fits the question
KNOWN = frozenset(STEPS) | {RETRIEVE, ANSWER}
SEARCH_FOLLOWS = ("rewrite_question", "split_question", "expand_query", "choose_collections")
LEAN = ("retrieve", *sorted(PROPER), "call_tools")
STANDARD = (
    *LEAN,
    *("rewrite_question", "classify_intent", "detect_language", "assess_complexity"),
    *("grade_passages", "ask_back", "decline", "repair_tool_input", "check_grounding"),
    *("title", "follow_ups", "summarise_history"),
)
THOROUGH = (
    *STANDARD,
    *("screen_input", "split_question", "expand_query", "choose_collections", "choose_tools", "rerank", "compress"),
    *("summarise_tool_result", "revise", "screen_output", "translate"),
)
PRESETS = {"lean": LEAN, "standard": STANDARD, "thorough": THOROUGH}
PASSAGES = 6
PASSAGES_TO_CHOOSE_FROM = 12
BEFORE, AFTER_ANSWER, AFTER_TURN = ("understand", "retrieve", "act"), ("verify",), ("after",)


class Node(msgspec.Struct, frozen=True):
    """A step of a plan and the steps it waits for."""

    name: str
    needs: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a turn, each part a graph in an order that can be run: `before` the answer, `verify` when it has
    streamed, `after` the turn. `answers` and `on_demand` are what the turn itself may ask when it comes to that.
    `fetch` passages are searched for, `keep` go into the prompt."""

    name: str
    before: tuple[Node, ...] = ()
    answers: frozenset[str] = PROPER
    verify: tuple[Node, ...] = ()
    after: tuple[Node, ...] = ()
    on_demand: frozenset[str] = frozenset()
    fetch: int = PASSAGES
    keep: int = PASSAGES

    def effects(self, facts: Facts, results: dict[str, object]) -> Effects:
        """What the results so far change; the view follows `results` as they grow. A plan that does not search
        answers as though there were no documents."""
        if facts.documents and not any(node.name == RETRIEVE for node in self.before):
            facts = msgspec.structs.replace(facts, documents=False)
        return Effects(facts, results, self.keep, self.answers, self.name == "lean")


def check_plan(plan: str | Iterable[str]) -> None:
    """InvalidField, with the list of what is known, when a plan names something else."""
    if isinstance(plan, str):
        if plan not in PRESETS:
            raise InvalidField(f"plan: {', '.join(PRESETS)} or a list of steps")
        return
    if unknown := sorted(set(plan) - KNOWN):
        raise InvalidField(f"plan: there is no step {', '.join(unknown)}; the steps are {', '.join(sorted(KNOWN))}")


def plan_of(assistant: Assistant, facts: Facts) -> Plan:
    """The plan of a turn: its steps with what they need, without those that have nothing to do. Steps that are no
    longer known are left out, for a plan was checked when it was put and the catalogue may have changed since."""
    own = not isinstance(assistant.plan, str)
    name = assistant.plan if isinstance(assistant.plan, str) and assistant.plan in PRESETS else "lean"
    wanted = set(assistant.plan if own else PRESETS[name]) & KNOWN
    if ANSWER in wanted:
        wanted = wanted - {ANSWER} | PROPER
    if own and not wanted & (PROPER | {RETRIEVE}):
        wanted.add(RETRIEVE)
    wanted.add("call_tools")  # an assistant's tools are its own, whatever its plan
    names = _possible(_with_needs(wanted), facts)
    return Plan(
        name="own" if own else name,
        before=_graph(names, BEFORE),
        answers=frozenset(PROPER | {n for n in names if n in STEPS and STEPS[n].stage == "answer"}),
        verify=_graph(names, AFTER_ANSWER),
        after=_graph(names, AFTER_TURN),
        on_demand=frozenset(n for n in names if n in STEPS and STEPS[n].on_demand),
        fetch=PASSAGES_TO_CHOOSE_FROM if "rerank" in names else PASSAGES,
    )


def _needs(name: str) -> tuple[str, ...]:
    return () if name == RETRIEVE else STEPS[name].needs


def _with_needs(wanted: Collection[str]) -> set[str]:
    found: set[str] = set()
    open_ = list(wanted)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += [*_needs(name), *([RETRIEVE] if name == "answer_from_documents" else [])]
    return found


def _possible(names: set[str], facts: Facts) -> frozenset[str]:
    """Those that have something to do, and whose needs have too."""

    def can(name: str) -> bool:
        if name == RETRIEVE:
            return facts.documents
        when = STEPS[name].when
        return (when is None or when(facts)) and all(can(need) for need in STEPS[name].needs)

    return frozenset(name for name in names if can(name))


@lru_cache(maxsize=512)  # few plans, many turns
def _graph(names: frozenset[str], stages: tuple[str, ...]) -> tuple[Node, ...]:
    here = {n for n in names if (n == RETRIEVE and "retrieve" in stages) or (n in STEPS and _is_run(n, stages))}
    edges = {
        name: [n for n in (SEARCH_FOLLOWS if name == RETRIEVE else (*_needs(name), *STEPS[name].follows)) if n in here]
        for name in sorted(here)
    }
    return tuple(Node(name, tuple(edges[name])) for name in TopologicalSorter(edges).static_order())


def _is_run(name: str, stages: Collection[str]) -> bool:
    return STEPS[name].stage in stages and not STEPS[name].on_demand
