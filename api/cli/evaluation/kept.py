"""Figures of earlier runs, a line of JSON each: no texts, which would outlive the documents that they quote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from api.cli.evaluation.figures import Figures
from domain.ids import is_id

FOLDER = "evaluations"
MOST = 1_000


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One assistant's figures for one file of questions, and when. `version` is that of its definition."""

    at: datetime
    questions: str
    version: int
    figures: Figures


def runs_before(folder: Path, tenant: str) -> list[Run]:
    """Of a tenant, the oldest first; what cannot be read is passed over."""
    path, found = _file(folder, tenant), []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            found.append(msgspec.json.decode(line, type=Run))
        except msgspec.MsgspecError:
            continue
    return found


def last_of(runs: Sequence[Run], assistant: str, questions: str) -> Run | None:
    """The newest that asked the same of an assistant of that name."""
    return next((r for r in reversed(runs) if (r.figures.assistant, r.questions) == (assistant, questions)), None)


def keep(folder: Path, tenant: str, before: Sequence[Run], now: Sequence[Run]) -> None:
    """Add runs; the oldest go when they are too many."""
    path = _file(folder, tenant)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(b"".join(msgspec.json.encode(run) + b"\n" for run in [*before, *now][-MOST:]))
    draft.replace(path)


def _file(folder: Path, tenant: str) -> Path:
    if not is_id(tenant):
        raise RuntimeError("a tenant's id is a UUID")
    return folder / FOLDER / f"{tenant}.jsonl"
