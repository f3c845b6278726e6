"""A tool that asks first is called when its user allows it, and in no other case."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from application.clock import new_id
from application.execute import Context
from application.ports.models.model import ToolUse
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession, LiveSessions
from application.tools.executors import ToolCaller
from application.tools.toolbox import MOST_CONFIRMED
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from application.turns.turn_request import TurnRequest
from domain.refusals import NotFound, TurnNotFound
from domain.session import events as e
from domain.session import rules
from domain.session.commands import ConfirmTool
from domain.session.state import Turn
from domain.tenant.assistant import Assistant
from domain.tenant.tool import Tool, Webhook
from tests.application.turns.harness import House, frames_of, house, member
from tests.fakes.scripted_model import Reply
from tests.fakes.small_ports import NoTail
from tests.virtual_time import in_virtual_time

PAY = Tool(
    description="Pays", effects=True, confirm=True, webhook=Webhook(url="https://example.com/pay"),
    input_schema={"type": "object", "properties": {"to": {"type": "string"}}},
)  # fmt: skip
USE = ToolUse("t1", "pay", '{"to": "bob"}')
REPLIES = (Reply(("I will. ", USE)), Reply(("So it is.",)))


class Asked:
    """A turn that waits for its user to allow a call."""

    def __init__(self, ours: House, live: LiveSession, asking: asyncio.Task[Turn]) -> None:
        self.ours, self.live, self.asking = ours, live, asking

    async def waiting(self) -> f.ToolCall:
        """The frame that asks, once it is there."""
        async with asyncio.timeout(10):
            while True:
                for frame in frames_of(self.live, f.ToolCall):
                    if isinstance(frame, f.ToolCall) and frame.status == "waiting":
                        return frame
                await self.live.feed.news(self.live.feed.seq)

    async def confirm(self, allow: bool, live: LiveSession | None = None, call: str = "") -> None:
        """As one of the user's sockets does."""
        frame = await self.waiting()
        assert isinstance(frame.call, str)
        command = ConfirmTool(turn_id=frame.turn_id, call=call or frame.call, allow=allow, by=member().user)
        await ConfirmToolHandler()(live or self.live, command)

    async def seen(self) -> list[str]:
        """How the turn's call went, by its frames."""
        return [frame.status for frame in frames_of(self.live, f.ToolCall) if isinstance(frame, f.ToolCall)]


async def asked(ours: House) -> Asked:
    ours.tenant.tools["pay"] = PAY
    live = await ours.open()
    return Asked(ours, live, asyncio.create_task(ours.ask(live, "Pay bob")))


def paying(*replies: Reply, **settings: Any) -> Any:
    return house(*(replies or REPLIES), assistant=Assistant(tools=("pay",), documents=False), **settings)


@pytest.mark.parametrize("allow", [True, False])
@in_virtual_time
async def test_its_user_decides_and_that_is_a_fact(allow: bool) -> None:
    async with paying() as ours:
        turn = await asked(ours)
        frame = await turn.waiting()
        assert frame.input == {"to": "bob"} and not ours.webhooks.sent
        await turn.confirm(allow)
        ended = await turn.asking
        assert ended.answer == "I will. \n\nSo it is." and len(ours.webhooks.sent) == int(allow)
        assert await turn.seen() == ["waiting", "started", "completed"] if allow else ["waiting", "refused"]
        asked_, confirmed = await ours.facts(turn.live, e.ToolConfirmationAsked, e.ToolConfirmed)
        assert (confirmed.allow, confirmed.by, confirmed.key) == (allow, member().user, asked_.key)
        told = str(ours.model.calls[1].messages[-1])
        assert ("did not allow" in told) != allow
        assert not ended.confirmations and not ours.exact.entries


@in_virtual_time
async def test_nobody_answers_in_time_and_nothing_is_done() -> None:
    async with paying(confirm_s=0.01) as ours:
        turn = await asked(ours)
        assert (await turn.asking).status == "completed" and not ours.webhooks.sent
        (fact,) = await ours.facts(turn.live, e.ToolConfirmed)
        assert isinstance(fact, e.ToolConfirmed) and (fact.allow, fact.by) == (False, "")
        frame = await turn.waiting()
        late = ConfirmTool(turn_id=frame.turn_id, call=str(frame.call), allow=True, by="ada")
        with pytest.raises(TurnNotFound):
            await ConfirmToolHandler()(turn.live, late)


@in_virtual_time
async def test_who_cancels_while_it_waits_hears_no_more_and_nothing_is_done() -> None:
    async with paying() as ours:
        turn = await asked(ours)
        frame = await turn.waiting()
        await CancelTurnHandler()(turn.live, frame.turn_id)
        assert (await turn.asking).status == "cancelled" and not ours.webhooks.sent and len(ours.model.calls) == 1
        with pytest.raises(TurnNotFound):
            await turn.confirm(True)


