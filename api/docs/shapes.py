"""The shapes of answers that handlers put together as they go, for their description alone; more fields may come."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from api.docs.asyncapi import PastTurn, Tokens, TurnError
from domain.session.events import Citation

TurnStatus = Literal["running", "completed", "cancelled", "failed"]
Json, Csv, Text, Markdown, Lines = (
    "application/json",
    "text/csv",
    "text/plain",
    "text/markdown",
    "application/x-ndjson",
)
Events, Anything = "text/event-stream", "*/*"


class SessionShown(msgspec.Struct):
    """A session."""

    session_id: str
    title: str
    created_at: str
    updated_at: str
    turns: int
    version: int
    user: str


class SessionPage(msgspec.Struct):
    """Sessions, newest first; `next` is the cursor of the rest."""

    sessions: list[SessionShown]
    next: str | None


class TurnShown(msgspec.Struct):
    """A turn: what was asked, what was answered, what it took."""

    turn_id: str
    status: TurnStatus
    question: str
    answer: str
    model: str
    cached: Literal["exact", "semantic"] | bool
    cost_usd: str
    usage: Tokens
    citations: list[Citation]
    created_at: str | None
    finish_reason: str | None
    error: TurnError | UnsetType = UNSET


class TurnPage(msgspec.Struct):
    """Turns, oldest first; `next` is the cursor of the rest."""

    turns: list[TurnShown]
    next: str | None


class Erased(msgspec.Struct):
    """What was erased, and when each store was done. `final`: copies of the database give nothing back either."""

    session_id: str
    erased: bool
    receipt: Any
    erasure_id: str
    final: bool


class PastTurnShown(PastTurn):
    """A turn as it was at a version of its session."""

    created_at: str | None
    version: int


class History(msgspec.Struct):
    """A session as it was at a version."""

    session_id: str
    version: int
    last_version: int
    title: str
    assistant: str
    user: str
    running: str | None
    turns: list[PastTurnShown]
    next: str | None


class Changes(msgspec.Struct):
    """What happened between two versions of a session."""

    session_id: str
    version: int
    last_version: int
    changes: list[dict[str, Any]]
    next: str | None


class ModelCosts(msgspec.Struct):
    """What one model took and cost."""

    model: str
    family: str
    calls: int
    estimated_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: str


class CostSummary(msgspec.Struct):
    """Totals of a range of time; money in US dollars, as decimal strings."""

    currency: Literal["USD"]
    total_usd: str
    saved_usd: str | None
    turns: int | None
    calls: int
    cache: dict[str, Any]
    models: list[ModelCosts]
    as_of: str | None
    lag_events: int


class Point(msgspec.Struct):
    """A sum of an interval and a group."""

    at: str
    key: str
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: str


class CostSeries(msgspec.Struct):
    """Sums per interval and group; `total_usd` is of all, whatever is on the page."""

    currency: Literal["USD"]
    interval: Literal["hour", "day"]
    group_by: str
    series: list[Point]
    total_usd: str
    next: str | None


class CostLine(msgspec.Struct):
    """A request that reached a model."""

    call_id: str
    at: str
    session_id: str
    turn_id: str
    user: str
    step: str
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: str
    price_version: str
    estimated: bool


class CostLines(msgspec.Struct):
    """Lines of the ledger; `next` is the cursor of the rest."""

    lines: list[CostLine]
    next: str | None


class FactShown(msgspec.Struct):
    """A fact of the tenant's log; `leaf_hash` is its leaf's in the tree (RFC 6962, hex)."""

    position: int
    stream: str
    version: int
    kind: str
    at: str
    actor: str
    correlation_id: str
    causation_id: str
    data: Any
    leaf_hash: str


class FactPage(msgspec.Struct):
    """Facts in order; `next` is the cursor of the rest."""

    events: list[FactShown]
    next: str | None


class Content(msgspec.Struct):
    """A document's text, whose code points the offsets of passages count."""

    document_id: str
    text: str


class OpenAiFailure(msgspec.Struct):
    """What went wrong, as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAiError(msgspec.Struct):
    """The body of a failure on the routes that speak OpenAI's API."""

    error: OpenAiFailure


class ChatCompletion(msgspec.Struct):
    """An answer, as OpenAI's clients read it; with `stream` its pieces are server-sent events."""

    id: str
    object: str
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]


class McpAnswer(msgspec.Struct):
    """An answer of the Model Context Protocol, which is JSON-RPC 2.0: a result or an error."""

    jsonrpc: str
    id: str | int | None = None
    result: dict[str, Any] = {}
    error: dict[str, Any] = {}


# By method and path: the media types of the good answer, each with its shape where it is JSON.
SHAPES: dict[tuple[str, str], dict[str, Any]] = {
    ("get", "/v1/sessions"): {Json: SessionPage},
    ("get", "/v1/sessions/{session_id}"): {Json: SessionShown},
    ("delete", "/v1/sessions/{session_id}"): {Json: Erased},
    ("get", "/v1/sessions/{session_id}/turns"): {Json: TurnPage},
    ("get", "/v1/sessions/{session_id}/history"): {Json: History},
    ("get", "/v1/sessions/{session_id}/changes"): {Json: Changes},
    ("get", "/v1/sessions/{session_id}/export"): {Markdown: str, Json: Any},
    ("get", "/v1/costs/summary"): {Json: CostSummary, Csv: str},
    ("get", "/v1/costs/series"): {Json: CostSeries, Csv: str},
    ("get", "/v1/costs/lines"): {Json: CostLines, Csv: str},
    ("get", "/v1/audit/events"): {Json: FactPage, Lines: str},
    ("get", "/v1/audit/export"): {Lines: str},
    ("get", "/v1/documents/{document_id}/text"): {Json: Content, Text: str},
    ("get", "/v1/files/{file_id}/content"): {Anything: str},
    ("post", "/v1/chat/completions"): {Json: ChatCompletion, Events: str},
    ("post", "/mcp"): {Json: McpAnswer},
    ("get", "/metrics"): {Text: str},
}
# Routes whose failures are as OpenAI's clients read them.
OPENAI = ("/v1/chat/completions", "/v1/embeddings", "/v1/models")
# Routes that take a file's bytes, or a file in the field `file` of a form.
RAW = frozenset({("put", "/v1/files/{file_id}/content")})
UPLOADS = frozenset({("post", "/v1/documents"), ("put", "/v1/datasets/{name}"), ("post", "/v1/files")})
