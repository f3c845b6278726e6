"""An answer is given again to those alone whom it belongs to, through every layer that keeps or shares answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from application.clock import new_id
from application.ports.models.model import ToolUse
from application.ports.tools.webhooks import WebhookAnswer, WebhookFailed
from application.turns.prepare_turn import data_version
from application.turns.turn_request import TurnRequest
from domain.session import events as e
from domain.session.events import ToolCalled
from domain.tenant.assistant import Assistant, CachePolicy
from domain.tenant.events import DatasetPut
from domain.tenant.state import Tenant
from domain.tenant.tool import Query, Tool, Webhook
from tests.application.turns.harness import TENANT, House, house, member
from tests.fakes.scripted_model import Reply

ASK = "How long may coffee be returned?"
ALIKE = "Please tell me: how long may coffee be returned?"
SCHEMA = {"type": "object", "properties": {}}
BALANCE = Tool(description="Days of leave", input_schema=SCHEMA, webhook=Webhook(url="https://example.com/leave"))
USE = ToolUse("t1", "leave", "{}")
WITH_TOOL = Assistant(tools=("leave",))


def given(ours: House, tool: Tool = BALANCE) -> None:
    ours.tenant.tools["leave"] = tool


async def asked_by(ours: House, user: str, text: str, **fields: Any) -> str:
    """What the second of two users gets: how it is kept, in a session of its own."""
    turn = await ours.ask(await ours.open(user), text, **fields)
    return turn.cached


@pytest.mark.parametrize("question", [ASK, "What is the leave?", "Show the days of leave"])
async def test_what_a_tool_said_for_one_user_is_told_to_no_other(question: str) -> None:
    replies = (Reply((USE,)), Reply(("14 days.",)), Reply((USE,)), Reply(("3 days.",)))
    async with house(*replies, assistant=WITH_TOOL) as ours:
        given(ours)
        assert [await asked_by(ours, user, question) for user in ("ada", "bob")] == ["", ""]
        assert len(ours.webhooks.sent) == 2 and not ours.exact.entries
        assert [sent[2]["x-colloquy-user"] for sent in ours.webhooks.sent] == ["ada", "bob"]


async def test_equal_questions_at_once_share_no_answer_that_is_ones_own() -> None:
    gate = asyncio.Event()
    replies = [Reply((USE,), gate=gate)] * 4 + [Reply((f"{n} days.",)) for n in range(4)]
    async with house(*replies, assistant=WITH_TOOL) as ours:
        given(ours)
        sessions = [await ours.open(f"user-{n}") for n in range(4)]
        asking = [asyncio.create_task(ours.ask(live, ASK)) for live in sessions]
        async with asyncio.timeout(10):
            while len(ours.model.calls) < 4:  # none of them waits for another
                await asyncio.wait(asking, timeout=0.001)
        gate.set()
        turns = await asyncio.gather(*asking)
        assert {turn.answer for turn in turns} == {f"{n} days." for n in range(4)}
        assert [turn.cached for turn in turns] == [""] * 4 and len(ours.webhooks.sent) == 4


async def test_an_offered_tool_that_was_not_called_leaves_the_answer_everybodys() -> None:
    async with house(Reply(("Within 30 days.",)), assistant=WITH_TOOL) as ours:
        given(ours)
        assert [await asked_by(ours, user, ASK) for user in ("ada", "bob")] == ["", "exact"]


@pytest.mark.parametrize("end", [WebhookAnswer("{}", True), WebhookFailed("It is away.", sent=False)])
async def test_a_tool_that_is_neither_personal_nor_live_is_shared_unless_it_failed(end: Any) -> None:
    async with house(Reply((USE,)), Reply(("30 days.",)), Reply(("Later.",)), assistant=WITH_TOOL) as ours:
        given(ours, replace(BALANCE, personal=False, live=False))
        ours.webhooks.answers = [end]
        kept = [await asked_by(ours, user, ASK) for user in ("ada", "bob")]
        assert kept == ["", "exact" if isinstance(end, WebhookAnswer) else ""]


async def test_a_tool_that_there_is_not_leaves_nothing_to_keep() -> None:
    replies = (Reply((ToolUse("t", "nope", "{}"),)), Reply(("I cannot.",)))
    async with house(*replies, assistant=WITH_TOOL) as ours:
        given(ours)
        await asked_by(ours, "ada", ASK)
        assert not ours.exact.entries


@pytest.mark.parametrize("sql", ["SELECT 1 AS n FROM a", "SELECT current_date AS n FROM a"])
async def test_rows_are_everybodys_as_long_as_they_do_not_hang_on_the_clock(sql: str) -> None:
    rows = Tool(description="x", input_schema=SCHEMA, query=Query(dataset="a", sql=sql))
    async with house(Reply((USE,)), Reply(("30 days.",)), Reply(("Anew.",)), assistant=WITH_TOOL) as ours:
        given(ours, rows)
        run = (await ours.turns.prepare(await ours.open(), _asker())).run
        assert run.may_depend.audience == ("tenant" if "current" not in sql else "nobody")
        run.log.note(_called("completed"))
        run.outcome.finish_reason = "stop"
        assert run.outcome.audience == run.may_depend.audience


async def test_a_question_about_oneself_is_kept_for_oneself() -> None:
    async with house(Reply(("You are ada.",)), Reply(("You are bob.",))) as ours:
        assert await asked_by(ours, "ada", "Who am I?") == ""
        assert await asked_by(ours, "bob", "Who am I?") == ""
        assert await asked_by(ours, "ada", "Who am I?") == "exact"
        assert len(ours.model.calls) == 2


@pytest.mark.parametrize(
    "question", ["What is the date today?", "When is my next shift tomorrow?", "Wer hat heute Dienst?"]
)
async def test_a_question_of_the_moment_is_kept_for_nobody(question: str) -> None:
    async with house(Reply(("It is so.",))) as ours:
        assert [await asked_by(ours, user, question) for user in ("ada", "ada", "bob")] == [""] * 3
        assert not ours.exact.entries


@pytest.mark.parametrize("question", ["Who am I?", "What is the date today?"])
async def test_what_goes_on_from_there_belongs_to_no_more_people(question: str) -> None:
    """The same two questions in the same words, with the same answers, by two users."""
    async with house(Reply(("It is so.",))) as ours:
        for user in ("ada", "bob"):
            live = await ours.open(user)
            await ours.ask(live, question)
            assert (await ours.ask(live, ASK)).cached == ""
        facts = await ours.facts(live, e.TurnCompleted)
        assert {fact.audience for fact in facts} == {"user" if "Who" in question else "nobody"}


async def test_the_same_conversation_of_everybodys_questions_is_shared() -> None:
    async with house(Reply(("Within 30 days.",))) as ours:
        for user in ("ada", "bob"):
            live = await ours.open(user)
            cached = [(await ours.ask(live, text)).cached for text in ("Do you sell kettles?", ASK)]
        assert cached == ["exact", "exact"]


async def test_an_answer_in_the_language_that_one_client_wants_is_not_given_to_another() -> None:
    async with house(Reply(("Within 30 days.",)), Reply(("Innerhalb von 30 Tagen.",))) as ours:
        assert await asked_by(ours, "ada", ASK) == ""
        assert await asked_by(ours, "bob", ASK, metadata={"language": "de"}) == ""
        assert await asked_by(ours, "eve", ASK, metadata={"language": "de"}) == "exact"


async def test_what_was_asked_with_a_file_is_the_users_own() -> None:
    async with house(Reply(("Within 30 days.",))) as ours:
        live = await ours.open()
        await ours.ask(live, ASK, attachments=(await ours.files.add("a.txt", b"Ours."),))
        (fact,) = await ours.facts(live, e.TurnCompleted)
        assert fact.audience == "user" and not ours.exact.entries


async def test_replies_of_steps_to_a_question_about_oneself_are_not_kept() -> None:
    judging = Assistant(plan=("assess_complexity", "answer_from_documents"), cache=CachePolicy(semantic=False))
    simple, so = Reply(('{"level": "simple"}',)), Reply(("So.",))
    async with house(simple, so, simple, so, assistant=judging) as ours:
        await ours.ask(await ours.open(), "What is the date today?")
        assert not ours.replies.entries
        await ours.ask(await ours.open(), ASK)
        assert ours.replies.entries


async def test_a_turn_that_was_taken_over_belongs_to_nobody_for_its_course_is_not_known() -> None:
    async with house() as ours:
        run = (await ours.turns.prepare(await ours.open(), _asker(resumed=1))).run
        run.outcome.finish_reason = "stop"
        assert run.outcome.audience == "nobody"


async def test_a_dataset_that_is_put_again_or_another_one_is_another_scope() -> None:
    def of(tool_version: int, dataset: str, version: int) -> str:
        tool = Tool(description="x", input_schema=SCHEMA, query=Query(dataset=dataset, sql="SELECT 1"))
        put = DatasetPut(name=dataset, columns=(), rows=0, version=version)
        state = Tenant(tools={"leave": tool}, tool_versions={"leave": tool_version}, datasets={dataset: put})
        return data_version(state, ("leave",))

    assert len({of(1, "a", 5), of(2, "b", 4), of(2, "b", 5), of(1, "a", 6), of(3, "a", 3)}) == 5


def _asker(resumed: int = 0) -> Any:
    return TurnRequest(turn_id=new_id(), command="c", user=member().user, text=ASK, resumed=resumed)


def _called(status: str) -> ToolCalled:
    return ToolCalled(turn_id=TENANT, key="k", name="leave", input="{}", output="", status=status)
