"""Follows turns that other processes run, for the sockets here: told by them, else by the tails, else by the store."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from application.acting_tenant import acting_for
from application.clock import monotonic
from application.ports.facts.leases import TurnOwners
from application.ports.sessions.feed_tail import FeedTail, TailPiece
from application.replicas import messages as m
from application.replicas.questions import Questions
from application.sessions.live_session import LiveSession
from application.sessions.shared_feed import conclude, tells_latest
from application.tasks import TaskSet, isolated
from domain.refusals import DependencyUnavailable, Refusal

FIRST_S = 1.5
"""So long a socket waits for the frames of a turn that runs elsewhere before it is opened without them."""
ASK_S = 2.0
"""Between two questions to the process that runs a turn: whether it still does, and to be told what comes."""
ALONE_S = 1.0
"""Between two looks at tail and store while that process does not answer."""
MOST_BEGUN = 2_000
"""Sessions of which it is known, while nobody watches them here, that others have begun turns in them."""
CHECK_S, CHECK_ALONE_S = 10.0, 2.0
"""Between two looks whether others run turns of what is watched here; the second while they cannot say so."""


class Following:
    """One session whose turn runs in another process, `owner` as far as that is known."""

    def __init__(self, live: LiveSession, owner: str) -> None:
        self.live, self.owner = live, owner
        self.caught_up = asyncio.Event()
        self.wanted = asyncio.Event()


class FollowOthers:
    """What is watched here. One subscription a watched session of which another process has run a turn, none for
    others."""

    def __init__(self, questions: Questions, tail: FeedTail, leases: TurnOwners) -> None:
        self._questions, self._tail, self._leases = questions, tail, leases
        self._watched: dict[str, LiveSession] = {}
        self._begun: OrderedDict[str, str] = OrderedDict()
        self._listening: set[str] = set()
        self._following: dict[str, Following] = {}
        self._checked = 0.0
        self.tasks = TaskSet("follow_others")

    async def watch(self, live: LiveSession) -> None:
        """Somebody watches it here. Returns when its feed has what is known of a turn that runs elsewhere, or soon."""
        live.watchers += 1
        self._watched[str(live.id)] = live
        try:
            if process := self._begun.pop(str(live.id), ""):  # perhaps while the session was read
                await _refresh(live)
            if live.runs_elsewhere:
                await asyncio.wait_for(self._follow(live, process).caught_up.wait(), FIRST_S)
        except TimeoutError:
            pass  # it goes on; what comes later is told later
        except BaseException:
            self.leave(live)
            raise

    def leave(self, live: LiveSession) -> None:
        """One watches it no longer."""
        live.watchers -= 1
        live.used = monotonic()

    async def look_around(self) -> None:
        """A round of the process's loop: let go of what is not watched, find out what was missed."""
        gone = {stream for stream, live in self._watched.items() if not live.watchers}
        for stream in gone:
            del self._watched[stream]
        heard_of = self._listening & gone
        self._listening -= heard_of
        await self._questions.replicas.leave(sorted(heard_of))
        alone = not await self._listen(())
        if monotonic() - self._checked > (CHECK_ALONE_S if alone else CHECK_S):
            self._checked = monotonic()
            idle = [s for s, live in self._watched.items() if s not in self._following and live.run is None]
            owners = await self._leases.owners(idle) if idle else {}
            for stream, owner in owners.items():
                if owner != self._questions.process:
                    await self._look_at(stream, owner)
        for live in list(self._watched.values()):
            if live.runs_elsewhere:
                self._follow(live)

    async def _listen(self, streams: Sequence[str]) -> bool:
        """Whether the others can be heard."""
        try:
            await self._questions.replicas.listen(streams, self.hear)
        except DependencyUnavailable:
            return False
        self._listening.update(streams)
        return True

    async def hear_begun(self, process: str, streams: Sequence[str]) -> None:
        """Another process says that it runs turns of these now, or has just done so. What is believed is what the store
        says, and what that process answers. What is not watched here may be so in a moment, by who is reading it."""
        for stream in streams:
            self._begun[stream] = process
            self._begun.move_to_end(stream)
        while len(self._begun) > MOST_BEGUN:
            self._begun.popitem(last=False)
        with isolated("heard_of_another"):
            await asyncio.gather(*(self._look_at(stream, process) for stream in streams if stream in self._watched))

    async def _look_at(self, stream: str, owner: str) -> None:
        live = self._watched.get(stream)
        if live is None:
            return
        known = live.held.version
        await _refresh(live)
        is_over = live.run is None and live.held.version > known and not tells_latest(live.feed, live.state)
        if live.runs_elsewhere or is_over:
            following = self._follow(live, owner)
            following.owner = owner
            following.wanted.set()

    async def hear(self, stream: str, message: bytes) -> None:
        """What another process tells."""
        known = self._following.get(stream)
        if known is None:
            return
        with isolated("heard_of_another"):
            telling = await m.opened(self._questions.sealer, stream, message, m.TELLINGS, "telling")
            if isinstance(telling, m.Begun):
                await self.hear_begun(telling.process, [stream])
            else:
                _hear(known, telling)

    def owner_of(self, stream: str) -> str:
        """The process that runs its turn, as far as it is known here."""
        following = self._following.get(stream)
        return following.owner if following else ""

    def _follow(self, live: LiveSession, owner: str = "") -> Following:
        stream = str(live.id)
        following = self._following.get(stream)
        if following is None:
            following = self._following[stream] = Following(live, owner)
            with acting_for(live.id.tenant):
                self.tasks.start(self._to_its_end(following))
        return following

    async def _to_its_end(self, following: Following) -> None:
        live = following.live
        try:
            while live.watchers and live.runs_elsewhere:
                following.wanted.clear()
                if str(live.id) not in self._listening:
                    await self._listen([str(live.id)])
                told = await self._ask(following)
                if not told or _has_ended(live):
                    await _refresh(live)
                if _is_over(live):
                    break
                if not told:
                    following.owner = ""
                    with isolated("feed_tail"):
                        live.feed.adopt_all(await self._tail.read(str(live.id)))
                following.caught_up.set()
                try:
                    await asyncio.wait_for(following.wanted.wait(), ASK_S if told else ALONE_S)
                except TimeoutError:
                    pass  # nobody wants it sooner
            await self._end(following)
        finally:
            following.caught_up.set()
            self._following.pop(str(live.id), None)

    async def _end(self, following: Following) -> None:
        """Whatever was told of it, the end of the turn is on the feed."""
        live = following.live
        if live.run is None and not live.runs_elsewhere:
            if not tells_latest(live.feed, live.state):
                await self._ask(following)
            if not tells_latest(live.feed, live.state):
                with isolated("feed_tail"):
                    live.feed.adopt_all(await self._tail.read(str(live.id)))
            conclude(live.feed, live.state, live.held.version)

    async def _ask(self, following: Following) -> bool:
        """Whether the process that runs the turn has told all that it had to tell."""
        live, stream = following.live, str(following.live.id)
        try:
            if not following.owner:
                following.owner = (await self._leases.owners([stream])).get(stream, "")
            if following.owner in ("", self._questions.process):
                return False
            while True:
                reply = await self._questions.ask(following.owner, stream, m.TellFrom(live.feed.seq))
                if reply.piece is not None and not _take(live, reply.piece):
                    return False
                if not (reply.more and live.watchers):
                    return reply.runs
        except (Refusal, m.NotOurMessage):
            return False


def _take(live: LiveSession, piece: TailPiece) -> bool:
    """Adopt frames; where some before them are lost for good, those that come after."""
    if piece.after > live.feed.seq:
        live.feed.go_on_from(piece.after)
    return live.feed.adopt(piece)


def _hear(following: Following, told: m.Told) -> None:
    live = following.live
    if following.owner == told.process and (not live.feed.adopt(told.piece) or _has_ended(live)):
        following.wanted.set()


def _is_over(live: LiveSession) -> bool:
    return not live.runs_elsewhere


def _has_ended(live: LiveSession) -> bool:
    """Whether the feed tells the end of the turn that is still thought to run."""
    turn = live.state.running
    return turn is not None and live.feed.tells(turn.turn_id, ended=True)


async def _refresh(live: LiveSession) -> None:
    """What is stored by now, if that can be known."""
    try:
        with acting_for(live.id.tenant):
            await live.refresh()
    except Refusal:
        pass  # the store is away: the next round asks again
