"""Takes what was stored into the trees, from the event store's own log, and signs a head for each tree that grew."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.clock import Moment, now, rfc3339
from application.ports.facts.audit_heads import HeadSigner
from application.ports.facts.event_store import EventLog, is_full
from domain.audit_heads import TreeHead, head_hash
from domain.merkle import leaf_hash
from projections.audit import leaf_bytes
from projections.audit_tree.tiles import (
    WIDTH,
    Growing,
    LeafPlace,
    SignedHead,
    edge_tiles,
    newest_heads,
    packed,
    places_of,
    read_tiles,
)
from projections.transactions import Connection, Pool, rows, writing

BATCH = 2_000
MOST_LEAVES = 20_000
"""That are taken in by one transaction, of all tenants of a lane together, and under one head of each."""

POSITION = """
INSERT INTO public.audit_lanes AS l (lane) VALUES (%s)
ON CONFLICT (lane) DO UPDATE SET lane = l.lane RETURNING l.position"""
MOVE = "UPDATE public.audit_lanes SET position = %s WHERE lane = %s AND position = %s"
KEEP_TILE = """
INSERT INTO public.audit_tiles VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant, level, number) DO UPDATE SET hashes = excluded.hashes"""
KEEP_PLACES = """
INSERT INTO public.audit_leaves VALUES (%s, %s, %s, %s)
ON CONFLICT (tenant, number) DO UPDATE SET last_position = excluded.last_position, places = excluded.places"""
KEEP_HEAD = """
INSERT INTO public.audit_heads (tenant, tree_size, root_hash, at, last_position, jws) VALUES (%s, %s, %s, %s, %s, %s)"""


class TreeDamaged(Exception):
    """What is kept of a tree is not what its last head says: nothing is signed on top of it."""


class NewLeaf(msgspec.Struct, frozen=True, array_like=True):
    """A leaf that waits to be taken in."""

    place: LeafPlace
    hash: bytes


class TreeGrowth:
    """One process at a time grows the trees of a lane."""

    def __init__(
        self, log: EventLog, pool: Pool, signer: HeadSigner, clock: Moment = now, most: int = MOST_LEAVES
    ) -> None:
        self._log, self._pool, self._signer, self._clock, self._most = log, pool, signer, clock, most

    async def grow(self, lane: int) -> int:
        """Take in all that the lane has by now; how many leaves that were. `TreeDamaged` when the trees, or the log
        before them, are not what was signed."""
        head, taken = await self._log.head(lane), 0
        while True:
            async with writing(self._pool) as connection:
                position = (await rows(connection, POSITION, (lane,)))[0]["position"]
            if position > head:
                raise TreeDamaged(f"lane {lane} ends at position {head}, and was signed up to {position}")
            leaves, last = await self._read(lane, position, head)
            if not leaves:
                return taken
            await self._take_in(lane, position, last, leaves)
            taken += sum(map(len, leaves.values()))

    async def _read(self, lane: int, after: int, upto: int) -> tuple[dict[str, list[NewLeaf]], int]:
        """The leaves of the next facts by tenant, and the last one's position."""
        found: dict[str, list[NewLeaf]] = {}
        many, more = 0, True
        while more and many < self._most:
            batch = min(BATCH, self._most - many)
            facts = await self._log.read_log(lane, after=after, limit=batch)
            more = is_full(facts, batch)
            for fact in facts:
                if fact.position > upto:
                    return found, after
                tenant, _, stream = fact.stream.partition("/")
                leaf = NewLeaf(LeafPlace(fact.position, stream, fact.version), leaf_hash(leaf_bytes(fact)))
                found.setdefault(tenant, []).append(leaf)
                after = fact.position
            many += len(facts)
        return found, after

    async def _take_in(self, lane: int, position: int, last: int, leaves: dict[str, list[NewLeaf]]) -> None:
        async with writing(self._pool) as connection:
            moved = await connection.execute(MOVE, (last, lane, position))
            if moved.rowcount != 1:
                raise TreeDamaged(f"lane {lane} is grown by another process")
            heads = await newest_heads(connection, list(leaves))
            sizes = {tenant: heads[tenant].tree_size if tenant in heads else 0 for tenant in leaves}
            asked = [(tenant, tile) for tenant, size in sizes.items() for tile in edge_tiles(size)]
            tiles = await read_tiles(connection, asked)
            for tenant, added in leaves.items():
                head = heads.get(tenant)
                tree = _resumed(tenant, head, tiles.get(tenant, {}))
                await self._keep_places(connection, tenant, tree.size, added)
                for leaf in added:
                    tree.append(leaf.hash)
                await self._keep(connection, tenant, head, tree, added[-1].place.position)

    async def _keep_places(self, connection: Connection, tenant: str, size: int, added: Sequence[NewLeaf]) -> None:
        number, begun = divmod(size, WIDTH)
        waiting = await places_of(connection, tenant, number) if begun else []
        if len(waiting) != begun:
            raise TreeDamaged(f"the tree of {tenant} does not say of which facts its last leaves are")
        waiting += [leaf.place for leaf in added]
        pieces = [waiting[n : n + WIDTH] for n in range(0, len(waiting), WIDTH)]
        async with connection.cursor() as cursor:
            await cursor.executemany(
                KEEP_PLACES, [(tenant, number + n, piece[-1].position, packed(piece)) for n, piece in enumerate(pieces)]
            )

    async def _keep(
        self, connection: Connection, tenant: str, before: SignedHead | None, tree: Growing, last_position: int
    ) -> None:
        async with connection.cursor() as cursor:
            await cursor.executemany(
                KEEP_TILE,
                [(tenant, level, number, b"".join(hashes)) for (level, number), hashes in tree.changed.items()],
            )
        at, root = self._clock(), tree.root()
        head = TreeHead(
            tenant=tenant,
            tree_size=tree.size,
            root_hash=root.hex(),
            at=rfc3339(at),
            last_position=last_position,
            previous=head_hash(before.jws) if before else "",
        )
        jws = self._signer.sign(head)
        await connection.execute(KEEP_HEAD, (tenant, tree.size, root, at, last_position, jws))


def _resumed(tenant: str, head: SignedHead | None, tiles: dict[tuple[int, int], bytes]) -> Growing:
    """The tree as its last head left it."""
    try:
        tree = Growing(head.tree_size if head else 0, tiles)
    except ValueError as error:
        raise TreeDamaged(f"the tree of {tenant}: {error}") from None
    if head and tree.root() != head.root_hash:
        raise TreeDamaged(f"the tree of {tenant} is not what its last head says")
    return tree
