"""A socket may be on any process: it sees the same frames, cancels, repeats an id, goes on after a seq."""

from __future__ import annotations

import asyncio

import pytest

from application.ports.models.model import FailureKind, ModelFailure
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from domain.refusals import IdempotencyConflict, TurnInProgress, TurnNotFound
from domain.session import events as e
from domain.tenant.assistant import Assistant
from tests.application.replicas.harness import ASK, Process, Socket, installation
from tests.fakes.scripted_model import Reply
from tests.virtual_time import in_virtual_time

END = (f.Completed, f.Failed)
TEXT = "Within 30 days of sale."


def gated(*parts: str) -> Reply:
    return Reply(parts or ("Within 30 days ", "of sale."), gate=asyncio.Event())


def open_gate(reply: Reply) -> None:
    assert reply.gate is not None
    reply.gate.set()


async def running(here: Process, live: LiveSession) -> tuple[Socket, str]:
    """A socket in the process whose turn has said all but its end."""
    socket = await here.socket(live.id)
    turn, _ = await here.ask(live, "c")
    while socket.text != TEXT:
        await socket.until(f.Delta)
    return socket, turn.turn_id


@in_virtual_time
async def test_every_process_sees_the_same_frames_and_the_pipe_reads_none() -> None:
    async with installation() as house:
        reply = gated()
        here, there = await house.process("here", reply), await house.process("there")
        live = await here.ours.open()
        far = await there.socket(live.id)
        await there.follow.look_around()
        near = await here.socket(live.id)
        await here.ask(live)
        while near.text != TEXT or far.text != TEXT:
            await asyncio.gather(*(one.until(f.Delta) for one in (near, far) if one.text != TEXT))
        late = await there.socket(live.id)
        between = await there.socket(live.id, near.cursor - 1)
        open_gate(reply)
        for socket in (near, far, late, between):
            await socket.until(*END)
        whole = [(frame.seq, type(frame)) for frame in near.frames if not isinstance(frame, f.Delta)]
        for socket in (far, late):
            assert [(frame.seq, type(frame)) for frame in socket.frames if not isinstance(frame, f.Delta)] == whole
            assert socket.text == TEXT
        assert between.text == "of sale." and isinstance(between.frames[-1], f.Completed)
        await there.follow.tasks.join(5)
        assert far.live.state.running is None, "it knows that the turn has ended"
        carried = b"".join(body for _, body in house.replicas.carried)
        assert b"30 days" not in carried and ASK.encode() not in carried and b"turn." not in carried


@in_virtual_time
async def test_a_session_that_nobody_watches_elsewhere_costs_its_name_in_a_message_for_many() -> None:
    async with installation() as house:
        here, there = await house.process("here"), await house.process("there")
        lives = [await here.ours.open() for _ in range(20)]
        await asyncio.gather(*(here.ours.ask(live, ASK) for live in lives))
        await here.tell.tasks.join(5)
        assert len(house.replicas.carried) == 1 and not here.tell._until
        live = lives[0]
        far = await there.socket(live.id)
        await there.follow.look_around()
        await here.ours.ask(live, ASK)
        done = await far.until(*END)
        assert isinstance(done, f.Completed) and far.text == done.text, "it was over before it was heard of"
        assert not any(isinstance(frame, f.Reset) for frame in far.frames), "and was told as it was said"
        assert not there.replicas.hearing, "who watches listens while another process runs a turn"
        far.leave()
        await there.follow.look_around()
        assert not there.replicas.hearing


@in_virtual_time
async def test_commands_are_right_on_any_process() -> None:
    async with installation() as house:
        reply = gated()
        here, there = await house.process("here", reply), await house.process("there")
        near, turn_id = await running(here, await here.ours.open())
        far = await there.socket(near.live.id)
        with pytest.raises(TurnInProgress):
            await there.ask(far.live, "other")
        with pytest.raises(IdempotencyConflict):
            await there.ask(far.live, "c", "Something else?")
        again, new = await there.ask(far.live, "c")
        assert (again.turn_id, new) == (turn_id, False)
        with pytest.raises(TurnNotFound):
            await there.cancel(far.live, "no turn")
        await there.cancel(far.live, turn_id)
        ends = [await socket.until(*END) for socket in (near, far)]
        assert [(end.seq, getattr(end, "status", "")) for end in ends] == [(ends[0].seq, "cancelled")] * 2
        with pytest.raises(TurnNotFound):
            await there.cancel(far.live, turn_id)
        open_gate(reply)
        turn, new = await there.ask(far.live)
        assert new
        for socket in (near, far):
            await here.follow.look_around()
            done = await socket.until(*END)
            assert (done.turn_id, socket.frames[-1].seq) == (turn.turn_id, done.seq)


