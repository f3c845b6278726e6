"""What a watcher of a session is told: the server frames that carry a seq and can be replayed."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Frame(msgspec.Struct, kw_only=True, tag_field="type"):
    """A frame of a turn. `seq` rises in the session; the feed sets it with `session_id` and `at`."""

    seq: int = 0
    session_id: str = ""
    turn_id: str = ""
    at: str = ""


class Created(Frame, tag="turn.created"):
    """The turn was accepted and is stored."""

    client_id: str


class StepProgress(Frame, tag="turn.step"):
    """A step of the plan begins or is done (`ms` milliseconds)."""

    step: str
    status: str
    model: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    ms: int | UnsetType = UNSET


class FailedOver(Frame, tag="turn.model_failed_over"):
    """Another model goes on from character `at_char`."""

    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    at_char: int


class ServedFromCache(Frame, tag="turn.cache_hit"):
    """The answer comes from a cache."""

    layer: str
    age_s: int
    saved_usd: str
    similarity: float | UnsetType = UNSET


class Cited(Frame, tag="turn.citation"):
    """Mark `[n]` in the text stands for this piece of a document."""

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


class ToolCall(Frame, tag="turn.tool_call"):
    """A tool is running or has run; or it waits for its user to say whether `call` may be made with this input."""

    name: str
    status: str
    ms: int | UnsetType = UNSET
    call: str | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET


class Redacted(Frame, tag="turn.pii_redacted"):
    """Private values were kept from the model: how many of which kind."""

    kinds: dict[str, int]


class Delta(Frame, tag="turn.delta"):
    """More text of the answer; a merged one carries its last seq."""

    delta: str


class Reset(Frame, tag="turn.reset"):
    """Forget the text so far; the answer begins again."""

    reason: str


class Completed(Frame, tag="turn.completed"):
    """The end of a turn, good or cancelled."""

    status: str
    text: str
    citations: list[dict[str, Any]]
    model: str
    cached: str | bool
    usage: dict[str, int]
    cost_usd: str
    ms: int
    ttft_ms: int
    finish_reason: str


class Failed(Frame, tag="turn.failed"):
    """The end of a turn that has no whole answer."""

    error: dict[str, Any]


class BudgetUpdated(Frame, tag="budget.updated"):
    """Where the tenant's budget stands."""

    period: str
    limit_usd: str
    used_usd: str
    state: str


AnyFrame = (
    Created
    | StepProgress
    | FailedOver
    | ServedFromCache
    | Cited
    | ToolCall
    | Redacted
    | Delta
    | Reset
    | Completed
    | Failed
    | BudgetUpdated
)
