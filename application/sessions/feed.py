"""The live feed of a session: frames by seq, kept compactly, pulled by cursors that merge deltas when they lag."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence

import msgspec

from application.clock import now, rfc3339
from application.ports.feed_tail import TailPiece
from application.sessions.feed_frames import AnyFrame, Completed, Created, Delta, Failed, Frame

TURNS_KEPT = 50
FEED_BYTES = 2 * 1024 * 1024
"""About so much of a session is kept; of a turn that is longer by itself, all."""
PIECE_COST = 64
"""Bytes that a piece of text takes besides its characters."""
SEQ_BITS = 20


class _Run(msgspec.Struct):
    """Adjacent deltas of one turn: `text` in pieces; piece i has seq `seqs[i]`."""

    turn_id: str
    at: str
    seqs: array[int]
    pieces: list[str]

    @property
    def last(self) -> int:
        return self.seqs[-1]


class StoredRun(msgspec.Struct, array_like=True, tag=True):
    """A run of deltas as it is kept outside the process."""

    turn_id: str
    at: str
    seqs: list[int]
    pieces: list[str]


class StoredFrame(msgspec.Struct, array_like=True, tag=True):
    """Any other frame as it is kept outside the process, as its JSON."""

    seq: int
    json: bytes


_encode_tail = msgspec.msgpack.Encoder().encode
_decode_tail = msgspec.msgpack.Decoder(list[StoredRun | StoredFrame])
_encode_frame = msgspec.json.Encoder().encode
_decode_frame: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)


class Feed:
    """Frames of one session after `floor`, up to `seq`.

    A seq begins at the stream's version shifted left, so that whoever takes the session over after a crash goes on
    above every seq that was ever given out, without asking anybody. A reader holds nothing but its cursor: a slow one
    costs no memory and never holds the model up.
    """

    def __init__(self, session_id: str, version: int) -> None:
        self.session_id = session_id
        self.seq = self.floor = version << SEQ_BITS
        self._log: deque[Frame | _Run] = deque()
        self._turns: deque[int] = deque()
        self._waiting: list[asyncio.Future[None]] = []
        self.mirrored = self._tail_end = self.seq
        self.watchers = self.size = 0

    def put(self, frame: Frame) -> None:
        """Add a frame: it gets the next seq, and whoever waits is woken."""
        self.seq += 1
        if isinstance(frame, Delta):
            self._put_delta(frame)
        else:
            frame.seq, frame.session_id, frame.at = self.seq, self.session_id, rfc3339(now())
            self._log.append(frame)
            self.size += _size(frame)
            if isinstance(frame, Created):
                self._begin_turn()
        if self.size > FEED_BYTES:
            self.let_go(FEED_BYTES * 3 // 4)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def _put_delta(self, frame: Delta) -> None:
        self.size += len(frame.delta) + PIECE_COST
        last = self._log[-1] if self._log else None
        if isinstance(last, _Run) and last.turn_id == frame.turn_id:
            last.seqs.append(self.seq)
            last.pieces.append(frame.delta)
        else:
            self._log.append(_Run(frame.turn_id, rfc3339(now()), array("q", (self.seq,)), [frame.delta]))

    def _begin_turn(self) -> None:
        self._turns.append(self.seq - 1)
        if len(self._turns) > TURNS_KEPT:
            self._turns.popleft()
            self._forget_before(self._turns[0])

    def let_go(self, size: int = 0) -> None:
        """Forget the oldest turns until it holds `size` bytes or the latest turn alone; a reader that has not come so
        far is below `floor`."""
        while self.size > size and len(self._turns) > 1:
            self._turns.popleft()
            self._forget_before(self._turns[0])

    def _forget_before(self, seq: int) -> None:
        self.floor = seq
        while self._log and _last_seq(self._log[0]) <= seq:
            self.size -= _size(self._log.popleft())

    def created_at(self, turn_id: str) -> int | None:
        """The seq of a turn's `turn.created`, if the feed still has it."""
        return next((e.seq for e in self._log if isinstance(e, Created) and e.turn_id == turn_id), None)

    @staticmethod
    def now() -> str:
        """The time of a frame made now."""
        return rfc3339(now())

    @property
    def turn_start(self) -> int:
        """The cursor from which the latest turn is seen whole."""
        return self._turns[-1] if self._turns else self.seq

    def since(self, cursor: int) -> list[Frame]:
        """The frames after `cursor`, adjacent deltas merged into one that carries its last seq."""
        frames: list[Frame] = []
        for entry in reversed(self._log):
            if _last_seq(entry) <= cursor:
                break
            frames.append(self._merged(entry, cursor) if isinstance(entry, _Run) else entry)
        frames.reverse()
        return frames

    def _merged(self, run: _Run, cursor: int) -> Delta:
        first = bisect_right(run.seqs, cursor)
        return Delta(
            seq=run.last,
            session_id=self.session_id,
            turn_id=run.turn_id,
            at=run.at,
            delta="".join(run.pieces[first:]) if first < len(run.pieces) - 1 else run.pieces[-1],
        )

    async def news(self, cursor: int) -> None:
        """Return when there is a frame after `cursor`."""
        while not self._log or _last_seq(self._log[-1]) <= cursor:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    def unmirrored(self) -> TailPiece | None:
        """What was added since the last call, for the tail that outlives the process; None when nothing was."""
        if self.seq == self.mirrored:
            return None
        out: list[StoredRun | StoredFrame] = []
        for entry in reversed(self._log):
            if _last_seq(entry) <= self.mirrored:
                break
            out.append(_stored(entry, self.mirrored))
        out.reverse()
        after, self.mirrored = self._tail_end, self.seq
        self._tail_end = self.seq
        return TailPiece(after, self.seq, _encode_tail(out))

    def restore(self, tail: Sequence[TailPiece]) -> None:
        """Take over what an earlier process left, below this feed's own first seq: the pieces up to the latest that
        follow each other without a gap. What is there twice, out of place, or before something lost, is left; and all
        of it when a newer program said something in it that is not known here."""
        pieces = _unbroken([piece for piece in tail if piece.last < self.seq])
        try:
            entries = [_restored(stored) for piece in pieces for stored in _decode_tail.decode(piece.frames)]
        except msgspec.MsgspecError:
            entries = []
        if not entries:
            return
        self._log.extendleft(reversed(entries))
        self._turns.extendleft(entry.seq - 1 for entry in reversed(entries) if isinstance(entry, Created))
        self.size += sum(map(_size, entries))
        self.floor, self._tail_end = pieces[0].after, pieces[-1].last
        self.let_go(FEED_BYTES)

    def tells(self, turn_id: str, *, ended: bool) -> bool:
        """Whether a turn is here: its beginning, or its end."""
        wanted = (Completed, Failed) if ended else (Created,)
        return any(isinstance(entry, wanted) and entry.turn_id == turn_id for entry in reversed(self._log))