@in_virtual_time
async def test_two_who_begin_at_once_are_one_turn() -> None:
    async with installation() as house:
        one, two = await house.process("one"), await house.process("two")
        live = await one.ours.open()
        sockets = [await process.socket(live.id) for process in (one, two)]
        for process in (one, two):
            await process.follow.look_around()
        outcomes = await asyncio.gather(
            *(s.process.ask(s.live, f"id-{n}") for n, s in enumerate(sockets)), return_exceptions=True
        )
        assert sum(isinstance(outcome, TurnInProgress) for outcome in outcomes) == 1
        first = [await socket.until(*END) for socket in sockets]
        assert first[0].turn_id == first[1].turn_id
        same = await asyncio.gather(*(s.process.ask(s.live, "same") for s in sockets))
        assert sorted(new for _, new in same) == [False, True] and same[0][0].turn_id == same[1][0].turn_id
        assert len(await one.ours.facts(live, e.TurnStarted)) == 2


@pytest.mark.parametrize("tail", [True, False], ids=["tail", "store alone"])
@in_virtual_time
async def test_without_a_word_between_them_the_end_is_found_all_the_same(tail: bool) -> None:
    async with installation() as house:
        reply = gated()
        here, there = await house.process("here", reply), await house.process("there")
        live = await here.ours.open()
        far = await there.socket(live.id)
        here.replicas.away = True
        _, turn_id = await running(here, live)
        if tail:
            await here.ours.sessions.mirror()
        there.follow._checked = -1e9
        await there.follow.look_around()
        if tail:
            while far.text != TEXT:
                await far.until(f.Delta)
        await there.cancel(far.live, turn_id)
        await here.recover.renew()
        done = await far.until(*END)
        assert isinstance(done, f.Completed) and (done.status, done.text, far.text) == ("cancelled", TEXT, TEXT)
        assert any(isinstance(frame, f.Reset) for frame in far.frames)


@pytest.mark.parametrize("prefill", [True, False])
@in_virtual_time
async def test_who_takes_over_goes_on_with_what_was_said(prefill: bool) -> None:
    async with installation() as house:
        dead = gated("Within 30 ")
        refuses = ModelFailure(FailureKind.INVALID_REQUEST, "no prefill", refused=True)
        replies = [Reply(("days of sale.",))] if prefill else [Reply((), failure=refuses), Reply((TEXT,))]
        here, heir, third = [
            await house.process(n, *r) for n, r in (("here", [dead]), ("heir", replies), ("third", []))
        ]
        live = await here.ours.open()
        far, elsewhere = await heir.socket(live.id), await third.socket(live.id)
        for process in (heir, third):
            await process.follow.look_around()
        await here.ask(live)
        for socket in (far, elsewhere):
            await socket.until(f.Delta)
        seen = elsewhere.cursor
        here.die()
        heir.ours.turns.gate.admission.leaving = True
        await heir.recover()
        assert heir.ours.store.running == {str(live.id): "here"}, "who leaves takes nothing over"
        heir.ours.turns.gate.admission.leaving = False
        await heir.recover()
        resumed = await third.socket(live.id, seen)
        for socket in (far, elsewhere, resumed):
            done = await socket.until(*END)
            assert isinstance(done, f.Completed) and (done.text, socket.text) == (TEXT, TEXT)
        (call, *_) = heir.ours.model.calls
        assert (call.messages[-1].role, call.messages[-1].text) == ("assistant", "Within 30")
        assert len(await heir.ours.facts(live, e.TurnCompleted)) == 1


@in_virtual_time
async def test_who_has_seen_an_end_is_told_it_by_nobody_again() -> None:
    async with installation() as house:
        reply = gated()
        here, there = await house.process("here", reply), await house.process("there")
        live = await here.ours.open()
        far = await there.socket(live.id)
        await there.follow.look_around()
        near, turn_id = await running(here, live)
        while far.text != TEXT:
            await far.until(f.Delta)
        here.replicas.away = True  # of the end only those hear who have a socket here
        before = near.cursor
        open_gate(reply)
        await near.until(*END)
        here.die()
        told = await far.until(*END)
        assert far.text == TEXT and told.seq > near.cursor, "it was told by another seq"
        back = await there.socket(live.id, near.cursor)
        assert back.live.feed.since(back.cursor) == []
        asked = [there.tell._tell_from(far.live, seq).piece for seq in (before, near.cursor)]
        assert all(asked) and [bool(piece and piece.after < piece.last) for piece in asked] == [True, False]
        await there.ask(far.live)
        await back.until(*END)
        assert isinstance(back.frames[0], f.Created) and {frame.turn_id for frame in back.frames} != {turn_id}


