"""The live feed of a session: frames by seq, kept compactly, pulled by cursors that merge deltas when they lag."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from application.clock import now, rfc3339
from application.ports.sessions.feed_tail import TailPiece
from application.sessions.feed_frames import Completed, Created, Delta, Failed, Frame
from application.sessions.frame_log import FrameLog

TURNS_KEPT = 50
FEED_BYTES = 2 * 1024 * 1024
"""About so much of a session is kept; of a turn that is longer by itself, all."""
SEQ_BITS = 20
SEQ_MASK = (1 << SEQ_BITS) - 1
TURN_BIT = 1 << (SEQ_BITS - 1)
"""Set in the seqs of a turn's frames, so that what a process says between turns is below the next turn's."""
END_BIT = 1 << (SEQ_BITS - 3)
"""Set in the seq of the frame that ends a turn, and in none before it: so whoever comes back with it is known to have
seen that end, also by a process that told it by another seq."""


class Feed:
    """Frames of one session after `floor`, up to `seq`.

    A seq begins at the stream's version shifted left, and each turn jumps (`turn_base`): so whoever begins or takes one
    over goes on above every seq that any process ever gave out, without asking anybody. A reader holds nothing but its
    cursor: a slow one costs no memory and never holds the model up.
    """

    def __init__(self, session_id: str, version: int) -> None:
        self.session_id = session_id
        self.seq = self.floor = version << SEQ_BITS
        self._log = FrameLog(session_id)
        self._turns: deque[int] = deque()
        self._waiting: list[asyncio.Future[None]] = []
        self.mirrored = self._tail_end = self.seq

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return self._log.size

    def put(self, frame: Frame) -> None:
        """Add a frame: it gets the next seq, and whoever waits is woken."""
        self.seq += 1
        if isinstance(frame, Delta):
            self._log.add_delta(self.seq, frame)
        else:
            if isinstance(frame, Completed | Failed):
                self.seq |= END_BIT
            frame.seq, frame.session_id, frame.at = self.seq, self.session_id, rfc3339(now())
            self._log.add(frame)
            if isinstance(frame, Created):
                self._begin_turn()
        if self._log.size > FEED_BYTES:
            self.let_go(FEED_BYTES * 3 // 4)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def _begin_turn(self) -> None:
        self._turns.append(self.seq - 1)
        if len(self._turns) > TURNS_KEPT:
            self._turns.popleft()
            self._forget_before(self._turns[0])

    def let_go(self, size: int = 0) -> None:
        """Forget the oldest turns until it holds `size` bytes or the latest turn alone; a reader that has not come so
        far is below `floor`."""
        while self._log.size > size and len(self._turns) > 1:
            self._turns.popleft()
            self._forget_before(self._turns[0])

    def _forget_before(self, seq: int) -> None:
        self.floor = seq
        self._log.forget(seq)

    @property
    def frames(self) -> Iterable[Frame]:
        """All frames but deltas, the latest first."""
        return self._log

    def begun_after(self, seq: int) -> int | None:
        """The cursor from which the first turn is seen whole that was begun or taken over after a seq, none that was
        merely concluded; None when there is none."""
        return next((start for start in self._turns if start >= seq and start & SEQ_MASK == TURN_BIT), None)

    def since(self, cursor: int) -> list[Frame]:
        """The frames after `cursor`, adjacent deltas merged into one that carries its last seq."""
        return self._log.since(cursor)

    async def news(self, cursor: int) -> None:
        """Return when there is a frame after `cursor`."""
        while self._log.last <= cursor:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def unmirrored(self) -> TailPiece | None:
        """What was added since the last call, for the tail that outlives the process; None when nothing was."""
        if self.seq == self.mirrored:
            return None
        piece = TailPiece(self._tail_end, self.seq, self._log.stored(self.mirrored))
        self.mirrored = self._tail_end = self.seq
        return piece

    def restore(self, tail: Sequence[TailPiece]) -> None:
        """Take over what an earlier process left, below this feed's own first seq: the pieces up to the latest that
        follow each other without a gap. What is there twice, out of place, or before something lost, is left; and all
        of it when a newer program said something in it that is not known here."""
        pieces = _unbroken([piece for piece in tail if piece.last < self.seq])
        begun = self._log.restore(piece.frames for piece in pieces)
        if begun is None:
            return
        self._turns.extendleft(frame.seq - 1 for frame in reversed(begun) if isinstance(frame, Created))
        self.floor, self._tail_end = pieces[0].after, pieces[-1].last
        self.let_go(FEED_BYTES)

    def tells(self, turn_id: str, *, ended: bool) -> bool:
        """Whether a turn is here: its beginning, or its end."""
        wanted = (Completed, Failed) if ended else (Created,)
        return any(isinstance(frame, wanted) and frame.turn_id == turn_id for frame in self._log)


def created_at(feed: Feed, turn_id: str) -> int | None:
    """The seq of a turn's `turn.created`, the first of it, if the feed still has one."""
    told = [frame.seq for frame in feed.frames if isinstance(frame, Created) and frame.turn_id == turn_id]
    return told[-1] if told else None


def begun(feed: Feed) -> str:
    """The turn whose `turn.created` is the latest here."""
    return next((frame.turn_id for frame in feed.frames if isinstance(frame, Created)), "")


def start_of(feed: Feed, turn_id: str) -> int:
    """The cursor from which all is seen that is here of a turn: of one that was taken over, its beginning may be
    lost."""
    return min((frame.seq - 1 for frame in feed.frames if frame.turn_id == turn_id), default=feed.seq)


def _unbroken(pieces: Sequence[TailPiece]) -> list[TailPiece]:
    """The latest piece and those before it, each by the one that comes after it, oldest first."""
    by_end = {piece.last: piece for piece in pieces if piece.after < piece.last}
    found: list[TailPiece] = []
    following = by_end.get(max(by_end, default=0))
    while following:
        found.append(following)
        following = by_end.get(following.after)
    return found[::-1]
