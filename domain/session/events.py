"""What can happen in a session. Token deltas are never events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from domain.dependence import Audience
from domain.event import Event, topic
from domain.usage import Usage

FinishReason = Literal["stop", "length", "content_filter", "incomplete"]
"""How an answer ended: whole; cut by a limit of tokens or context; held back by the provider or a guardrail; or in any
other way that is no good end."""


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Mark `n` in an answer: the document's text at code points `start..end`, which is `quote`. `page` (or slide),
    `row` and `heading` say where that stands, as far as the document has such places."""

    n: int
    document_id: str
    title: str
    quote: str
    start: int
    end: int
    score: float
    page: int | None = None
    row: int | None = None
    heading: str = ""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document, with its place in the document's extracted text (code points) and its score; the page, the
    row and the heading are those where it begins. Of a table each line is a row."""

    passage_id: str
    document_id: str
    title: str
    text: str
    start: int
    end: int
    score: float
    page: int | None = None
    row: int | None = None
    heading: str = ""


@topic("session.opened.1")
class SessionOpened(Event, frozen=True, kw_only=True):
    """A member began a session with an assistant."""

    user: str
    assistant: str


@topic("session.renamed.1", private=True)
class SessionRenamed(Event, frozen=True, kw_only=True):
    """The session has a title: its user's choice, or one that was found for it, which never replaces the user's."""

    title: str
    chosen: bool = False


@topic("session.forked.1")
class SessionForked(Event, frozen=True, kw_only=True):
    """The session goes on from another one of its user's, as that was at a version; copies of its turns follow."""

    of: str
    version: int


@topic("turn.copied.1", private=True)
class TurnCopied(Event, frozen=True, kw_only=True):
    """A turn of another session, as it ended there, was made known here. It was asked, answered and paid for there.
    `of_turn` is the turn
    whose answer it is."""

    turn_id: str
    of_turn: str
    asked_at: datetime
    text: str
    status: Literal["completed", "cancelled", "failed"] = "completed"
    answer: str = ""
    attachments: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    model: str = ""
    cached: str = ""
    finish_reason: str = ""
    error_code: str = ""
    error_message: str = ""


@topic("session.closed.1")
class SessionClosed(Event, frozen=True, kw_only=True):
    """No more turns."""


@topic("session.erased.1")
class SessionErased(Event, frozen=True, kw_only=True):
    """What was said is gone for good; what it cost is not."""

    reason: str = ""


@topic("turn.started.1", private=True)
class TurnStarted(Event, frozen=True, kw_only=True):
    """A question was accepted and will end in exactly one of completed, cancelled, failed. `instructions` are what the
    client's program asks of the answer; `collections` are those whose documents it may be answered from (the empty name
    stands for documents in none)."""

    turn_id: str
    client_id: str
    text: str
    attachments: tuple[str, ...] = ()
    use_cache: bool = True
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    instructions: str = ""
    collections: tuple[str, ...] = ("",)


@topic("turn.resumed.1")
class TurnResumed(Event, frozen=True, kw_only=True):
    """Another process took the turn over; whoever ran it before is fenced off by this version."""

    turn_id: str
    by: str


@topic("passages.retrieved.1", private=True)
class PassagesRetrieved(Event, frozen=True, kw_only=True):
    """What the corpus had to say, best first, numbered from 1 in the prompt."""

    turn_id: str
    passages: tuple[Passage, ...]
    ms: int = 0


@topic("attachments.read.1", private=True)
class AttachmentsRead(Event, frozen=True, kw_only=True):
    """What the files that are attached to a turn say, as far as it goes into its prompt, and `notes` of what does not.
    Of a passage of a file `document_id` is the file's id."""

    turn_id: str
    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()


@topic("step.run.1", private=True)
class StepRun(Event, frozen=True, kw_only=True):
    """A step of the plan is done. `result` is its output as JSON, reused when the turn is resumed; `reason` is the
    router's. `safe_default` when the model's output could not be used and the step's default stands in."""

    turn_id: str
    step: str
    model: str = ""
    reason: str = ""
    ms: int = 0
    result: str = ""
    safe_default: bool = False


