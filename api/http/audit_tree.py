"""The audit tree for a tenant's auditors: its signed head, proofs, an export that verifies elsewhere. Each look is a
fact."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from api.http.audit import JSON_LINES, AuditRequest
from api.http.audit_lines import audit_lines
from api.http.withheld import hidden_assistants, withhold
from api.services import Services
from application.clock import rfc3339
from domain.ids import MAX_POSITION
from domain.refusals import InvalidField, InvalidRange, NotFound
from projections.audit_tree.proofs import Inclusion

MOST_DIGITS = 19


class HeadShown(msgspec.Struct, frozen=True, kw_only=True):
    """The newest signed head of the tenant's tree; `jws` says the same and is what counts. `anchored` tells when it
    was brought outside the database, `locked` whether it cannot be removed there."""

    tree_size: int
    root_hash: str
    at: str
    jws: str
    last_position: int
    anchored_at: str | None
    locked: bool | None


class Consistency(msgspec.Struct, frozen=True):
    """RFC 6962's proof, in hex, that one tree begins the other."""

    path: list[str]


@get("/v1/audit/head", permission="audit:read")
async def audit_head(request: AuditRequest, services: NamedDependency[Services]) -> HeadShown:
    """The newest signed head."""
    await _note(request, services, "head")
    head = await services.reads.tree.head(request.user.tenant)
    return HeadShown(
        tree_size=head.tree_size,
        root_hash=head.root_hash.hex(),
        at=rfc3339(head.at),
        jws=head.jws,
        last_position=head.last_position,
        anchored_at=rfc3339(head.anchored_at) if head.anchored_at else None,
        locked=head.locked,
    )


@get("/v1/audit/proof/{position:str}", permission="audit:read")
async def audit_proof(
    request: AuditRequest,
    services: NamedDependency[Services],
    position: FromPath[str],
    tree_size: FromQuery[int | None] = None,
) -> Inclusion:
    """That the fact at a position is in the tree, by an audit path to the root of the tree of that size."""
    if not (position.isascii() and position.isdecimal() and len(position) < MOST_DIGITS):
        raise NotFound
    _check(tree_size)
    await _note(request, services, "proof", position=int(position))
    return await services.reads.tree.inclusion(request.user.tenant, int(position), tree_size)


@get("/v1/audit/consistency", permission="audit:read")
async def audit_consistency(
    request: AuditRequest,
    services: NamedDependency[Services],
    since: Annotated[int, QueryParameter(name="from")],
    until: Annotated[int | None, QueryParameter(name="to")] = None,
) -> Consistency:
    """That the log of `from` facts begins the log of `to` facts."""
    _check(since, until)
    await _note(request, services, "consistency", size=since)
    return Consistency(await services.reads.tree.consistency(request.user.tenant, since, until))


@get("/v1/audit/export", permission="audit:read")
async def audit_export(
    request: AuditRequest,
    services: NamedDependency[Services],
    after: FromQuery[int] = 0,
    shape: Annotated[str, QueryParameter(name="format")] = "jsonl",
) -> Stream:
    """The whole log up to its newest head, as JSON lines that verify without us; as OCSF events for a SIEM."""
    _check(after)
    if shape not in ("jsonl", "ocsf"):
        raise InvalidField("format: jsonl or ocsf.")
    await _note(request, services, "export", position=after)
    head = await services.reads.tree.head(request.user.tenant)
    reads = services.reads
    hidden = await hidden_assistants(services, request.user)
    told = partial(withhold, services, head.tenant, hidden=hidden)
    lines = audit_lines(
        reads.export, services.access.users, reads.head_keys, head, after=after, shape=shape, withhold=told
    )
    headers = {"content-disposition": f'attachment; filename="audit-{head.tree_size}.{shape}"'}
    return Stream(lines, media_type=JSON_LINES, headers=headers)


def _check(*numbers: int | None) -> None:
    if any(number is not None and not 0 <= number < MAX_POSITION for number in numbers):
        raise InvalidRange("A position in the log, or a number of its facts.")


async def _note(request: AuditRequest, services: Services, read: str, position: int = 0, size: int = 0) -> None:
    about = {"read": read} | ({"size": str(size)} if size else {})
    await services.reads.note_audit_read(request.user, position, about)
