"""What auditors ask of a tenant's tree: its signed head, proofs, what the last check of it said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from domain.merkle import HASH, consistency_ranges, inclusion_ranges
from domain.refusals import DependencyUnavailable, InvalidRange, NotFound
from projections.audit_tree.tiles import (
    WIDTH,
    SignedHead,
    leaf_index,
    newest_heads,
    range_root,
    read_tiles,
    tiles_of,
)
from projections.transactions import Connection, Pool, reading, rows

CHECK = "SELECT ok, at, tree_size, detail, findings FROM public.audit_checks WHERE tenant = %s"


class Inclusion(msgspec.Struct, frozen=True, kw_only=True):
    """That the tree of `tree_size` leaves has one with this hash at that index; `path` is RFC 6962's audit path in
    hex."""

    position: int
    leaf_index: int
    tree_size: int
    leaf_hash: str
    path: list[str]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What the last check of a tenant's log came to."""

    ok: bool
    at: datetime
    tree_size: int
    detail: str
    findings: list[dict[str, Any]]


class TreeProofs:
    """Queries, each seeing one tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def head(self, tenant: str) -> SignedHead:
        """The newest signed head; `NotFound` before the first."""
        async with reading(self._pool, tenant) as connection:
            return await _head(connection, tenant)

    async def inclusion(self, tenant: str, position: int, size: int | None = None) -> Inclusion:
        """Of the fact at a position, in the tree of that size or in the newest that is signed; `NotFound` when no leaf
        is of that position, `InvalidRange` for a tree that does not have it yet, or that there is not yet."""
        async with reading(self._pool, tenant) as connection:
            newest = (await _head(connection, tenant)).tree_size
            found = await leaf_index(connection, tenant, position)
            if found is None:
                raise NotFound
            index, size = found[0], newest if size is None else size
            if not index < size <= newest:
                raise InvalidRange(f"tree_size: from {index + 1} to {newest}")
            ranges = inclusion_ranges(index, size)
            leaf_tile = (0, index // WIDTH)
            tiles = await self._tiles(connection, tenant, tiles_of(ranges) | {leaf_tile})
            begin = index % WIDTH * HASH
            return Inclusion(
                position=position,
                leaf_index=index,
                tree_size=size,
                leaf_hash=tiles[leaf_tile][begin : begin + HASH].hex(),
                path=_roots(ranges, tiles),
            )

    async def consistency(self, tenant: str, old: int, size: int | None = None) -> list[str]:
        """That the tree of `old` leaves begins the later one, RFC 6962's proof in hex; `InvalidRange` for trees that
        there are not."""
        async with reading(self._pool, tenant) as connection:
            newest = (await _head(connection, tenant)).tree_size
            size = newest if size is None else size
            if not 0 <= old <= size <= newest:
                raise InvalidRange(f"from and to: trees of at most {newest} leaves, the smaller one first")
            ranges = consistency_ranges(old, size)
            return _roots(ranges, await self._tiles(connection, tenant, tiles_of(ranges)))

    async def last_check(self, tenant: str) -> Check | None:
        """What the last check of the log came to; None before the first."""
        async with reading(self._pool, tenant) as connection:
            found = await rows(connection, CHECK, (tenant,))
        return Check(**found[0]) if found else None

    async def _tiles(
        self, connection: Connection, tenant: str, asked: set[tuple[int, int]]
    ) -> dict[tuple[int, int], bytes]:
        found = (await read_tiles(connection, [(tenant, tile) for tile in asked])).get(tenant, {})
        if missing := asked - set(found):
            raise DependencyUnavailable(f"The audit tree is damaged: {len(missing)} of its tiles are missing.")
        return found


async def _head(connection: Connection, tenant: str) -> SignedHead:
    head = (await newest_heads(connection, [tenant])).get(tenant)
    if head is None:
        raise NotFound("No head of this log has been signed yet: there is one soon after its first fact.")
    return head


def _roots(ranges: list[tuple[int, int]], tiles: dict[tuple[int, int], bytes]) -> list[str]:
    try:
        return [range_root(leaves, tiles).hex() for leaves in ranges]
    except ValueError as error:
        raise DependencyUnavailable(f"The audit tree is damaged: {error}.") from error
