"""Where signed heads are kept outside the database, so that it cannot be set back or written anew unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec


class AnchoredLeaf(msgspec.Struct, frozen=True, array_like=True):
    """Where a leaf's fact lies, and the hash of the leaf (hex)."""

    position: int
    stream: str
    version: int
    leaf_hash: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """A signed head, with the leaves that came since the one before it: `begin` of them were there already."""

    jws: str
    begin: int
    leaves: list[AnchoredLeaf]


class AnchorName(msgspec.Struct, frozen=True, order=True):
    """What an anchor is found by: the size and the root (hex) of its head."""

    tree_size: int
    root_hash: str


class AnchorStore(Protocol):
    """Anchors by tenant. What was put first under a name is what counts, whatever came later.
    `DependencyUnavailable` when it cannot be reached."""

    async def put(self, tenant: str, name: AnchorName, anchor: Anchor) -> bool:
        """Keep it; whether it is locked against removal and change, which not every store can do."""
        ...

    def names(self, tenant: str, *, after: int = 0) -> AsyncIterator[AnchorName]:
        """Of all anchors with more leaves than `after`, in the order of their size; also those that somebody has hidden
        by a deletion since."""
        ...

    async def get(self, tenant: str, name: AnchorName) -> Anchor | None:
        """The anchor; None when there is none that can be read."""
        ...

    async def tenants(self) -> list[str]:
        """Whoever has any."""
        ...


class AnchorHook(Protocol):
    """Tells somebody outside of heads that were signed."""

    async def tell(self, heads: Sequence[str]) -> None:
        """Give them on (compact JWS); `DependencyUnavailable` when that failed: they are told of again."""
        ...
