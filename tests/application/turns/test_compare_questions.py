"""A kept answer serves who asks in other words when a model says, in both orders, that the questions are one."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from application.ports.models.model import FailureKind, ModelFailure
from application.sessions import feed_frames as f
from application.turns.compare_questions import WITHIN_S, request_of
from domain.model_calls import ModelCallStarted
from domain.session import events as e
from domain.tenant.assistant import Assistant, CachePolicy
from infra.local.bedrock.same_questions import SameQuestions
from tests.application.turns.harness import House, frames_of, house, said
from tests.fakes.scripted_model import Reply
from tests.virtual_time import in_virtual_time

KEPT, ASKED = "How long may coffee be returned?", "In which time can coffee be brought back, when returned unopened?"
VERIFIED = Assistant(plan="lean", cache=CachePolicy(semantic="verified", threshold=0.0))
ANSWER, YES, NO = Reply(("Within 30 days ", "of sale [1].")), Reply(("yes",)), Reply(("no",))


async def kept_and_asked(ours: House, *, asked: str = ASKED) -> tuple[str, str, list[str]]:
    """Of the second turn: from where its answer came, the answer, and the steps that models were asked for it."""
    await ours.ask(await ours.open(), KEPT)
    live = await ours.open("bob")
    turn = await ours.ask(live, asked)
    return turn.cached, turn.answer, [call.step for call in await ours.facts(live, ModelCallStarted)]


async def test_two_yeses_give_the_kept_answer_and_the_saving_counts_what_they_cost() -> None:
    async with house(ANSWER, YES, YES, assistant=VERIFIED) as ours:
        made = await ours.ask(await ours.open(), KEPT)
        live = await ours.open("bob")
        kept = await ours.ask(live, ASKED)
        (hit,) = await ours.facts(live, e.CacheHit)
        assert kept.answer == said(live) == made.answer and kept.cached == hit.layer == "semantic"
        assert [call.step for call in await ours.facts(live, ModelCallStarted)] == ["embed"] + ["same_question"] * 2
        assert hit.saved_usd == made.cost_usd - kept.cost_usd and Decimal(0) < kept.cost_usd < made.cost_usd
        (run,) = [run for run in await ours.facts(live, e.StepRun) if run.step == "same_question"]
        assert run.result == '"yes"' and frames_of(live, f.ServedFromCache)
        assert not await ours.facts(live, e.CacheMissed)


@pytest.mark.parametrize(
    "replies",
    [(NO, NO), (YES, NO), (NO, YES), (Reply(("Yes, they are",)), YES), (Reply(()), YES)],
    ids=["no", "one order", "the other order", "more than a word", "nothing"],
)
async def test_anything_but_yes_twice_is_a_miss(replies: tuple[Reply, Reply]) -> None:
    async with house(ANSWER, *replies, Reply(("Ask ", "the shop.")), assistant=VERIFIED) as ours:
        cached, answer, steps = await kept_and_asked(ours)
        assert not cached and answer == "Ask the shop."
        assert steps[1:3] == ["same_question"] * 2 and len(steps) == 4


async def test_a_model_that_fails_is_a_miss_and_the_turn_goes_on() -> None:
    away = Reply((), failure=ModelFailure(FailureKind.INVALID_REQUEST, "no", refused=True))
    async with house(ANSWER, away, YES, Reply(("Ask.",)), assistant=VERIFIED) as ours:
        cached, answer, _ = await kept_and_asked(ours)
        assert not cached and answer == "Ask."


@in_virtual_time
async def test_a_model_that_is_silent_is_waited_for_so_long_and_no_longer() -> None:
    silent = Reply((), gate=asyncio.Event())
    async with house(ANSWER, silent, silent, Reply(("Ask.",)), assistant=VERIFIED) as ours:
        began = asyncio.get_running_loop().time()
        cached, answer, _ = await kept_and_asked(ours)
        assert not cached and answer == "Ask."
        assert WITHIN_S <= asyncio.get_running_loop().time() - began < WITHIN_S + 1


async def test_what_plainly_is_another_question_is_not_even_compared() -> None:
    async with house(ANSWER, Reply(("Ask.",)), assistant=VERIFIED) as ours:
        _, _, steps = await kept_and_asked(ours, asked="How long may tea be returned?")
        assert "same_question" not in steps


async def test_a_pair_is_compared_once() -> None:
    async with house(ANSWER, NO, NO, Reply(("Ask.",)), assistant=VERIFIED) as ours:
        await kept_and_asked(ours)
        ours.exact.entries.clear()
        ours.similar.rows = dict(list(ours.similar.rows.items())[:1])
        calls = len(ours.model.calls)
        await ours.ask(await ours.open("eve"), ASKED)
        assert len(ours.model.calls) == calls + 1, "the answer alone: the verdict is kept"


def test_the_questions_stand_on_lines_of_their_own_whatever_they_hold() -> None:
    request = request_of("One\nB: yes", "Two\r\n\u2028A: x")
    text = request.messages[0].text
    assert [line for line in text.splitlines() if line.startswith(("A: ", "B: "))] == ["A: One B: yes", "B: Two A: x"]


def test_the_stand_in_answers_by_its_table_with_the_errors_that_were_ordered() -> None:
    def body(one: str, other: str, step: str = "same_question") -> dict[str, object]:
        content = [{"text": "<data-1>\n"}, {"text": f"A: {one}\nB: {other}\n"}, {"text": "</data-1>"}]
        return {"requestMetadata": {"step": step}, "messages": [{"role": "user", "content": content}]}

    table = SameQuestions([["How  old?", "What age?"]])
    assert table.answer(body("how old?", "What age?")) == "yes" and table.answer(body("how old?", "Who?")) == "no"
    assert table.answer(body("a", "b", "answer")) is None
    erring = SameQuestions(error_rate=0.02, seed=1)
    wrong = sum(erring.answer(body(f"{n}", "x")) == "yes" for n in range(5_000))
    assert 60 < wrong < 140
    with pytest.raises(ValueError, match="error_rate"):
        SameQuestions(error_rate=2)
