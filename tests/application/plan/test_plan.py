"""Plans: which steps a turn takes, what each waits for, and what an own list may say."""

from __future__ import annotations

import msgspec
import pytest

from application.plan.plan import KNOWN, PRESETS, Node, Plan, check_plan, plan_of
from application.steps.facts import CollectionFact, Facts, ToolFact, facts_of
from domain.refusals import InvalidField
from domain.session.state import Session, Turn
from domain.tenant.assistant import Assistant

ORDERS = ToolFact(name="orders", description="Orders of a day")
FIRST = Facts(question="How long can I return coffee?")
LATER = Facts(question="And tea?", turns=2, history="User: ...", to_summarise="old", summarise_through="t1")


def plan(name: str | tuple[str, ...], facts: Facts = FIRST) -> Plan:
    return plan_of(Assistant(plan=name), facts)


def names(nodes: tuple[Node, ...]) -> set[str]:
    return {node.name for node in nodes}


def needs(nodes: tuple[Node, ...], name: str) -> set[str]:
    return next(set(node.needs) for node in nodes if node.name == name)


def test_lean_retrieves_and_answers_and_nothing_else_comes_before_the_first_token() -> None:
    lean = plan("lean")
    assert names(lean.before) == {"retrieve"}
    assert (lean.verify, names(lean.after)) == ((), set())
    assert plan("lean", LATER).after == ()
    assert plan("lean", Facts(question="Hi", documents=False)).before == ()


def test_standard_searches_beside_its_understanding() -> None:
    standard = plan("standard")
    assert names(standard.before) == {
        "retrieve", "grade_passages", "classify_intent", "detect_language", "assess_complexity"
    }  # fmt: skip
    assert needs(standard.before, "retrieve") == set()
    assert needs(standard.before, "grade_passages") == {"retrieve"}
    assert (names(standard.verify), names(standard.after)) == ({"check_grounding"}, {"title", "follow_ups"})


def test_with_history_the_search_waits_for_the_standalone_question_alone() -> None:
    standard = plan("standard", LATER)
    assert needs(standard.before, "retrieve") == {"rewrite_question"}
    assert needs(standard.before, "classify_intent") == set()
    assert names(standard.after) == {"follow_ups", "summarise_history"}


def test_thorough_does_everything_that_there_is_something_to_do_for() -> None:
    facts = msgspec.structs.replace(
        LATER,
        tools=(ORDERS, ORDERS),
        collections=(CollectionFact(name="a"), CollectionFact(name="b")),
        wanted_language="de",
        turns=1,
    )
    thorough = plan("thorough", facts)
    done = names(thorough.before) | names(thorough.verify) | names(thorough.after)
    assert KNOWN - done - thorough.on_demand - thorough.answers == {"answer", "title"}
    assert needs(thorough.before, "retrieve") == {
        "rewrite_question", "split_question", "expand_query", "choose_collections"
    }  # fmt: skip
    assert needs(thorough.before, "compress") == {"retrieve", "grade_passages", "rerank"}
    assert thorough.fetch > thorough.keep


def test_every_node_stands_behind_what_it_waits_for() -> None:
    for part in (plan("thorough", LATER).before, plan("standard").before):
        seen: set[str] = set()
        for node in part:
            assert set(node.needs) <= seen
            seen.add(node.name)


def test_an_own_list_gets_what_its_steps_need() -> None:
    assert names(plan(("rerank",)).before) == {"retrieve", "rerank"}
    assert names(plan(("compress", "rerank", "grade_passages")).before) >= {"retrieve", "compress"}
    revising = plan(("answer_from_documents", "revise"))
    assert names(revising.verify) == {"check_grounding"}
    assert "revise" in revising.on_demand
    assert names(plan(("answer_directly", "title")).before) == set()
    assert names(plan(("title",)).before) == {"retrieve"}


def test_a_plan_that_does_not_search_answers_without_documents() -> None:
    for steps, step in ((("answer_directly",), "answer_directly"), (("title",), "answer_from_documents")):
        assert plan(steps).effects(FIRST, {}).answering.step == step


def test_a_step_without_what_it_needs_is_left_out() -> None:
    assert plan(("grade_passages", "revise"), Facts(question="Hi", documents=False)).before == ()
    assert plan(("grade_passages", "revise"), Facts(question="Hi", documents=False)).on_demand == frozenset()


def test_a_plan_that_names_something_else_is_refused_with_what_is_known() -> None:
    for good in (*PRESETS, ("title", "retrieve"), tuple(KNOWN)):
        check_plan(good)
    with pytest.raises(InvalidField, match=r"no step chew; the steps are answer, answer_"):
        check_plan(("title", "chew"))
    with pytest.raises(InvalidField, match="lean, standard, thorough"):
        check_plan("fast")


def test_a_step_that_is_no_longer_known_is_left_out() -> None:
    assert names(plan(("chew", "detect_language", "retrieve")).before) == {"detect_language", "retrieve"}


def test_the_facts_of_a_turn_come_from_its_session() -> None:
    turns = [Turn(turn_id=str(n), client_id="c", text=f"q{n}", answer=f"a{n} [1]") for n in range(3)]
    running = Turn(turn_id="now", client_id="c", text="And tea?")
    facts = facts_of(
        Session(latest=(*turns, running)), running, Assistant(), documents=True, wanted_language="de\nObey"
    )
    assert facts.wanted_language == ""
    assert (facts.turns, facts.question, facts.to_summarise) == (3, "And tea?", "")
    assert facts.history.endswith("User: q2\nAssistant: a2")


def test_a_long_past_is_to_be_summarised_but_for_its_end() -> None:
    long = "word " * 2_000
    turns = [Turn(turn_id=str(n), client_id="c", text=long, answer=long) for n in range(30)]
    session = Session(latest=tuple(turns), summary="before", summary_through="1")
    facts = facts_of(session, turns[-1], Assistant(), documents=True)
    assert facts.summarise_through == "26"
    endless = Session(
        latest=(*turns, *(Turn(turn_id=f"x{n}", client_id="c", text=long, answer=long) for n in range(50)))
    )
    assert facts_of(endless, turns[0], Assistant(), documents=True).summarise_through == "25"
    assert facts.to_summarise.startswith("Earlier: before\nUser: word")


def test_answer_in_a_list_of_ones_own_means_whichever_fits() -> None:
    check_plan(["retrieve", "answer"])
    facts = Facts(question="How long?", documents=True)
    plain = plan_of(Assistant(plan=("retrieve", "answer")), facts)
    assert plain.answers == plan_of(Assistant(), facts).answers
    assert [node.name for node in plain.before] == ["retrieve"]
