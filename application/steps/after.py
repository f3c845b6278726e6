"""The steps that run when the answer is given and nobody waits: title, follow-ups, summary, memory, an incident's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from application.redaction.active_content import inert
from application.steps.facts import Facts
from application.steps.step import Step
from domain.dependence import NOTHING
from domain.event import Event
from domain.session.events import HistorySummarised, SessionRenamed

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Title(msgspec.Struct, frozen=True):
    """What a session is about, in a few words."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class FollowUps(msgspec.Struct, frozen=True):
    """Questions the user may want to ask next."""

    questions: list[Line]


class HistorySummary(msgspec.Struct, frozen=True):
    """What has been said, as far as later turns need it."""

    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=6_000)]


AFTER = (
    Step(
        name="title",
        stage="after",
        depends=NOTHING,
        purpose="What the session is about, in a few words.",
        prompt="""Give the conversation a title of 2 to 7 words in the user's language: its subject, not "question \
about". No quotation marks, no full stop, no names of persons.""",
        reads=("question", "answer"),
        output=Title,
        default=None,
        max_tokens=50,
        timeout_s=10.0,
        when=lambda facts: facts.turns == 0,
    ),
    Step(
        name="follow_ups",
        stage="after",
        depends=NOTHING,
        purpose="What the user may want to ask next.",
        prompt="""Suggest up to 3 questions the user may well ask next, in the user's language and from the user's \
point of view, each under 15 words. Only such as the same documents or tools are likely to answer; nothing answered \
already. None when the answer was a refusal or a greeting.""",
        reads=("question", "answer"),
        output=FollowUps,
        default=FollowUps([]),
        max_tokens=200,
        timeout_s=10.0,
    ),
    Step(
        name="summarise_history",
        stage="after",
        depends=NOTHING,
        purpose="The older part of a long conversation, short enough to go on with.",
        prompt="""Summarise the conversation for an assistant that goes on with it and will no longer see it: what the \
user wants to get done, what was found (with names, numbers and dates exactly), what was decided and what is still \
open. At most 300 words, in the conversation's language. An earlier summary at its beginning is part of it. Leave out \
pleasantries. Do not judge, do not add anything.""",
        reads=("conversation",),
        output=HistorySummary,
        default=None,
        max_tokens=700,
        timeout_s=20.0,
        when=lambda facts: bool(facts.to_summarise),
    ),
)


def facts_after(results: Mapping[str, Any], facts: Facts) -> list[Event]:
    """What the results of these steps change in the session: its title, and what stands for its older turns."""
    title, summary = results.get("title"), results.get("summarise_history")
    found: list[Event] = []
    if isinstance(title, Title) and (text := " ".join(inert(title.title).split())):
        found.append(SessionRenamed(title=text))
    if isinstance(summary, HistorySummary) and facts.summarise_through:
        found.append(HistorySummarised(through_turn=facts.summarise_through, summary=summary.summary.strip()))
    return found
