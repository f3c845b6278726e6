"""The frames of `chat.v1` as types. Unknown frames and fields of newer servers are passed over."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class Sent(msgspec.Struct, kw_only=True, tag_field="type", omit_defaults=True):
    """The root of what a client says."""


class SessionOpen(Sent, kw_only=True, tag="session.open"):
    """Begin a session, or come back to one and to what followed `after_seq`."""

    id: str | UnsetType = UNSET
    assistant: str = "default"
    session_id: str | None = None
    after_seq: int | None = None


class TurnCreate(Sent, kw_only=True, tag="turn.create"):
    """Say something. `id` is the client's own: a repeated one is the same turn, and never paid twice."""

    id: str
    text: str
    attachments: list[str] = []
    cache: Literal["use", "bypass"] = "use"
    metadata: dict[str, Any] = {}


class TurnCancel(Sent, kw_only=True, tag="turn.cancel"):
    """Stop an answer."""

    id: str | UnsetType = UNSET
    turn_id: str


class ToolConfirm(Sent, kw_only=True, tag="tool.confirm"):
    """Say whether a call that waits may be made."""

    id: str | UnsetType = UNSET
    turn_id: str
    call: str
    allow: bool


class FeedbackCreate(Sent, kw_only=True, tag="feedback.create"):
    """Rate an answer."""

    id: str | UnsetType = UNSET
    turn_id: str
    rating: Literal["up", "down"]
    comment: str = ""


class Ping(Sent, tag="ping"):
    """Is anybody there?"""

    id: str | UnsetType = UNSET


class Frame(msgspec.Struct, kw_only=True, tag_field="type"):
    """The root of what a server says. `seq` rises in a session, `at` is RFC 3339 in UTC."""

    seq: int = 0
    session_id: str = ""
    at: str = ""


class FrameLimits(msgspec.Struct):
    """What may be sent: characters of text, bytes of metadata, levels of nesting."""

    max_text: int
    max_metadata: int
    max_depth: int


class SessionOpened(Frame, tag="session.opened"):
    """The socket watches a session. `history` holds finished turns as `GET .../turns` lists them."""

    assistant: str
    history: list[Any]
    history_next: str | None
    limits: FrameLimits
    client_id: str | UnsetType = UNSET


class Error(Frame, tag="error"):
    """What was sent was refused, or the socket is about to close."""

    code: str
    message: str
    client_id: str | UnsetType = UNSET
    retry_after_s: float | UnsetType = UNSET


class Pong(Frame, tag="pong"):
    """The answer to a ping."""

    client_id: str | UnsetType = UNSET


class AuthExpiring(Frame, tag="session.auth_expiring"):
    """The credentials run out in so many seconds."""

    in_s: int


class SessionDraining(Frame, tag="session.draining"):
    """The server is about to restart; connect again after so many milliseconds."""

    reconnect_after_ms: int


class TurnFrame(Frame, kw_only=True):
    """The root of what is said of a turn."""

    turn_id: str = ""


class Created(TurnFrame, tag="turn.created"):
    """The turn was accepted and is stored."""

    client_id: str


class Step(TurnFrame, tag="turn.step"):
    """A step of the plan begins or is done (`ms` milliseconds)."""

    step: str
    status: str
    model: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    ms: int | UnsetType = UNSET


class FailedOver(TurnFrame, tag="turn.model_failed_over"):
    """Another model goes on from character `at_char`."""

    from_: str = msgspec.field(name="from")
    to: str
    reason: str
    at_char: int


class CacheHit(TurnFrame, tag="turn.cache_hit"):
    """The answer was given before."""

    layer: str
    age_s: int
    saved_usd: str
    similarity: float | UnsetType = UNSET


class Citation(TurnFrame, tag="turn.citation"):
    """Mark `[n]` in the text stands for this piece of a document (code points of its text)."""

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


class ToolCall(TurnFrame, tag="turn.tool_call"):
    """A tool runs or has run; or it waits for a `ToolConfirm` of `call` with this input."""

    name: str
    status: str
    ms: int | UnsetType = UNSET
    call: str | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET


class PiiRedacted(TurnFrame, tag="turn.pii_redacted"):
    """Private values were kept from the model: how many of which kind."""

    kinds: dict[str, int]


class Delta(TurnFrame, tag="turn.delta"):
    """More text of the answer."""

    delta: str


class Reset(TurnFrame, tag="turn.reset"):
    """Forget the text so far; the answer begins again."""

    reason: str


class Completed(TurnFrame, tag="turn.completed"):
    """The end of a turn, good or cancelled. Money is a decimal string in US dollars."""

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


class Failed(TurnFrame, tag="turn.failed"):
    """The end of a turn without a whole answer."""

    error: dict[str, Any]


class BudgetUpdated(TurnFrame, tag="budget.updated"):
    """Where the tenant's budget stands."""

    period: str
    limit_usd: str
    used_usd: str
    state: str


AnyTurnFrame = (
    Created
    | Step
    | FailedOver
    | CacheHit
    | Citation
    | ToolCall
    | PiiRedacted
    | Delta
    | Reset
    | Completed
    | Failed
    | BudgetUpdated
)
AnyFrame = AnyTurnFrame | SessionOpened | Error | Pong | AuthExpiring | SessionDraining
SERVER_FRAMES: dict[str, type[AnyFrame]] = {str(kind.__struct_config__.tag): kind for kind in AnyFrame.__args__}
CLIENT_FRAMES: tuple[type[Sent], ...] = (SessionOpen, TurnCreate, TurnCancel, ToolConfirm, FeedbackCreate, Ping)


class _Kind(msgspec.Struct):
    type: str


_decode = msgspec.json.Decoder(AnyFrame).decode
_kind = msgspec.json.Decoder(_Kind).decode
encode = msgspec.json.Encoder().encode


def read_frame(text: str | bytes) -> AnyFrame | None:
    """A server's frame; None for one of a type that is not known here."""
    return _decode(text) if _kind(text).type in SERVER_FRAMES else None
