"""Where a client reads on that opens a session, or comes back to it."""

from __future__ import annotations

from application.sessions.feed import SEQ_BITS, start_of
from application.sessions.live_session import LiveSession
from application.sessions.shared_feed import behind_end, conclude, resting_place


def cursor_after(live: LiveSession, seq: int | None) -> int | None:
    """Where a client reads on that has seen what comes up to a seq; None when that cannot be told. One that opens the
    session anew begins with the turn that runs, or behind all that has ended, which it is told as history."""
    if live.run is None:  # else it tells its end by itself
        conclude(live.feed, live.state, live.held.version)
    if seq is not None:
        return behind_end(live.feed, live.state, seq) if knows(live, seq) else None
    running = live.state.running
    return start_of(live.feed, running.turn_id) if running else live.feed.seq


def knows(live: LiveSession, seq: int) -> bool:
    """Whether a client may go on after this seq: it is in the feed, or another process has given it out."""
    if seq <= live.feed.seq:
        return seq >= live.feed.floor
    return seq >> SEQ_BITS <= live.held.version and (live.runs_elsewhere or resting_place(seq) >= 0)
