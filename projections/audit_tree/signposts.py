"""The roots that were signed and anchored, in the order of size: what a tenant's tree must pass through."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from application.ports.facts.audit_anchors import AnchorName, AnchorStore
from application.ports.facts.audit_heads import HeadVerifier
from domain.audit_heads import ForgedHead, TreeHead, head_hash
from projections.audit_tree.findings import Kind, LogFinding
from projections.transactions import Pool, Row, looking, rows

PAGE = 1_000
CHECKED = 1_000
"""The newest heads, whose signatures are checked one by one: each binds the one before it by its hash, and that all of
those before."""
HEADS = """
SELECT tree_size, root_hash, last_position, jws FROM public.audit_heads
WHERE tenant = %s AND tree_size > %s AND tree_size <= %s ORDER BY tree_size LIMIT %s"""
COUNT = "SELECT count(*) FROM public.audit_heads WHERE tenant = %s AND tree_size <= %s"
_claims = msgspec.json.Decoder(TreeHead).decode


class Signpost(msgspec.Struct, frozen=True, kw_only=True):
    """At so many leaves the tree had these roots: by a head in the database, by an anchor, or by both (hex; empty where
    there is none)."""

    tree_size: int
    head: str = ""
    anchor: str = ""
    last_position: int = 0


class Signposts:
    """Of one tenant, up to a size in the database and without bound in the anchors. What is wrong with heads
    themselves is in `findings` when they have been passed."""

    def __init__(self, pool: Pool, keys: HeadVerifier, anchors: AnchorStore | None, tenant: str, size: int) -> None:
        self._pool, self._keys, self._anchors = pool, keys, anchors
        self._tenant, self._size = tenant, size
        self.findings: list[LogFinding] = []
        self.anchored = 0

    async def along(self) -> AsyncIterator[Signpost]:
        """One after the other."""
        heads, anchors = self._heads(), self._names()
        head, anchor = await anext(heads, None), await anext(anchors, None)
        while head is not None or anchor is not None:
            size = min(found.tree_size for found in (head, anchor) if found is not None)
            post = head if head is not None and head.tree_size == size else Signpost(tree_size=size)
            if head is not None and head.tree_size == size:
                head = await anext(heads, None)
            if anchor is not None and anchor.tree_size == size:
                post = msgspec.structs.replace(post, anchor=anchor.root_hash)
                self.anchored = size
                anchor = await anext(anchors, None)
            yield post

    async def _names(self) -> AsyncIterator[AnchorName]:
        if self._anchors is not None:
            last = 0
            async for name in self._anchors.names(self._tenant):
                if name.tree_size == last:
                    self._say("altered", 0, f"there are two anchors of {last} leaves", "anchor")
                else:
                    yield name
                last = name.tree_size

    async def _heads(self) -> AsyncIterator[Signpost]:
        after = 0
        before: str | None = ""
        async with looking(self._pool) as connection:
            newer = (await rows(connection, COUNT, (self._tenant, self._size)))[0]["count"]
        while True:
            async with looking(self._pool) as connection:
                page = await rows(connection, HEADS, (self._tenant, after, self._size, PAGE))
            for row in page:
                newer, after = newer - 1, row["tree_size"]
                sound = self._look_at(row, before, checked=newer < CHECKED)
                before = row["jws"] if sound else None  # on a forged one nothing can have been signed
                if sound:
                    root = bytes(row["root_hash"]).hex()
                    yield Signpost(tree_size=after, head=root, last_position=row["last_position"])
            if len(page) < PAGE:
                return

    def _look_at(self, row: Row, before: str | None, *, checked: bool) -> bool:
        """Whether a head is what it says, on the one before it."""
        try:
            said = self._keys.read(row["jws"]) if checked else _unchecked(row["jws"])
        except ForgedHead as error:
            self._say("altered", row["last_position"], f"the head of {row['tree_size']} leaves is forged: {error}")
            return False
        shown = (self._tenant, row["tree_size"], bytes(row["root_hash"]).hex(), row["last_position"])
        if (said.tenant, said.tree_size, said.root_hash, said.last_position) != shown:
            old = said.tenant == self._tenant and said.tree_size < row["tree_size"]
            detail = f"one of {said.tree_size} leaves is shown as the head of {row['tree_size']}"
            self._say("truncated" if old else "altered", row["last_position"], detail)
            return False
        if before is not None and said.previous != (head_hash(before) if before else ""):
            detail = f"the head of {row['tree_size']} leaves was signed on another than the one before it"
            self._say("missing", row["last_position"], detail)
        return True

    def _say(self, kind: Kind, position: int, detail: str, where: Any = "head") -> None:
        self.findings.append(
            LogFinding(
                tenant_id=self._tenant,
                position=position,
                stream=f"{self._tenant}/audit/heads",
                kind=kind,
                where=where,
                detail=detail,
            )
        )


def _unchecked(jws: str) -> TreeHead:
    try:
        payload = jws.split(".")[1]
        return _claims(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, msgspec.MsgspecError):
        raise ForgedHead("it is no signed head") from None
