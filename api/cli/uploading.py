"""Many files into a tenant's corpus over HTTP: several at once, then waiting until each can be found or has failed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.cli.connection import checked
from application.clock import monotonic

AT_ONCE = 8
POLL_S = 0.5
STALLED_S = 900.0
STDIN = "-"


class UploadOutcome(msgspec.Struct):
    """What became of a file: `status` is `pending`, `indexed` or `failed` (then `reason` is a public code). `warnings`
    say what of it could not be read."""

    file: str
    document_id: str | None
    status: str
    reason: str | None = None
    detail: str | None = None
    warnings: list[str] = []


def sent_name(file: str) -> str:
    """What a file is called where it goes: from the working directory on, so that the same file is the same each time;
    its own name where it lies elsewhere."""
    inside = os.path.relpath(file)
    return Path(file).name if inside.startswith("..") else inside


def files_of(paths: Sequence[str]) -> list[str]:
    """The files named, and those in folders named, whose own names do not begin with a dot; `-` is standard input.
    OSError when there is none such."""
    found: list[str] = []
    for path in map(Path, paths):
        if str(path) == STDIN:
            found.append(STDIN)
        elif path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.is_file())
            found += [str(p) for p in inside if not any(part.startswith(".") for part in p.relative_to(path).parts)]
        elif path.is_file():
            found.append(str(path))
        else:
            raise FileNotFoundError(f"there is no file or folder {path}")
    return found


def upload_all(client: httpx.Client, files: Iterable[str], collection: str = "") -> Iterator[UploadOutcome]:
    """Send files into a collection, or into none, several at once; each outcome as it comes."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(lambda file: upload(client, file, collection), files)


def upload(client: httpx.Client, file: str, collection: str = "") -> UploadOutcome:
    """Send one file. What comes from standard input has no name, and replaces nothing."""
    query: dict[str, Any] = {"collection": collection} if collection else {}
    try:
        if file == STDIN:
            name, body = "stdin", sys.stdin.buffer.read()
            query["replace"] = False
        else:
            name, body = sent_name(file), Path(file).read_bytes()
        answer = client.post("/v1/documents", params=query, files={"file": (name, body)})
    except OSError as error:
        return UploadOutcome(file, None, "failed", "unreadable", str(error))
    except httpx.TransportError as error:
        return UploadOutcome(file, None, "failed", "dependency_unavailable", str(error))
    if answer.is_success:
        accepted = answer.json()
        return UploadOutcome(file, accepted["document_id"], accepted["status"])
    problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if collection and problem.get("code") == "not_found":
        problem["detail"] = f"there is no collection {collection} that this user may read: see --user, --role, --group"
    return UploadOutcome(file, None, "failed", problem.get("code", f"http_{answer.status_code}"), problem.get("detail"))


def wait_until_read(client: httpx.Client, outcomes: Sequence[UploadOutcome], done: Callable[[float], None]) -> None:
    """Wait until none of the documents is pending, telling how much more is done (1 a document, and parts of it), and
    fill in what became of each. RuntimeError when nothing is done for a quarter of an hour."""
    waiting = {outcome.document_id: outcome for outcome in outcomes if outcome.status == "pending"}
    ours, all_of_them, told, last_change = set(waiting), len(waiting), 0.0, monotonic()
    while ours:
        pending = {row["document_id"]: row for row in documents(client, status="pending")}
        ours &= pending.keys()
        read = all_of_them - len(ours) + sum(_part_of(pending[id]) for id in ours)
        if read > told:
            last_change = monotonic()
            done(read - told)
            told = read
        elif monotonic() - last_change > STALLED_S:
            raise RuntimeError(f"{len(ours)} documents still wait; does `colloquy ingest` run?")
        if ours:
            time.sleep(POLL_S)
    _fill_in(client, outcomes, waiting)


def _part_of(row: dict[str, Any]) -> float:
    """How much of a pending document is done."""
    progress = row["progress"]
    return progress["done"] / progress["total"] if progress["total"] else 0.0


def _fill_in(client: httpx.Client, outcomes: Sequence[UploadOutcome], waiting: Container[str | None]) -> None:
    """What became of each, and which were read but for a part: the newest documents are asked for, down to the oldest
    of ours."""
    ours = {outcome.document_id for outcome in outcomes if outcome.document_id}
    read: dict[str, dict[str, Any]] = {}
    for row in documents(client) if ours else ():
        if row["document_id"] in ours:
            read[row["document_id"]] = row
        if len(read) == len(ours):
            break
    for outcome in outcomes:
        row = read.get(outcome.document_id or "", {})
        if row.get("status") == "failed":
            outcome.status, outcome.reason = "failed", row["reason"]
        elif outcome.document_id in waiting:
            outcome.status = "indexed"
        outcome.warnings = row.get("warnings", [])


def documents(client: httpx.Client, **query: str) -> Iterator[dict[str, Any]]:
    """The tenant's documents, page by page."""
    parameters: dict[str, Any] = {"limit": 1000, **query}
    while True:
        page = checked(client.get("/v1/documents", params=parameters))
        yield from page["documents"]
        if page["next"] is None:
            return
        parameters["cursor"] = page["next"]
