"""From earlier turns to the messages a model gets: within a budget, and cut so that their beginning stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from application.ports.models.model import Message, Text
from application.redaction.quoting import FENCE, as_data
from application.steps.marks import without_marks
from domain.session.state import Session, Turn
from domain.usage import estimate_tokens


def history_messages(session: Session, budget: int) -> list[Message]:
    """The answered turns behind the summary that fit `budget` tokens, oldest first; then two messages a turn.

    A window that slid would begin elsewhere in each turn, and a provider's prompt cache, which knows a prompt by its
    beginning, would keep nothing of it. So it begins where it may stay for long, and holds half of the budget at least
    where there is so much.
    """
    past, latest = len(session.long_past), session.latest
    first = _first(past, latest, session.summary_through, budget)
    told = [turn for turn in latest[first - past :] if _is_told(turn)]
    messages = _summary(session.summary) if len(told) < past + len(latest) else []
    for turn in told:
        messages.append(Message("user", (Text(turn.text),)))
        messages.append(Message("assistant", (Text(without_marks(turn.answer).strip() or "..."),)))
    return messages


def goes_on(session: Session, at: datetime, within_s: float) -> bool:
    """Whether the last answered turn ended so short a time ago that what a provider kept of it is still there, and that
    another question is likely to follow as soon."""
    last = next((turn for turn in reversed(session.latest) if _is_told(turn)), None)
    if last is None:
        return False
    ended_ms = (UUID(last.turn_id).int >> 80) + last.ms
    return at.timestamp() * 1000 - ended_ms < within_s * 1000


def _is_told(turn: Turn) -> bool:
    return turn.status != "running" and bool(turn.answer)


def _first(past: int, latest: Sequence[Turn], summarised_through: str, budget: int) -> int:
    """Where the window begins, in a session with so many turns before the `latest`: of the places behind which half of
    what can be told is told at least, the one whose number has most factors of two. Such a place stays the best while
    turns are added, until it has to be left behind."""
    tails = [0]  # tokens that are told from each place on, the last place first
    last = past + len(latest)
    for turn in reversed(latest):
        if turn.turn_id == summarised_through:
            return last - len(tails) + 1
        tokens = estimate_tokens(turn.text) + estimate_tokens(turn.answer) if _is_told(turn) else 0
        if tails[-1] + tokens > budget:
            break
        tails.append(tails[-1] + tokens)
    else:
        if not past:
            return 0  # all of it is told
    fit = [last - back for back, tokens in enumerate(tails) if 2 * tokens >= tails[-1]]
    return max(fit, key=lambda place: (place & -place, -place))


def _summary(summary: str) -> list[Message]:
    """What stands for the turns that are no longer told whole."""
    if not summary:
        return []
    told = (Text("What was said before, in short:\n\n"), FENCE[0], Text(f"{as_data(summary)}\n"), FENCE[1])
    return [Message("user", told), Message("assistant", (Text("I remember that."),))]
