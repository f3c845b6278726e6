"""What the HTTP routes give, as types. Money is exact: decimal strings become `Decimal`."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Passage(msgspec.Struct, kw_only=True):
    """A piece of a document that was found; `start` and `end` are code points of the document's text."""

    document_id: str
    title: str
    text: str
    start: int
    end: int
    score: float
    page: int | None = None
    row: int | None = None
    heading: str = ""


class Found(msgspec.Struct):
    passages: list[Passage]


class DocumentProgress(msgspec.Struct, kw_only=True):
    """How far a pending document is: `waiting`, `reading`, `embedding` (`done` of `total` passages)."""

    stage: str
    done: int = 0
    total: int = 0


class Document(msgspec.Struct, kw_only=True):
    """A document: `pending`, `indexed` (it can be found, but for what `warnings` say), or `failed` for a `reason`. One
    that a later `version` replaced, at `replaced_at`, can be opened and is found no more."""

    document_id: str
    status: str
    title: str = ""
    reason: str | None = None
    passages: int | None = None
    warnings: list[str] = []
    encoding: str | None = None
    collection: str | None = None
    version: int = 1
    replaced_at: str | None = None
    progress: DocumentProgress | None = None


class ModelCosts(msgspec.Struct, kw_only=True):
    """What one model took and cost."""

    model: str
    family: str
    calls: int
    estimated_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: Decimal


class Costs(msgspec.Struct, kw_only=True):
    """Totals of a range of time, as far as the read model has come (`lag_events` are still to be counted)."""

    currency: str
    total_usd: Decimal
    saved_usd: Decimal
    turns: int
    calls: int
    cache: dict[str, int]
    models: list[ModelCosts]
    as_of: str | None = None
    lag_events: int = 0


class ProblemDocument(msgspec.Struct, kw_only=True):
    title: str = ""
    detail: str = ""
    code: str = "internal"
    trace_id: str = ""
