"""A turn from its question to its end, on fakes: caches, private values, tools, plans, and what follows an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from application.clock import new_id
from application.ports.models.model import FailureKind, ModelFailure, ToolResult, ToolUse
from application.ports.tools.webhooks import WebhookAnswer
from application.sessions import feed_frames as f
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.give_feedback import GiveFeedbackHandler
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import AssistantNotFound
from domain.session import events as e
from domain.session.commands import GiveFeedback
from domain.tenant.assistant import Assistant, CachePolicy
from domain.tenant.tool import Tool, Webhook
from tests.application.turns.harness import frames_of, house, member, said
from tests.fakes.nothing_private import NamedWords
from tests.fakes.scripted_model import Reply
from tests.fakes.scripted_webhooks import ScriptedWebhooks

ASK = "How long may coffee be returned?"
SIMPLE = Reply(('{"level": "simple"}',))
JUDGING = Assistant(plan=("assess_complexity", "answer_from_documents"), cache=CachePolicy(semantic=False))
ANSWER = Reply(("Within 30 days ", "of sale [1]."))
MAIL = Tool(
    description="Send a mail", effects=True, webhook=Webhook(url="https://example.com/mail"),
    input_schema={"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
)  # fmt: skip


async def test_an_answer_streams_with_its_citation_and_is_whole() -> None:
    async with house(ANSWER) as ours:
        live = await ours.open()
        turn = await ours.ask(live, ASK)
        assert turn.status == "completed" and turn.answer == said(live) == "Within 30 days of sale [1]."
        assert [c.document_id for c in turn.citations] == ["d1"]
        assert len(frames_of(live, f.Completed, f.Failed)) == 1


async def test_the_same_question_again_is_answered_by_nobody() -> None:
    async with house(ANSWER) as ours:
        first, other = await ours.open(), await ours.open("bob")
        made = await ours.ask(first, ASK)
        kept = await ours.ask(other, ASK)
        assert (kept.answer, kept.cached, kept.citations) == (made.answer, "exact", made.citations)
        assert len(ours.model.calls) == 1 and kept.cost_usd == 0
        (hit,) = await ours.facts(other, e.CacheHit)
        assert isinstance(hit, e.CacheHit) and hit.saved_usd == made.cost_usd and hit.source_turn == made.turn_id
        assert said(other) == made.answer and frames_of(other, f.ServedFromCache)


async def test_bypass_neither_reads_nor_writes_nor_counts() -> None:
    async with house(ANSWER) as ours:
        live = await ours.open()
        await ours.ask(live, ASK, use_cache=False)
        assert not ours.exact.entries and not await ours.facts(live, e.CacheMissed)
        await ours.ask(await ours.open(), ASK)
        await ours.ask(await ours.open(), ASK, use_cache=False)
        assert len(ours.model.calls) == 3


async def test_in_another_context_the_same_words_are_another_question() -> None:
    async with house(ANSWER) as ours:
        live = await ours.open()
        await ours.ask(live, "Do you sell kettles?")
        await ours.ask(live, ASK)
        assert (await ours.ask(await ours.open("bob"), ASK)).cached == ""


async def test_equal_questions_at_once_make_one_call() -> None:
    gate = asyncio.Event()
    async with house(Reply(ANSWER.parts, gate=gate)) as ours:
        sessions = [await ours.open(f"user-{n}") for n in range(8)]
        asking = [asyncio.create_task(ours.ask(live, ASK)) for live in sessions]
        async with asyncio.timeout(10):
            await asyncio.gather(*(live.feed.news(live.feed.seq) for live in sessions))
        gate.set()
        turns = await asyncio.gather(*asking)
        assert {turn.answer for turn in turns} == {"Within 30 days of sale [1]."}
        assert len(ours.model.calls) == 1
        assert sorted(turn.cached for turn in turns) == ["", *["exact"] * 7]


async def test_whoever_cancels_while_waiting_for_an_equal_question_hears_no_more() -> None:
    gate = asyncio.Event()
    async with house(Reply(ANSWER.parts, gate=gate)) as ours:
        first, second = await ours.open(), await ours.open("bob")
        asking = [asyncio.create_task(ours.ask(live, ASK)) for live in (first, second)]
        async with asyncio.timeout(10):
            while second.run is None:
                await second.feed.news(second.feed.seq)
        await CancelTurnHandler()(second, second.run.turn_id)
        gate.set()
        one, two = await asyncio.gather(*asking)
        assert (one.status, two.status) == ("completed", "cancelled")
        kinds = [type(frame) for frame in frames_of(second)]
        assert kinds[-1] is f.Completed and f.Delta not in kinds
        assert not await ours.facts(second, e.CacheHit)


async def test_whoever_cancels_during_a_tool_hears_no_more_and_no_model_is_asked_again() -> None:
    use = ToolUse("t1", "mail", '{"to": "bob"}')
    async with house(Reply((use,)), Reply(("Sent.",)), assistant=with_mail()) as ours:
        ours.tenant.tools["mail"] = MAIL
        live = await ours.open()

        class Slow(ScriptedWebhooks):
            async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
                assert live.run is not None
                await CancelTurnHandler()(live, live.run.turn_id)
                return await super().post(url, body, headers)

        ours.webhooks.__class__ = Slow
        turn = await ours.ask(live, "Mail bob the rules")
        assert turn.status == "cancelled" and len(ours.model.calls) == 1
        assert [type(frame) for frame in frames_of(live)][-1] is f.Completed
        called = await ours.facts(live, e.ToolCalled)
        assert [fact.status for fact in called] == ["started", "completed"]


async def test_thumbs_down_takes_an_answer_out_of_the_caches() -> None:
    async with house(ANSWER) as ours:
        first, second = await ours.open(), await ours.open("bob")
        await ours.ask(first, ASK)
        repeated = await ours.ask(second, ASK)
        command = GiveFeedback(turn_id=repeated.turn_id, rating="down")
        await GiveFeedbackHandler(ours.turns.cache)(member("bob"), second, command)
        assert (await ours.ask(await ours.open("eve"), ASK)).cached == ""


async def test_private_values_stay_here_and_are_never_kept() -> None:
    detector = NamedWords(email="ada@example.com")
    async with house(Reply(("Mail to [EMAIL_1] was ", "found.")), detector=detector) as ours:
        live = await ours.open()
        turn = await ours.ask(live, "Was there mail to ada@example.com?")
        assert turn.answer == "Mail to ada@example.com was found."
        assert "ada@" not in str(ours.model.calls) and "ada@" not in str(ours.embedder.texts)
        assert [x.kinds for x in await ours.facts(live, e.PiiRedacted)] == [{"email": 1}]
        assert frames_of(live, f.Redacted) and not ours.exact.entries


async def test_a_kind_that_is_blocked_ends_the_turn_before_any_call() -> None:
    assistant = Assistant(pii={"email": "block"})
    async with house(ANSWER, assistant=assistant, detector=NamedWords(email="ada@example.com")) as ours:
        live = await ours.open()
        turn = await ours.ask(live, "Was there mail to ada@example.com?")
        assert (turn.status, turn.error_code) == ("failed", "pii_blocked")
        assert not ours.model.calls and not ours.embedder.texts and "ada@" not in turn.error_message


async def test_a_name_in_a_document_does_not_keep_its_answer_out_of_the_cache() -> None:
    async with house(ANSWER, detector=NamedWords(organisation="Kettles"), assistant=hiding("organisation")) as ours:
        await ours.ask(await ours.open(), ASK)
        assert "Kettles" not in str(ours.model.calls[0].messages)
        assert (await ours.ask(await ours.open("bob"), ASK)).cached == "exact"


async def test_what_follows_a_private_value_in_a_conversation_is_not_kept_either() -> None:
    async with house(ANSWER, detector=NamedWords(email="ada@example.com")) as ours:
        live = await ours.open()
        await ours.ask(live, "I am ada@example.com")
        await ours.ask(live, ASK)
        assert not ours.exact.entries


async def test_a_tool_runs_once_and_its_result_is_answered_from() -> None:
    use = ToolUse("t1", "mail", '{"to": "bob"}')
    async with house(Reply(("I will send it.", use)), Reply(("It is sent.",)), assistant=with_mail()) as ours:
        ours.tenant.tools["mail"] = MAIL
        live = await ours.open()
        turn = await ours.ask(live, "Mail bob the rules")
        assert turn.answer == said(live) == "I will send it.\n\nIt is sent."
        called = await ours.facts(live, e.ToolCalled)
        assert [fact.status for fact in called] == ["started", "completed"]
        assert [frame.status for frame in frames_of(live, f.ToolCall)] == ["started", "completed"]
        assert isinstance(ours.model.calls[1].messages[-1].content[0], ToolResult)
        assert not ours.exact.entries


async def test_a_tool_error_goes_to_the_model_and_not_to_the_user() -> None:
    use = ToolUse("t1", "mail", '{"whom": 3}')
    async with house(Reply((use,)), Reply(("That did not work.",)), assistant=with_mail()) as ours:
        ours.tenant.tools["mail"] = MAIL
        turn = await ours.ask(await ours.open(), "Mail bob the rules")
        assert turn.answer == "That did not work."
        [result] = ours.model.calls[1].messages[-1].content
        assert isinstance(result, ToolResult) and result.failed


async def test_a_failure_after_a_tool_runs_keeps_what_was_said_and_runs_nothing_again() -> None:
    use = ToolUse("t1", "mail", '{"to": "bob"}')
    broken = Reply(("It is ",), ModelFailure(FailureKind.CUT, "cut", started=True))
    async with house(Reply(("I will send it.", use)), broken, Reply((" sent.",)), assistant=with_mail()) as ours:
        ours.tenant.tools["mail"] = MAIL
        live = await ours.open()
        turn = await ours.ask(live, "Mail bob the rules")
        assert turn.answer == said(live) == "I will send it.\n\nIt is sent."
        assert len(ours.webhooks.sent) == 1
        assert [frame.at_char for frame in frames_of(live, f.FailedOver)] == [len("I will send it.\n\nIt is ")]


async def test_a_turn_that_fails_keeps_what_was_said_and_owes_nothing() -> None:
    cut = ModelFailure(FailureKind.CUT, "cut", started=True)
    gone = ModelFailure(FailureKind.UNAVAILABLE, "gone", code="ServiceUnavailableException", refused=True)
    async with house(Reply(("Within ",), cut), Reply((), gone)) as ours:
        live = await ours.open()
        turn = await ours.ask(live, ASK)
        assert (turn.status, turn.answer, turn.error_code) == ("failed", "Within ", "model_unavailable")
        assert not live.state.open_calls
        started = {fact.call_id for fact in await ours.facts(live, ModelCallStarted)}
        settled = [fact.call_id for fact in await ours.facts(live, TokensUsed)]
        assert started == set(settled) and len(settled) == len(started)


async def test_steps_after_the_answer_come_after_the_end_and_change_the_session() -> None:
    title = Reply(('{"title": "Returning coffee"}',))
    assistant = Assistant(plan=("answer_from_documents", "title"))
    async with house(ANSWER, title, assistant=assistant) as ours:
        live = await ours.open()
        turn = await ours.ask(live, ASK)
        assert live.state.title == "Returning coffee" and turn.status == "completed"
        kinds = [type(fact) for fact in await ours.facts(live)]
        assert kinds.index(e.TurnCompleted) < len(kinds) - 1 - kinds[::-1].index(ModelCallStarted)
        assert not live.state.open_calls


async def test_a_step_whose_model_fails_has_its_default_and_the_turn_goes_on() -> None:
    gone = ModelFailure(FailureKind.INVALID_REQUEST, "no", code="ValidationException", refused=True)
    assistant = Assistant(plan=("assess_complexity", "answer_from_documents"))
    async with house(Reply((), gone), ANSWER, assistant=assistant) as ours:
        live = await ours.open()
        turn = await ours.ask(live, ASK)
        assert turn.status == "completed"
        runs = [fact for fact in await ours.facts(live, e.StepRun) if fact.safe_default]
        assert [run.step for run in runs] == ["assess_complexity"]


async def test_a_question_is_understood_once_although_its_answer_is_made_anew() -> None:
    async with house(SIMPLE, ANSWER, assistant=JUDGING) as ours:
        await ours.ask(await ours.open(), ASK)
        ours.exact.entries.clear()
        live = await ours.open("bob")
        turn = await ours.ask(live, ASK)
        assert turn.answer == "Within 30 days of sale [1]." and len(ours.model.calls) == 3
        judged, _ = await ours.facts(live, e.StepRun)
        assert isinstance(judged, e.StepRun) and (judged.reason, judged.safe_default) == ("kept", False)
        started = [fact.step for fact in await ours.facts(live, ModelCallStarted)]
        assert "assess_complexity" not in started, "nothing is paid for it"


@pytest.mark.parametrize("spoiled", ["bypassed", "erased", "away", "garbled"])
async def test_a_step_is_asked_again_where_its_reply_may_not_be_used(spoiled: str) -> None:
    async with house(SIMPLE, ANSWER, SIMPLE, ANSWER, assistant=JUDGING) as ours:
        live = await ours.open()
        await ours.ask(live, ASK)
        ours.exact.entries.clear()
        ours.replies.away = spoiled == "away"
        if spoiled == "erased":
            ours.sealer.shredded.add(str(live.id))
        if spoiled == "garbled":
            ours.replies.entries = {k: replace(v, sealed=b"?" * 40) for k, v in ours.replies.entries.items()}
        await ours.ask(await ours.open("bob"), ASK, use_cache=spoiled != "bypassed")
        assert len(ours.model.calls) == 4


@pytest.mark.parametrize("judgement", ['{"level": "no such level"}', "I would say: simple."])
async def test_a_reply_that_does_not_fit_is_not_kept(judgement: str) -> None:
    async with house(Reply((judgement,)), SIMPLE, ANSWER, assistant=JUDGING) as ours:
        await ours.ask(await ours.open(), ASK)
        assert len(ours.model.calls) == 3 and len(ours.replies.entries) == 1


async def test_no_reply_to_private_values_is_kept() -> None:
    detector = NamedWords(email="ada@example.com")
    async with house(SIMPLE, ANSWER, assistant=JUDGING, detector=detector) as ours:
        await ours.ask(await ours.open(), "What did ada@example.com return?")
        assert len(ours.model.calls) == 2 and not ours.replies.entries


async def test_an_assistant_without_caches_keeps_nothing() -> None:
    async with house(ANSWER, assistant=Assistant(cache=CachePolicy(exact=False, semantic=False))) as ours:
        await ours.ask(await ours.open(), ASK)
        await ours.ask(await ours.open(), ASK)
        assert len(ours.model.calls) == 2 and not ours.exact.entries


async def test_a_truncated_answer_is_said_to_be_and_not_kept() -> None:
    async with house(Reply(("Within 30",), stop_reason="length")) as ours:
        live = await ours.open()
        await ours.ask(live, ASK)
        (done,) = await ours.facts(live, e.TurnCompleted)
        assert isinstance(done, e.TurnCompleted) and done.finish == "length" and not ours.exact.entries


async def test_a_repeated_id_is_one_turn() -> None:
    async with house(ANSWER) as ours:
        live = await ours.open()
        name = new_id()
        one = await ours.ask(live, ASK, client_id=name)
        two, new = await ours.create(member(), live, client_id=name, text=ASK)
        assert not new and two.turn_id == one.turn_id


def hiding(kind: str) -> Assistant:
    """An assistant that keeps one more kind from its models."""
    return Assistant(pii={kind: "placeholder"})


def with_mail() -> Assistant:
    """An assistant that has the tool and no documents."""
    return Assistant(tools=("mail",), documents=False)


async def test_a_session_asks_no_more_of_an_assistant_that_is_not_for_its_user_any_more() -> None:
    async with house() as ours:
        live = await ours.open()
        assert (await ours.ask(live, "How long may coffee be returned?")).status == "completed"
        ours.tenant.assistants["default"] = Assistant(groups=("sales",))
        with pytest.raises(AssistantNotFound):
            await ours.ask(live, "And kettles?")
        assert len(ours.model.calls) == 1 and live.state.running is None
        assert (await ours.facts(live, e.TurnStarted))[1:] == []
