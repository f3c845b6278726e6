"""A session's latest frames in memory, adjacent deltas in one run; and as bytes, for what outlives the process."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from application.clock import now, rfc3339
from application.sessions.feed_frames import AnyFrame, Created, Delta, Frame, Reset

PIECE_COST = 64
"""Bytes that a piece of text takes besides its characters."""


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


class FrameLog:
    """Frames by their seq, `last` the latest (-1: none yet). `size` is about how many bytes they take."""

    def __init__(self, session_id: str) -> None:
        self._session_id, self.size, self.last = session_id, 0, -1
        self._entries: deque[Frame | _Run] = deque()

    def __iter__(self) -> Iterator[Frame]:
        """Those that are no deltas, the latest first."""
        return (entry for entry in reversed(self._entries) if not isinstance(entry, _Run))

    def add(self, frame: Frame) -> None:
        """The next frame, if it is no delta."""
        self._entries.append(frame)
        self.size += _size(frame)
        self.last = frame.seq

    def add_delta(self, seq: int, frame: Delta) -> None:
        """The next piece of a turn's text."""
        self.size += len(frame.delta) + PIECE_COST
        self.last = seq
        last = self._entries[-1] if self._entries else None
        if isinstance(last, _Run) and last.turn_id == frame.turn_id:
            last.seqs.append(seq)
            last.pieces.append(frame.delta)
        else:
            self._entries.append(_Run(frame.turn_id, rfc3339(now()), array("q", (seq,)), [frame.delta]))

    def forget(self, upto: int) -> None:
        """Drop what is not after a seq; of a run, only all of it."""
        while self._entries and _last_seq(self._entries[0]) <= upto:
            self.size -= _size(self._entries.popleft())

    def since(self, cursor: int) -> list[Frame]:
        """The frames after `cursor`, adjacent deltas merged into one that carries its last seq."""
        if self._entries and isinstance(run := self._entries[-1], _Run) and run.seqs[0] <= cursor + 1:
            return [self._merged(run, cursor)] if run.seqs[-1] > cursor else []  # as nearly always
        frames: list[Frame] = []
        for entry in reversed(self._entries):
            if _last_seq(entry) <= cursor:
                break
            frames.append(self._merged(entry, cursor) if isinstance(entry, _Run) else entry)
        frames.reverse()
        return frames

    def stored(self, after: int) -> bytes:
        """What came after a seq, as bytes."""
        out: list[StoredRun | StoredFrame] = []
        for entry in reversed(self._entries):
            if _last_seq(entry) <= after:
                break
            out.append(_stored(entry, after))
        out.reverse()
        return _encode_tail(out)

    def piece(self, after: int, most: int) -> tuple[bytes, int]:
        """What came next after a seq, as bytes, and its last seq: about `most` bytes, but of one frame all."""
        out: list[StoredRun | StoredFrame] = []
        last, room = after, most
        for entry in self._later(after):
            if isinstance(entry, _Run):
                part = _fitting(entry, after, room)
                out.append(part)
                last, room = part.seqs[-1], room - sum(map(len, part.pieces)) - PIECE_COST * len(part.pieces)
                if last < entry.last:
                    break
            else:
                out.append(_stored(entry, after))
                last, room = entry.seq, room - _size(entry)
            if room <= 0:
                break
        return _encode_tail(out), last

    def _later(self, after: int) -> list[Frame | _Run]:
        found: list[Frame | _Run] = []
        for entry in reversed(self._entries):
            if _last_seq(entry) <= after:
                break
            found.append(entry)
        return found[::-1]

    def take(self, frames: bytes, after: int) -> list[Frame] | None:
        """Add what another log stored, from a seq on, and tell which frames of it are no deltas. None when a newer
        program stored something that is not known here, and all of it is left."""
        try:
            entries = [_restored(stored) for stored in _decode_tail.decode(frames)]
        except msgspec.MsgspecError:
            return None
        new = [entry for entry in entries if _last_seq(entry) > after]
        for entry in new:
            if isinstance(entry, _Run):
                self._take_run(entry, after)
            else:
                self.add(entry)
        return [entry for entry in new if not isinstance(entry, _Run)]

    def _take_run(self, run: _Run, after: int) -> None:
        first = bisect_right(run.seqs, after)
        run.seqs, run.pieces = run.seqs[first:], run.pieces[first:]
        self.size += _size(run)
        self.last = run.last
        last = self._entries[-1] if self._entries else None
        if isinstance(last, _Run) and last.turn_id == run.turn_id:
            last.seqs.extend(run.seqs)
            last.pieces.extend(run.pieces)
        else:
            self._entries.append(run)

    def said_in(self, turn_id: str) -> str:
        """What was said in a turn since it was last begun anew."""
        said: list[str] = []
        for entry in reversed(self._entries):
            if isinstance(entry, _Run) and entry.turn_id == turn_id:
                said.append("".join(entry.pieces))
            elif isinstance(entry, Reset | Created) and entry.turn_id == turn_id:
                break
        return "".join(reversed(said))

    def restore(self, pieces: Iterable[bytes]) -> list[Frame] | None:
        """Put what was stored before all else, and tell which frames of it are no deltas. None when there is nothing,
        or when a newer program stored something that is not known here, and all of it is left."""
        try:
            entries = [_restored(stored) for piece in pieces for stored in _decode_tail.decode(piece)]
        except msgspec.MsgspecError:
            return None
        if not entries:
            return None
        self.last = max(self.last, _last_seq(entries[-1]))
        self._entries.extendleft(reversed(entries))
        self.size += sum(map(_size, entries))
        return [entry for entry in entries if not isinstance(entry, _Run)]

    def _merged(self, run: _Run, cursor: int) -> Delta:
        first = bisect_right(run.seqs, cursor)
        return Delta(
            seq=run.last,
            session_id=self._session_id,
            turn_id=run.turn_id,
            at=run.at,
            delta="".join(run.pieces[first:]) if first < len(run.pieces) - 1 else run.pieces[-1],
        )


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


def _fitting(run: _Run, after: int, room: int) -> StoredRun:
    """As many pieces of a run as there is room for, one at least."""
    first = bisect_right(run.seqs, after)
    end = first
    while end < len(run.pieces) and (end == first or room > 0):
        room -= len(run.pieces[end]) + PIECE_COST
        end += 1
    return StoredRun(run.turn_id, run.at, list(run.seqs[first:end]), run.pieces[first:end])


def _restored(stored: StoredRun | StoredFrame) -> Frame | _Run:
    if isinstance(stored, StoredFrame):
        return _decode_frame.decode(stored.json)
    return _Run(stored.turn_id, stored.at, array("q", stored.seqs), stored.pieces)
