"""Two API processes of one installation: whatever happens to either, no client notices more than it must."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from application.clock import monotonic
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import GONE, Chat, chatting, hold_answers, set_pace
from tests.journeys.test_failures import back_again, pid_of

pytestmark = pytest.mark.real
TERMINAL = ("turn.completed", "turn.failed")


@pytest.fixture
def other(ours: Installed) -> Installed:
    """The second replica."""
    return replace(ours, url=ours.urls[1])


@asynccontextmanager
async def told(chat: Chat, **asked: Any) -> AsyncIterator[str]:
    """A turn that is under way: its id."""
    await chat.send(type="turn.create", text=QUESTION, **asked)
    created = await chat.until("turn.created")
    await chat.until("turn.delta")
    yield created["turn_id"]


def turn_frames(chat: Chat) -> list[tuple[int, str]]:
    """Without deltas, which may come merged."""
    frames = [frame for frame in chat.frames if frame["type"].startswith("turn.") and frame["type"] != "turn.delta"]
    return [(frame["seq"], frame["type"]) for frame in frames]


async def test_sockets_on_two_replicas_are_sockets_of_one_session(ours: Installed, other: Installed) -> None:
    hold_answers(ours)
    async with chatting(ours) as here, chatting(other) as there:
        await here.open()
        await there.open(session_id=here.session_id)
        async with told(here, id="one") as turn:
            await there.until("turn.delta")
            await there.send(type="turn.create", id="two", text=QUESTION)
            assert (await there.until("error"))["code"] == "turn_in_progress"
            await there.send(type="turn.create", id="one", text=QUESTION)
            assert (await there.until("turn.created"))["turn_id"] == turn
            async with chatting(other) as late:
                await late.open(session_id=here.session_id, after_seq=here.frames[-1]["seq"])
                await late.until("turn.delta")
                await there.send(type="turn.cancel", turn_id=turn)
                ends = [await chat.until(*TERMINAL) for chat in (here, there, late)]
            assert {(end["seq"], end["status"]) for end in ends} == {(ends[0]["seq"], "cancelled")}
            assert here.text == there.text == ends[0]["text"]
            assert late.text and here.text.endswith(late.text)
        set_pace(ours)
        done = await there.ask("two", QUESTION)
        assert done["type"] == "turn.completed" and (await here.until(*TERMINAL))["seq"] == done["seq"]
        assert len(set(turn_frames(here))) == len(turn_frames(here))


async def test_who_obeys_a_drain_gets_every_frame_elsewhere(ours: Installed, other: Installed) -> None:
    hold_answers(ours)
    async with chatting(other) as leaving:
        await leaving.open()
        async with told(leaving, id="d"):
            old = pid_of(ours, "api", 1)
            os.kill(old, signal.SIGTERM)
            await leaving.until("session.draining")
    async with chatting(ours) as chat:
        await chat.open(session_id=leaving.session_id, after_seq=leaving.frames[-1]["seq"])
        set_pace(ours)
        done = await chat.until(*TERMINAL)
    assert done["type"] == "turn.completed" and done["text"] == leaving.text + chat.text
    assert "turn.reset" not in [frame["type"] for frame in chat.frames]
    await back_again(ours, old, 1)


async def test_a_turn_whose_process_is_killed_goes_on_elsewhere(ours: Installed, other: Installed) -> None:
    """The heir gives the model what was said: only the rest is generated again."""
    set_pace(ours, token_ms=30)
    async with chatting(other) as dying, chatting(ours) as near:
        await dying.open()
        await near.open(session_id=dying.session_id)
        async with told(dying, id="k"):
            while len(dying.text) < 200:
                await dying.receive()
            old = pid_of(ours, "api", 1)
            os.kill(old, signal.SIGKILL)
            killed = monotonic()
            set_pace(ours)
            with pytest.raises(GONE):
                await dying.until(*TERMINAL)
        async with chatting(ours) as chat:
            await chat.open(session_id=dying.session_id, after_seq=dying.frames[-1]["seq"])
            dones = [await one.until(*TERMINAL) for one in (chat, near)]
            assert monotonic() - killed < 10
        assert [done["text"] for done in dones] == [chat.text, near.text]
        assert dones[0]["type"] == "turn.completed" and chat.text.startswith(near.text[:200])
        resumed = [frame for frame in chat.frames if frame["type"] == "turn.reset"]
        assert [frame["reason"] for frame in resumed] == ["resumed"], "what was said is said again at once"
    await back_again(ours, old, 1)


async def test_without_nats_another_replica_still_tells_the_end(ours: Installed, other: Installed) -> None:
    hold_answers(ours)
    nats = pid_of(ours, "nats")
    os.kill(nats, signal.SIGSTOP)
    try:
        async with chatting(ours) as here, chatting(other) as there:
            await here.open()
            async with told(here, id="n"):
                await there.open(session_id=here.session_id)
                set_pace(ours)
                done, far = await asyncio.gather(here.until(*TERMINAL), there.until(*TERMINAL))
                assert far["text"] == done["text"] == there.text
    finally:
        os.kill(nats, signal.SIGCONT)
