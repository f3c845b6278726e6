"""What is known of a turn when it begins: what its steps look at of the session, the question and the assistant."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.citations import MARK
from domain.session.state import Session, Turn
from domain.tenant.events import Assistant
from domain.usage import estimate_tokens

HISTORY_CHARACTERS = 6_000  # of earlier turns, as a helper step sees them
ANSWER_CHARACTERS = 1_500  # of one earlier answer
SUMMARISE_ABOVE_TOKENS = 6_000
KEPT_WHOLE = 2  # turns at the end that are never summarised


class ToolFact(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the assistant may use; `effects` when a call changes something."""

    name: str
    description: str
    effects: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is made from. `turns` counts the answered turns before this one, `history` is their text (newest
    kept), `to_summarise` the older part when it has grown long, up to and including the turn `summarise_through`."""

    question: str
    turns: int = 0
    history: str = ""
    documents: bool = True
    tools: tuple[ToolFact, ...] = ()
    collections: tuple[str, ...] = ()
    instructions: str = ""
    wanted_language: str = ""
    to_summarise: str = ""
    summarise_through: str = ""


def facts_of(
    session: Session,
    turn: Turn,
    assistant: Assistant,
    *,
    documents: bool,
    tools: Sequence[ToolFact] = (),
    collections: Sequence[str] = (),
    wanted_language: str = "",
) -> Facts:
    """The facts of a turn. `documents` says whether there is anything to search, `wanted_language` (BCP 47) is what the
    client asked the answer to be in."""
    answered = [t for t in session.turns if t.answer and t.turn_id != turn.turn_id]
    text, through = _long_past(session, answered)
    return Facts(
        question=turn.text,
        turns=len(answered),
        history=_told(session.summary, answered)[-HISTORY_CHARACTERS:],
        documents=documents,
        tools=tuple(tools),
        collections=tuple(collections),
        instructions=assistant.instructions[:ANSWER_CHARACTERS],
        wanted_language=wanted_language,
        to_summarise=text,
        summarise_through=through,
    )


def _told(summary: str, turns: Sequence[Turn]) -> str:
    said = [f"User: {t.text[:ANSWER_CHARACTERS]}\nAssistant: {_plain(t.answer)[:ANSWER_CHARACTERS]}" for t in turns]
    return "\n".join([f"Earlier: {summary}", *said] if summary else said)


def _plain(answer: str) -> str:
    return MARK.sub("", answer).strip()


def _long_past(session: Session, answered: list[Turn]) -> tuple[str, str]:
    """The turns since the last summary but for the newest, when they are long enough to be worth a new one."""
    ids = [t.turn_id for t in answered]
    begin = ids.index(session.summary_through) + 1 if session.summary_through in ids else 0
    old = answered[begin:-KEPT_WHOLE]
    text = _told(session.summary, old)
    if not old or estimate_tokens(text) < SUMMARISE_ABOVE_TOKENS:
        return "", ""
    return text, old[-1].turn_id
