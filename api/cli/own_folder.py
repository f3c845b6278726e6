"""A folder of one's own becomes a tenant with its documents, so that the second command has an answer out of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import httpx

from api.cli.connection import Patient, checked, credentials
from api.cli.uploading import documents, files_of, upload_all
from application.clock import monotonic
from domain.access import PLATFORM_TENANT

READ_S = 60.0
"""So long the documents are waited for; more of them are read while one may ask already."""
POLL_S = 0.25
ASK = "What is this about?"


def bring(url: str, folder: Path, progress: Callable[[str], None], read_s: float = READ_S) -> Iterator[str]:
    """Bring a folder's files into a tenant of its name, which is made where there is none, and say how to ask it. Files
    that were brought before are not read again."""
    files = files_of([str(folder)])
    if not files:
        raise click.ClickException(f"there are no files in {folder}")
    name = folder.resolve().name
    with httpx.Client(base_url=url, timeout=60, transport=Patient()) as http:
        tenant = _tenant_of(http, name)
        http.auth = credentials(tenant, ["editor"])
        outcomes = list(upload_all(http, files))
        sent = [outcome for outcome in outcomes if outcome.document_id]
        progress(f"{len(sent)} of {len(files)} files of {name} brought")
        waiting = _wait(http, {str(outcome.document_id) for outcome in sent if outcome.status == "pending"}, read_s)
        refused = Counter(outcome.reason for outcome in outcomes if not outcome.document_id)
        refused.update(row["reason"] for row in documents(http, status="failed"))
    if refused:
        told = ", ".join(f"{count} {reason}" for reason, count in refused.most_common())
        yield f"Not read: {told} (`colloquy documents list --tenant {tenant}` says which)"
    if waiting:
        yield f"{waiting} documents are still being read."
    progress(f"{len(sent) - waiting} documents of {name} read")
    yield f'Ask {name}:  colloquy chat --tenant {tenant} "{ASK}"'


def _tenant_of(http: httpx.Client, name: str) -> str:
    operator = credentials(PLATFORM_TENANT, ["operator"])
    known = checked(http.get("/v1/tenants?limit=1000", auth=operator))["tenants"]
    ids = [str(tenant["tenant_id"]) for tenant in known if tenant["name"] == name]
    if ids:
        return ids[0]
    return str(checked(http.post("/v1/tenants", json={"name": name}, auth=operator))["tenant_id"])


def _wait(http: httpx.Client, waiting: set[str], read_s: float) -> int:
    """How many are not read when the time is over."""
    deadline = monotonic() + read_s
    while waiting and monotonic() < deadline:
        time.sleep(POLL_S)
        waiting &= {row["document_id"] for row in documents(http, status="pending")}
    return len(waiting)
