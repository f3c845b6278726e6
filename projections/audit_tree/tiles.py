"""A tenant's tree in tiles of 256 hashes: its edge, the hash of any complete subtree, the places of its leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from domain.merkle import HASH, Range, Subtree, complete_root, cover, folded
from projections.transactions import Connection, rows

HEIGHT = 8
WIDTH = 1 << HEIGHT
"""Hashes of a tile: those of `WIDTH` subtrees beside each other, each over `WIDTH ** level` leaves."""

TileId = tuple[int, int]
"""(level, number)."""


class LeafPlace(NamedTuple):
    """Where the fact of a leaf lies; `stream` without its tenant."""

    position: int
    stream: str
    version: int


class SignedHead(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `audit_heads`."""

    tenant: str
    tree_size: int
    root_hash: bytes
    at: datetime
    last_position: int
    jws: str
    anchored_at: datetime | None
    locked: bool | None


_places = msgspec.msgpack.Decoder(list[LeafPlace])

HEADS = """
SELECT h.tenant, h.tree_size, h.root_hash, h.at, h.last_position, h.jws, h.anchored_at, h.locked
FROM unnest(%s::text[]) AS t(tenant) CROSS JOIN LATERAL (
  SELECT * FROM public.audit_heads h WHERE h.tenant = t.tenant ORDER BY tree_size DESC LIMIT 1) AS h"""
TILES = """
SELECT t.tenant, t.level, t.number, t.hashes
FROM unnest(%s::text[], %s::smallint[], %s::bigint[]) AS a(tenant, level, number)
JOIN public.audit_tiles AS t USING (tenant, level, number)"""
PLACES = "SELECT places FROM public.audit_leaves WHERE tenant = %s AND number = %s"
PLACED = """
SELECT number, places FROM public.audit_leaves
WHERE tenant = %s AND last_position >= %s ORDER BY last_position LIMIT 1"""


def packed(places: Sequence[LeafPlace]) -> bytes:
    """As they are stored."""
    return msgspec.msgpack.encode(places)


def unpacked(places: bytes) -> list[LeafPlace]:
    """The way back; ValueError when the bytes are damaged."""
    return _places.decode(places)


def split(hashes: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [hashes[n : n + HASH] for n in range(0, len(hashes), HASH)]


def edge_tiles(size: int) -> list[TileId]:
    """The tiles that are not full of a tree of that size."""
    found, level = [], 0
    while size >> (HEIGHT * level):
        count = size >> (HEIGHT * level)
        if count % WIDTH:
            found.append((level, count // WIDTH))
        level += 1
    return found


class Growing:
    """A tree at its right edge, as far as its growth needs it: the tiles that are not full, by level."""

    def __init__(self, size: int, tiles: Mapping[TileId, bytes]) -> None:
        """`tiles` are those of `edge_tiles(size)`; ValueError when they are not there or hold too little."""
        self.size, self.changed = size, dict[TileId, list[bytes]]()
        self._open: dict[int, list[bytes]] = {}
        for level, number in edge_tiles(size):
            count = (size >> (HEIGHT * level)) % WIDTH
            hashes = split(tiles.get((level, number), b""))
            if len(hashes) != count:
                raise ValueError(f"tile {level}/{number} holds {len(hashes)} hashes, not {count}")
            self._open[level] = hashes

    def append(self, leaf_hash: bytes) -> None:
        """One more leaf."""
        level, number, carried = 0, self.size // WIDTH, leaf_hash
        while True:
            hashes = self._open.setdefault(level, [])
            hashes.append(carried)
            self.changed[level, number] = hashes
            if len(hashes) < WIDTH:
                break
            self._open[level] = []
            carried = complete_root(hashes)
            level, number = level + 1, number // WIDTH
        self.size += 1

    def root(self) -> bytes:
        """Of the tree as it is."""
        nodes: list[bytes] = []
        for level in sorted(self._open, reverse=True):
            hashes, begin = self._open[level], 0
            for bit in reversed(range(HEIGHT)):
                if len(hashes) >> bit & 1:
                    nodes.append(complete_root(hashes[begin : begin + (1 << bit)]))
                    begin += 1 << bit
        return folded(nodes)


def tile_of(subtree: Subtree) -> tuple[TileId, int, int]:
    """The tile that a complete subtree is in, and from which of its hashes to which."""
    level, index = subtree
    tile_level, within = divmod(level, HEIGHT)
    begin = index << within
    return (tile_level, begin // WIDTH), begin % WIDTH, begin % WIDTH + (1 << within)


def tiles_of(ranges: Iterable[Range]) -> set[TileId]:
    """All that the roots of these ranges are made from."""
    return {tile_of(subtree)[0] for leaves in ranges for subtree in cover(leaves)}


def range_root(leaves: Range, tiles: Mapping[TileId, bytes]) -> bytes:
    """The root of a range of a proof; ValueError when a tile holds too little."""
    nodes = []
    for subtree in cover(leaves):
        tile, begin, end = tile_of(subtree)
        hashes = split(tiles.get(tile, b"")[begin * HASH : end * HASH])
        if len(hashes) != end - begin:
            raise ValueError(f"tile {tile[0]}/{tile[1]} holds too little")
        nodes.append(complete_root(hashes))
    return folded(nodes)


async def newest_heads(connection: Connection, tenants: Sequence[str]) -> dict[str, SignedHead]:
    """The newest head of each of these tenants that has one."""
    found = [SignedHead(**row) for row in await rows(connection, HEADS, (list(tenants),))]
    return {head.tenant: head for head in found}


async def read_tiles(connection: Connection, asked: Iterable[tuple[str, TileId]]) -> dict[str, dict[TileId, bytes]]:
    """Tiles by tenant; those that are not there are missing."""
    tenants, levels, numbers = [], [], []
    for tenant, (level, number) in asked:
        tenants.append(tenant)
        levels.append(level)
        numbers.append(number)
    found: dict[str, dict[TileId, bytes]] = {}
    for row in await rows(connection, TILES, (tenants, levels, numbers)):
        found.setdefault(row["tenant"], {})[row["level"], row["number"]] = row["hashes"]
    return found


async def places_of(connection: Connection, tenant: str, number: int) -> list[LeafPlace]:
    """Which facts the leaves of a tile are of."""
    found = await rows(connection, PLACES, (tenant, number))
    return unpacked(found[0]["places"]) if found else []


async def leaf_index(
    connection: Connection, tenant: str, position: int, *, or_later: bool = False
) -> tuple[int, LeafPlace] | None:
    """Which leaf of the tenant's tree is of the fact at that position (or at the first one after it)."""
    for row in await rows(connection, PLACED, (tenant, position)):
        for number, place in enumerate(unpacked(row["places"])):
            if place.position == position or (or_later and place.position > position):
                return row["number"] * WIDTH + number, place
    return None