@topic("model.failed_over.1")
class ModelFailedOver(Event, frozen=True, kw_only=True):
    """The answer went on with another model, after `at_char` characters had been shown."""

    turn_id: str
    from_model: str
    to_model: str
    reason: str
    at_char: int = 0


@topic("cache.hit.1")
class CacheHit(Event, frozen=True, kw_only=True):
    """The answer came from a cache: `exact` or `semantic`; `saved_usd` is what it would have cost."""

    turn_id: str
    layer: str
    age_s: int
    saved_usd: Decimal
    similarity: float = 1.0
    source_turn: str = ""


@topic("cache.missed.1")
class CacheMissed(Event, frozen=True, kw_only=True):
    """Both caches were asked and had no answer."""

    turn_id: str


@topic("tool.called.1", private=True)
class ToolCalled(Event, frozen=True, kw_only=True):
    """A tool ran for the model. `key` names the one execution of a tool with effects; before such a one runs, the same
    fact is stored with the status `started`."""

    turn_id: str
    key: str
    name: str
    input: str
    output: str
    status: str
    ms: int = 0


@topic("tool.confirmation_asked.1", private=True)
class ToolConfirmationAsked(Event, frozen=True, kw_only=True):
    """A tool asks its user first. `key` names the call, as in `ToolCalled`."""

    turn_id: str
    key: str
    name: str
    input: str


@topic("tool.confirmed.1", private=True)
class ToolConfirmed(Event, frozen=True, kw_only=True):
    """Whether a call that waited may be made, and who said so; nobody (`by` is empty) when there was no answer in
    time."""

    turn_id: str
    key: str
    allow: bool
    by: str = ""


@topic("pii.redacted.1")
class PiiRedacted(Event, frozen=True, kw_only=True):
    """Private values were kept from the model: kinds and counts, never the values."""

    turn_id: str
    kinds: dict[str, int]


@topic("file.attached.1", private=True)
class FileAttached(Event, frozen=True, kw_only=True):
    """A member added a file to the session."""

    file_id: str
    name: str


@topic("history.summarised.1", private=True)
class HistorySummarised(Event, frozen=True, kw_only=True):
    """The turns up to and including `through_turn` are, for the model, this summary."""

    through_turn: str
    summary: str


@topic("turn.completed.1", private=True)
class TurnCompleted(Event, frozen=True, kw_only=True):
    """The answer has ended. `cost_usd` and `usage` hold what the turn took up to here. `audience` is to whom the answer
    may be given again. Facts from before there was a `finish_reason` say `truncated` at most."""

    turn_id: str
    text: str
    citations: tuple[Citation, ...] = ()
    model: str = ""
    cached: str = ""
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    ms: int = 0
    ttft_ms: int = 0
    truncated: bool = False
    finish_reason: FinishReason | None = None
    audience: Audience = "nobody"

    @property
    def finish(self) -> FinishReason:
        """How it ended, as far as it was noted."""
        return self.finish_reason or ("length" if self.truncated else "stop")


@topic("turn.follow_up_due.1")
class FollowUpDue(Event, frozen=True, kw_only=True):
    """A completed turn has steps that follow it, for which nobody waits; whoever stores this does them. `tries` counts
    the processes that began."""

    turn_id: str
    tries: int = 1


@topic("turn.followed_up.1")
class FollowedUp(Event, frozen=True, kw_only=True):
    """What followed a turn is done, or left for good."""

    turn_id: str


@topic("turn.cancelled.1", private=True)
class TurnCancelled(Event, frozen=True, kw_only=True):
    """Its user stopped it; `text` is what had been shown."""

    turn_id: str
    text: str = ""
    citations: tuple[Citation, ...] = ()
    model: str = ""
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    ms: int = 0
    ttft_ms: int = 0


@topic("turn.failed.1", private=True)
class TurnFailed(Event, frozen=True, kw_only=True):
    """It ended without a whole answer; `text` is what had been shown."""

    turn_id: str
    code: str
    message: str
    retryable: bool
    text: str = ""
    trace_id: str = ""


@topic("feedback.given.1", private=True)
class FeedbackGiven(Event, frozen=True, kw_only=True):
    """A member rated a turn."""

    turn_id: str
    rating: str
    comment: str = ""
