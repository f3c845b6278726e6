"""A feed whose turns may run in another process: what that tells is adopted, what it did not is made up for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.ports.sessions.feed_tail import TailPiece
from application.sessions.end_frames import ended_frame
from application.sessions.feed import END_BIT, FEED_BYTES, SEQ_BITS, SEQ_MASK, TURN_BIT, Feed, begun, created_at
from application.sessions.feed_frames import Cited, Completed, Created, Delta, Failed, Frame, Reset
from domain.session.state import Session, Turn

LATE = 1 << (SEQ_BITS - 2)
"""So far below the next version a turn's end is told that another process had: above all that one may have told."""


def turn_base(version: int) -> int:
    """Below all frames of a turn that was begun, or taken over, when its session was at this version; above all that
    was told before, by whichever process."""
    return version << SEQ_BITS | TURN_BIT


def resting_place(seq: int) -> int:
    """The version of a session for which a process that has none of its frames gives out this seq; -1 for others."""
    return -1 if seq & SEQ_MASK else seq >> SEQ_BITS


class SharedFeed(Feed):
    """One process at a time adds to it; the others adopt that, under the same seqs."""

    def jump(self, seq: int) -> None:
        """What is put next is above this seq."""
        self.seq = max(self.seq, seq)

    def piece(self, after: int, most: int) -> TailPiece:
        """What came next after a seq, about `most` bytes of it; what is no longer here is left out."""
        after = max(after, self.floor)
        frames, last = self._log.piece(after, most)
        return TailPiece(after, last, frames)

    def adopt(self, piece: TailPiece) -> bool:
        """Take over what the process said that runs the turn. False when something is missing before it, or is not
        known here."""
        if piece.last <= self.seq:
            return True
        frames = None if piece.after > self.seq else self._log.take(piece.frames, self.seq)
        if frames is None:
            return False
        self._turns.extend(frame.seq - 1 for frame in frames if isinstance(frame, Created))
        self.seq = self.mirrored = self._tail_end = piece.last
        if self._log.size > FEED_BYTES:
            self.let_go(FEED_BYTES * 3 // 4)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        return True

    def go_on_from(self, seq: int) -> None:
        """Nothing is missing up to there: the process that runs the turn goes on behind it."""
        if not self.seq:
            self.floor = seq
        self.seq = self.mirrored = self._tail_end = max(self.seq, seq)

    def fall_back(self) -> None:
        """Another process runs the turn: what it says next comes after what is known here."""
        self.seq = self.mirrored = self._tail_end = max(self._log.last, 0)

    def conclude(self, frames: Sequence[Frame], seq: int) -> None:
        """Tell the end of a turn that another process told, above `seq`; what is said here is no part of any tail."""
        self.jump(seq)
        for frame in frames:
            self.put(frame)
        self.mirrored = self._tail_end = self.seq

    def begin(self, version: int, turn: Turn) -> None:
        """A turn has just been begun or taken over here, which brought the session to this version. Nothing is told of
        a turn before its `turn.created`: where the one of a turn that is taken over is lost, it comes again."""
        self.jump(turn_base(version - 1))
        if begun(self) != turn.turn_id:
            self.put(_created(turn))

    def adopt_all(self, pieces: Sequence[TailPiece]) -> None:
        """Adopt what of these is new, up to the first gap."""
        for piece in pieces:
            self.adopt(piece)

    def said_in(self, turn_id: str) -> str:
        """What was said in a turn since it was last begun anew."""
        return self._log.said_in(turn_id)


def feed_from(session_id: str, state: Session, version: int, pieces: Sequence[TailPiece]) -> SharedFeed:
    """The feed of a session that was loaded at a version, with what other processes left of it if that has the latest
    turn: an older tail would withhold the rest from whoever goes on by it."""
    feed, turn = SharedFeed(session_id, version), state.last
    if turn is None:
        return feed
    feed.restore(pieces)
    if not feed.tells(turn.turn_id, ended=False):
        feed = SharedFeed(session_id, version)
        if turn.status == "running":
            # Its frames are lost, or not here yet: whoever runs it goes on from anywhere, or begins the answer again.
            feed.floor = 0
    else:
        conclude(feed, state, version)
    if turn.status == "running":
        feed.fall_back()
    return feed


def tells_latest(feed: Feed, state: Session) -> bool:
    """Whether it tells how the latest turn has ended, or that it runs."""
    turn = state.last
    return turn is None or feed.tells(turn.turn_id, ended=turn.status != "running")


def conclude(feed: SharedFeed, state: Session, version: int) -> None:
    """Tell the end of the latest turn as it is stored, if it has one that the feed does not tell."""
    turn = state.last
    if turn and turn.status != "running" and not feed.tells(turn.turn_id, ended=True):
        created = [] if begun(feed) == turn.turn_id else [_created(turn)]
        feed.conclude([*created, *_told_again(turn)], (version << SEQ_BITS) - LATE)


def behind_end(feed: SharedFeed, state: Session, seq: int) -> int | None:
    """The cursor of somebody who has seen up to `seq`, where another process ended a turn with it: behind that turn's
    end, however it is told here, for nobody is told it twice. So is somebody who rests at a version: by then that turn
    had ended. `seq` itself where it says nothing of the kind; None where it cannot be told which turn it was."""
    if (version := resting_place(seq)) >= 0:
        return end_before(feed, turn_base(version)) or seq
    if not seq & END_BIT or holds_end(feed, seq) or not state.last:
        return seq
    if (next_turn := feed.begun_after(seq)) is not None:
        return next_turn
    end = first_end_after(feed, seq)
    if end is None:
        return seq
    created = created_at(feed, end.turn_id)
    return end.seq if created is not None and created <= seq else None


def holds_end(feed: Feed, seq: int) -> bool:
    """Whether the frame of this seq is here, and ends a turn."""
    return any(frame.seq == seq and isinstance(frame, Completed | Failed) for frame in feed.frames)


def first_end_after(feed: Feed, seq: int) -> Completed | Failed | None:
    """The first frame after a seq that ends a turn."""
    found = [frame for frame in feed.frames if frame.seq > seq and isinstance(frame, Completed | Failed)]
    return found[-1] if found else None


def end_before(feed: Feed, seq: int) -> int:
    """The seq of the last frame before another that ends a turn, if it was told at the same version; else 0."""
    told = (frame.seq for frame in feed.frames if frame.seq < seq and isinstance(frame, Completed | Failed))
    last = next(told, 0)
    return last if last >> SEQ_BITS == seq >> SEQ_BITS else 0


def _created(turn: Turn) -> Created:
    return Created(turn_id=turn.turn_id, client_id=turn.client_id)


def _told_again(turn: Turn) -> list[Frame]:
    """The end of a turn for whoever may have seen any part of it."""
    frames: list[Frame] = [Reset(reason="resumed")]
    if turn.answer:
        frames.append(Delta(delta=turn.answer))
    frames += [Cited(**msgspec.structs.asdict(cited)) for cited in turn.citations]
    frames.append(ended_frame(turn))
    for frame in frames:
        frame.turn_id = turn.turn_id
    return frames
