"""How an answer ends decides what may follow: only a whole one is kept, and only one that wants tools runs them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.http.turn_answers import turn_fields
from application.ports.models.model import StopReason, ToolResult, ToolUse
from application.sessions import feed_frames as f
from application.tools.uses import lawful, same_call
from application.turns.turn_log import owed
from domain.model_calls import ModelCallStarted, settle
from domain.session import events as e
from domain.session.state import Session
from domain.tenant.assistant import Assistant
from domain.tenant.tool import Tool, Webhook
from domain.usage import Usage
from tests.application.turns.harness import frames_of, house
from tests.fakes.scripted_model import Reply

ASK = "How long may coffee be returned?"
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}
REFUND = Tool(
    description="Refunds", effects=True, webhook=Webhook(url="https://example.com/refund"), input_schema=SCHEMA
)
ENDINGS: tuple[StopReason, ...] = ("length", "content_filter", "incomplete")


def refund(id: str = "t1", input: str = '{"id": 7}', name: str = "refund") -> ToolUse:
    return ToolUse(id, name, input)


def with_refund() -> Assistant:
    return Assistant(tools=("refund",), documents=False)


async def ended(ours: Any, live: Any) -> tuple[str, str, str]:
    """How the last turn ended, as its fact, its frame and the reads say it."""
    *_, fact = await ours.facts(live, e.TurnCompleted)
    *_, frame = frames_of(live, f.Completed)
    return fact.finish, frame.finish_reason, turn_fields(live.state.turns[-1])["finish_reason"]


@pytest.mark.parametrize("stop", ENDINGS)
async def test_a_bad_end_is_said_everywhere_and_its_answer_is_kept_nowhere(stop: StopReason) -> None:
    async with house(Reply(("Within 30",), stop_reason=stop), Reply(("Within 30 days.",))) as ours:
        live = await ours.open()
        await ours.ask(live, ASK)
        assert await ended(ours, live) == (stop,) * 3
        assert not ours.exact.entries
        again = await ours.open("bob")
        assert (await ours.ask(again, ASK)).cached == "" and await ended(ours, again) == ("stop",) * 3
        third = await ours.open("eve")
        assert (await ours.ask(third, ASK)).cached == "exact" and await ended(ours, third) == ("stop",) * 3


@pytest.mark.parametrize("parts", [(), ("",), (" \n",)])
async def test_an_answer_that_says_nothing_is_not_whole(parts: tuple[str, ...]) -> None:
    async with house(Reply(parts)) as ours:
        live = await ours.open()
        await ours.ask(live, ASK)
        assert await ended(ours, live) == ("incomplete",) * 3 and not ours.exact.entries


@pytest.mark.parametrize("stop", [*ENDINGS, "stop"])
@pytest.mark.parametrize("input", ["{}", '{"id": 7}', '{"id": '])
async def test_no_tool_runs_after_anything_but_a_call_for_tools(stop: StopReason, input: str) -> None:
    async with house(Reply(("I will. ", refund(input=input)), stop_reason=stop), assistant=with_refund()) as ours:
        ours.tenant.tools["refund"] = REFUND
        live = await ours.open()
        await ours.ask(live, "Refund order 7")
        assert not ours.webhooks.sent and len(ours.model.calls) == 1
        assert await ended(ours, live) == ("incomplete" if stop == "stop" else stop,) * 3
        assert [frame.status for frame in frames_of(live, f.ToolCall)] == ["refused"]


async def test_equal_calls_in_one_answer_run_once_and_each_is_answered() -> None:
    uses = (refund("a"), refund("b", '{ "id" : 7.0 }'), refund("c", '{"id": 8}'))
    async with house(Reply(uses), Reply(("Done.",)), assistant=with_refund()) as ours:
        ours.tenant.tools["refund"] = REFUND
        turn = await ours.ask(await ours.open(), "Refund orders 7 and 8")
        assert turn.answer == "Done."
        assert sorted(body for _, body, _ in ours.webhooks.sent) == [b'{"id":7}', b'{"id":8}']
        told = ours.model.calls[1].messages[-1].content
        assert [block.tool_use_id for block in told if isinstance(block, ToolResult)] == ["a", "b", "c"]


async def test_what_is_said_back_is_lawful_whatever_the_model_made_up() -> None:
    uses = (refund("call/1:x"), refund("t", name="functions.array:0"), refund("t", name=""), refund("t", name="x" * 80))
    async with house(Reply(uses), Reply(("Done.",)), assistant=with_refund()) as ours:
        ours.tenant.tools["refund"] = REFUND
        ours.webhooks.answers = [type(ours.webhooks.answers[0])(" \n", False)]
        await ours.ask(await ours.open(), "Refund order 7")
        asked, told = ours.model.calls[1].messages[-2:]
        said = [block for block in asked.content if isinstance(block, ToolUse)]
        came = [block for block in told.content if isinstance(block, ToolResult)]
        ids = [use.tool_use_id for use in said]
        assert ids == [result.tool_use_id for result in came]
        assert len(set(ids)) == 4 and all(id.replace("_", "").isalnum() and len(id) <= 64 for id in ids)
        assert {use.name for use in said} == {"refund", "unknown_tool"}
        assert "(nothing)" in str(came[0].content)


def test_ids_that_clash_with_those_made_up_for_others_are_kept_apart() -> None:
    found = [
        use.tool_use_id for use in lawful([refund("call_2"), refund("call_2"), refund("call_3"), refund("")], set())
    ]
    assert len(set(found)) == 4 and found[0] == "call_2"


def test_calls_are_the_same_by_what_they_would_do() -> None:
    one = same_call(refund(input='{"a": 1, "b": [2.0]}'))
    assert one == same_call(refund("other", '{"b":[2],"a":1}'))
    different = ('{"a": 1, "b": [2.5]}', '{"a": "1", "b": [2]}', '{"a": 1}', "", "{", "[" * 9_000)
    assert len({one, *(same_call(refund(input=input)) for input in different)}) == len(different) + 1
    assert one != same_call(refund(input='{"a": 1, "b": [2.0]}', name="other"))


def test_in_an_erased_session_calls_are_settled_and_nothing_is_said() -> None:
    call = ModelCallStarted(call_id="c", step="answer", model="m", user="ada", turn_id="t")
    noted = [settle(call, Usage(1, 1)), e.StepRun(turn_id="t", step="title", model="m", reason="", ms=1)]
    asked = Session(user="ada", open_calls={"c": call})
    assert owed(asked, noted) == noted
    assert owed(msgspec.structs.replace(asked, erased=True), noted) == noted[:1]
