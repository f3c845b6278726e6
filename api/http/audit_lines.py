"""The lines of an export of the audit log: facts with their leaves, and last the head with the key that signed it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from application.clock import rfc3339
from application.ports.facts.audit_heads import HeadVerifier
from application.users import Users
from projections.audit_tree.export import AuditExport
from projections.audit_tree.ocsf import ocsf
from projections.audit_tree.tiles import SignedHead
from projections.transactions import Row

Withhold = Callable[[Sequence[Row]], Awaitable[list[Row]]]


async def audit_lines(
    export: AuditExport,
    users: Users,
    keys: HeadVerifier,
    head: SignedHead,
    *,
    after: int = 0,
    shape: str = "jsonl",
    opened: bool = True,
    withhold: Withhold | None = None,
) -> AsyncIterator[bytes]:
    """Page by page, so that a long log needs no more memory than a short one. `shape` `ocsf` has events alone. Facts
    that are not `opened` are sealed for whoever reads the lines, and their actors pseudonyms; `withhold` takes away
    what the reader is not told."""
    async for page in export.facts(head, after=after, opened=opened):
        names = await users.names(head.tenant, (row["actor"] for row in page)) if opened else {}
        for row in await withhold(page) if withhold else page:
            named = row | {"actor": names.get(row["actor"], row["actor"])}
            yield _line(ocsf(named) if shape == "ocsf" else _shown(named))
    if shape != "ocsf":
        yield _line({"head": head_shown(head), "public_key": keys.public_key(head.jws)})


def head_shown(head: SignedHead) -> dict[str, Any]:
    """As `GET /v1/audit/head` has it."""
    at = rfc3339(head.at)
    return {"tree_size": head.tree_size, "root_hash": head.root_hash.hex(), "at": at, "jws": head.jws}


def _shown(row: Row) -> Row:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _line(value: Any) -> bytes:
    return msgspec.json.encode(value) + b"\n"