@pytest.mark.parametrize("watched", [True, False])
@in_virtual_time
async def test_a_turn_of_which_nothing_is_left_begins_again_with_its_heir(watched: bool) -> None:
    """Whoever opens the session then, at any process, is told of the turn from its `turn.created` on."""
    async with installation() as house:
        answer = gated()
        here, heir = await house.process("here", gated("Within ")), await house.process("heir", answer)
        third = await house.process("third")
        live = await here.ours.open()
        await here.ask(live, "c")
        here.die()
        sockets = [await heir.socket(live.id)] if watched else []
        await heir.recover()
        sockets += [await heir.socket(live.id), await third.socket(live.id)]
        while any(socket.text != TEXT for socket in sockets):
            await asyncio.gather(*(one.until(f.Delta) for one in sockets if one.text != TEXT))
        sockets.append(await third.socket(live.id))
        open_gate(answer)
        for socket in sockets:
            await socket.until(*END)
            created, reset = socket.frames[:2]
            assert isinstance(created, f.Created) and isinstance(reset, f.Reset) and socket.text == TEXT
            assert created.client_id == "c"
        assert len({socket.frames[0].seq for socket in sockets}) == 1


@in_virtual_time
async def test_an_end_that_is_only_told_again_is_no_turn_begun_anew() -> None:
    async with installation() as house:
        reply = gated()
        here, there = await house.process("here", reply), await house.process("there", Reply((TEXT,)))
        here.replicas.away = True
        live = await here.ours.open()
        far = await there.socket(live.id)
        near, turn_id = await running(here, live)
        open_gate(reply)
        await near.until(*END)
        here.die()
        await there.follow.look_around()
        again = await there.socket(live.id)
        await there.ask(again.live, "next")
        assert [(await far.until(*END)).turn_id == turn_id for _ in range(2)] == [True, False]
        assert [type(frame) for frame in far.frames[:4]] == [f.Created, f.Reset, f.Delta, f.Completed]
        after = await there.socket(live.id, near.cursor)
        await after.until(*END)
        assert {frame.turn_id for frame in after.frames}.isdisjoint({turn_id}), "nobody is told an end twice"


@in_virtual_time
async def test_the_heir_does_what_was_to_follow_a_turn() -> None:
    """Once, while nothing else begins, and not for ever."""
    dead, title = Reply((TEXT,)), Reply(('{"title": "Returns of coffee"}',))
    lost = Reply(("{",), gate=asyncio.Event())
    async with installation(Assistant(plan=("answer", "title"), documents=False)) as house:
        here, heir = await house.process("here", dead, lost), await house.process("heir", title)
        live = await here.ours.open()
        near = await here.socket(live.id)
        await here.ask(live)
        await near.until(*END)
        await asyncio.sleep(1)  # the title is asked for, and no answer comes
        assert len(here.ours.model.calls) == 2
        await here.recover.renew()
        assert heir.ours.store.running == {str(live.id): "here"}, "its lease is kept"
        here.die()
        await heir.recover()
        await heir.ours.settled()
        taken = await heir.ours.sessions.get(live.id)
        assert (taken.state.title, taken.state.follow_up) == ("Returns of coffee", "") and not heir.ours.store.running
        assert not taken.state.open_calls, "nor is the lost call owed any more"
        assert len(await heir.ours.facts(live, e.TurnCompleted)) == 1
        await heir.recover()
        assert len(heir.ours.model.calls) == 1


@in_virtual_time
async def test_what_kills_each_who_follows_a_turn_up_is_left() -> None:
    async with installation(Assistant(plan=("answer", "title"), documents=False)) as house:
        first = await house.process("p0", Reply((TEXT,)), Reply((), gate=asyncio.Event()))
        live = await first.ours.open()
        await first.ask(live)
        await first.ours.turns.runner.tasks.join(5)
        dying, tries = first, 0
        while heirs := dying.ours.store.running:
            dying.die()
            tries += 1
            assert list(heirs) == [str(live.id)] and tries < 10
            dying = await house.process(f"p{tries}", Reply((), gate=asyncio.Event()))
            await dying.recover()
            await asyncio.sleep(0.1)
        assert tries == 4 and (await dying.ours.sessions.get(live.id)).state.follow_up == ""