def _unbroken(pieces: Sequence[TailPiece]) -> list[TailPiece]:
    """The latest piece and those before it, each by the one that comes after it, oldest first."""
    by_end = {piece.last: piece for piece in pieces if piece.after < piece.last}
    found: list[TailPiece] = []
    following = by_end.get(max(by_end, default=0))
    while following:
        found.append(following)
        following = by_end.get(following.after)
    return found[::-1]


def _size(entry: Frame | _Run) -> int:
    """About how many bytes it takes."""
    if isinstance(entry, _Run):
        return sum(map(len, entry.pieces)) + PIECE_COST * len(entry.pieces)
    return len(_encode_frame(entry)) + PIECE_COST


def _last_seq(entry: Frame | _Run) -> int:
    return entry.seqs[-1] if isinstance(entry, _Run) else entry.seq


def _stored(entry: Frame | _Run, after: int) -> StoredRun | StoredFrame:
    if not isinstance(entry, _Run):
        return StoredFrame(entry.seq, _encode_frame(entry))
    first = bisect_right(entry.seqs, after)
    return StoredRun(entry.turn_id, entry.at, list(entry.seqs[first:]), entry.pieces[first:])


def _restored(stored: StoredRun | StoredFrame) -> Frame | _Run:
    if isinstance(stored, StoredFrame):
        return _decode_frame.decode(stored.json)
    return _Run(stored.turn_id, stored.at, array("q", stored.seqs), stored.pieces)
