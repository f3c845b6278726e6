"""What is known of a turn when it begins: what its steps look at of the session, the question and the assistant."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import msgspec

from application.steps.marks import without_marks
from domain.session.state import Session, Turn
from domain.tenant.assistant import Assistant

HISTORY_CHARACTERS = 6_000  # of earlier turns, as a helper step sees them
TURN_CHARACTERS = 2_000  # of one question or answer of an earlier turn
SUMMARISE_ABOVE_CHARACTERS = 24_000
SUMMARISE_AT_ONCE_CHARACTERS = 100_000  # of a longer past the oldest part first
KEPT_WHOLE = 2  # turns at the end that are never summarised
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
_LANGUAGE = re.compile(r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*+\Z")


class ToolFact(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the assistant may use; `effects` when a call changes something."""

    name: str
    description: str
    effects: bool = False


class CollectionFact(msgspec.Struct, frozen=True, kw_only=True):
    """A set of documents that may be searched by itself."""

    name: str
    description: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is made from. `turns` counts the answered turns before this one, `history` is their text (newest
    kept), `to_summarise` the older part when it has grown long, up to and including the turn `summarise_through`.
    `attached`: there are files to answer from, beside whatever documents there are."""

    question: str
    turns: int = 0
    history: str = ""
    documents: bool = True
    tools: tuple[ToolFact, ...] = ()
    collections: tuple[CollectionFact, ...] = ()
    instructions: str = ""
    wanted_language: str = ""
    to_summarise: str = ""
    summarise_through: str = ""
    attached: bool = False


def facts_of(
    session: Session,
    turn: Turn,
    assistant: Assistant,
    *,
    documents: bool,
    tools: Sequence[ToolFact] = (),
    collections: Sequence[CollectionFact] = (),
    wanted_language: str = "",
    attached: bool = False,
) -> Facts:
    """The facts of a turn. `documents` says whether there is anything to search, `wanted_language` (BCP 47;
    anything else counts as none) is what the client asked the answer to be in."""
    answered = [t for t in session.latest if t.answer and t.turn_id != turn.turn_id]
    text, through = _long_past(session, answered)
    return Facts(
        question=turn.text,
        turns=len(answered),
        history=_recent(session.summary, answered),
        documents=documents,
        tools=tuple(tools),
        collections=tuple(collections),
        instructions=assistant.instructions[:TURN_CHARACTERS],
        wanted_language=wanted_language if _LANGUAGE.match(wanted_language) else "",
        to_summarise=text,
        summarise_through=through,
        attached=attached,
    )


def _recent(summary: str, answered: Sequence[Turn]) -> str:
    """The newest turns that fit, behind the summary of the older ones."""
    room, begin = HISTORY_CHARACTERS, len(answered)
    while begin and room > 0:
        begin -= 1
        room -= _size(answered[begin])
    return _told(summary, answered[begin:])


def _long_past(session: Session, answered: Sequence[Turn]) -> tuple[str, str]:
    """The turns since the last summary but for the newest, when they are long enough to be worth a new one; and the id
    of the last of them."""
    ids = [t.turn_id for t in answered]
    begin = ids.index(session.summary_through) + 1 if session.summary_through in ids else 0
    old = answered[begin:-KEPT_WHOLE]
    sizes = list(accumulate(map(_size, old)))
    if not sizes or sizes[-1] < SUMMARISE_ABOVE_CHARACTERS:
        return "", ""
    old = old[: max(1, bisect_right(sizes, SUMMARISE_AT_ONCE_CHARACTERS))]
    return _told(session.summary, old), old[-1].turn_id


def _told(summary: str, turns: Sequence[Turn]) -> str:
    said = [
        f"User: {t.text[:TURN_CHARACTERS]}\nAssistant: {without_marks(t.answer[:TURN_CHARACTERS]).strip()}"
        for t in turns
    ]
    return "\n".join([f"Earlier: {summary}", *said] if summary else said)


def _size(turn: Turn) -> int:
    return min(len(turn.text), TURN_CHARACTERS) + min(len(turn.answer), TURN_CHARACTERS)