@in_virtual_time
async def test_the_first_answer_stands_whichever_socket_gives_it() -> None:
    gate = asyncio.Event()
    async with paying(REPLIES[0], Reply(("So it is.",), gate=gate)) as ours:
        turn = await asked(ours)
        await turn.confirm(False)
        await turn.confirm(False)
        with pytest.raises(NotFound, match="decided"):
            await turn.confirm(True)
        with pytest.raises(NotFound, match="No call"):
            await turn.confirm(True, call="another")
        gate.set()
        await turn.asking
        assert not ours.webhooks.sent


@in_virtual_time
async def test_an_answer_may_come_through_another_process() -> None:
    async with paying() as ours:
        turn = await asked(ours)
        await turn.waiting()
        elsewhere = await LiveSessions(ours.store, NoTail()).get(turn.live.id)
        await turn.confirm(True, elsewhere)
        assert (await turn.asking).status == "completed" and len(ours.webhooks.sent) == 1


@in_virtual_time
async def test_two_calls_at_once_are_allowed_each_for_itself() -> None:
    other = ToolUse("t2", "pay", '{"to": "eve"}')
    async with paying(Reply((USE, other)), Reply(("So it is.",))) as ours:
        turn = await asked(ours)
        async with asyncio.timeout(10):
            while (await turn.seen()).count("waiting") < 2:
                await turn.live.feed.news(turn.live.feed.seq)
        for frame in frames_of(turn.live, f.ToolCall):
            assert isinstance(frame, f.ToolCall) and isinstance(frame.input, dict)
            await turn.confirm(frame.input["to"] == "eve", call=str(frame.call))
        await turn.asking
        assert [body for _, body, _ in ours.webhooks.sent] == [b'{"to":"eve"}']


@pytest.mark.parametrize("before", [True, False, None])
@in_virtual_time
async def test_whoever_takes_the_turn_over_knows_what_was_asked_and_answered(before: bool | None) -> None:
    """The same call is asked about once, and its answer holds in the process that goes on; the other one is fenced."""
    async with paying(REPLIES[0], *REPLIES) as ours:
        turn = await asked(ours)
        frame = await turn.waiting()
        live = await LiveSessions(ours.store, NoTail()).get(turn.live.id)
        if before is not None:
            answered = e.ToolConfirmed(turn_id=frame.turn_id, key=str(frame.call), allow=before, by="~ada")
            await live.commit(lambda session: [answered], Context("~ada"))
        await live.commit(lambda session: rules.resume_turn(session, "other"), Context("other"))
        runner = ours.turns.runner
        request = TurnRequest(turn_id=frame.turn_id, command="c", user="~ada", text="Pay bob", resumed=1)
        runner.start(await ours.turns.prepare(live, request))
        await asyncio.wait([turn.asking])
        if before is None:
            await Asked(ours, live, turn.asking).confirm(True)
        await ours.settled()
        ended = live.state.turn(frame.turn_id)
        assert ended is not None and (ended.status, ended.answer) == ("completed", "I will. \n\nSo it is.")
        assert len(ours.webhooks.sent) == (before is not False)
        assert len(await ours.facts(live, e.ToolConfirmationAsked)) == len(await ours.facts(live, e.ToolConfirmed)) == 1


@in_virtual_time
async def test_an_erased_session_allows_nothing() -> None:
    async with paying() as ours:
        turn = await asked(ours)
        await turn.waiting()
        await turn.live.commit(lambda session: [e.SessionErased()], Context("ada"))
        await asyncio.wait([turn.asking])
        assert not ours.webhooks.sent


@in_virtual_time
async def test_nobody_is_asked_about_what_cannot_be_read_or_does_not_fit() -> None:
    long = ToolUse("t1", "pay", '{"to": "' + "x" * MOST_CONFIRMED + '"}')
    async with paying(Reply((long, ToolUse("t2", "pay", '{"to": 7}'))), Reply(("No.",))) as ours:
        turn = await asked(ours)
        await turn.asking
        assert await turn.seen() == ["failed", "failed"] and not ours.webhooks.sent
        assert not await ours.facts(turn.live, e.ToolConfirmationAsked)


@in_virtual_time
async def test_without_anybody_to_ask_the_answer_is_no() -> None:
    async with house() as ours:
        ours.tenant.tools["pay"] = PAY
        boxes = ours.turns.runner.generate.answer.tools.boxes
        box = await boxes.open(_caller(), new_id(), ["pay"])
        result = await box.call(USE)
        assert result.status == "refused" and not ours.webhooks.sent
        again = await boxes.open(_caller(), "t", ["pay"], known=[result.event("t")])
        assert (await again.call(USE)).status == "refused"


def _caller() -> Any:
    return ToolCaller("tenant", "ada")
