"""Brings signed heads outside the database: into the store of anchors, in order, and to the hook."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

import structlog

from application.acting_tenant import acting_for
from application.ports.facts.audit_anchors import Anchor, AnchoredLeaf, AnchorHook, AnchorName, AnchorStore
from application.tasks import isolated
from domain.refusals import DependencyUnavailable
from projections.audit_tree.tiles import WIDTH, places_of, read_tiles, split
from projections.transactions import Connection, Pool, Row, looking, rows, writing

MOST_HEADS = 500
"""That are brought out in a round; the rest waits for the next."""
AT_ONCE = 4

WAITING = """
SELECT tenant, tree_size, root_hash, jws, (
    SELECT coalesce(max(b.tree_size), 0) FROM public.audit_heads b
    WHERE b.tenant = h.tenant AND b.tree_size < h.tree_size
  ) AS begin
FROM public.audit_heads h WHERE anchored_at IS NULL ORDER BY tenant, tree_size LIMIT %s"""
ANCHORED = """
UPDATE public.audit_heads SET anchored_at = now(), locked = %s WHERE tenant = %s AND tree_size = %s"""
COUNT = "UPDATE public.audit_lanes SET anchors = anchors + %s WHERE lane = (SELECT min(lane) FROM public.audit_lanes)"
ALL_ANCHORED = """
UPDATE public.audit_lanes SET anchored_at = now()
WHERE NOT EXISTS (SELECT FROM public.audit_heads WHERE anchored_at IS NULL)"""
UNTOLD = """
SELECT tenant, tree_size, jws FROM public.audit_heads WHERE told_at IS NULL ORDER BY tenant, tree_size LIMIT %s"""
TOLD = """
UPDATE public.audit_heads SET told_at = now()
WHERE (tenant, tree_size) IN (SELECT * FROM unnest(%s::text[], %s::int8[]))"""

log = structlog.get_logger()


class Rewritten(Exception):
    """The store of anchors holds another history than the database: nothing more is anchored for this tenant."""


class Anchoring:
    """One process at a time brings heads out."""

    def __init__(self, pool: Pool, anchors: AnchorStore, hook: AnchorHook | None) -> None:
        self._pool, self._anchors, self._hook = pool, anchors, hook
        self._room = asyncio.Semaphore(AT_ONCE)

    async def bring_out(self) -> int:
        """Anchor the heads that wait, and tell the hook; how many were anchored. What fails is tried again next time,
        and does not keep other tenants' heads."""
        async with looking(self._pool) as connection:
            waiting = await rows(connection, WAITING, (MOST_HEADS,))
        of_tenants = [list(heads) for _, heads in groupby(waiting, key=lambda head: head["tenant"])]
        counts = await asyncio.gather(*(self._isolated(heads) for heads in of_tenants))
        async with writing(self._pool) as connection:
            await connection.execute(COUNT, (sum(counts),))
            await connection.execute(ALL_ANCHORED)
        if self._hook is not None:
            await self._tell(self._hook)
        return sum(counts)

    async def _isolated(self, heads: Sequence[Row]) -> int:
        done = 0
        async with self._room:
            with isolated("audit_anchor", tenant=heads[0]["tenant"]), acting_for(heads[0]["tenant"]):
                await self._compare(heads[0])
                for head in heads:
                    await self._anchor(head)
                    done += 1
        return done

    async def _compare(self, first: Row) -> None:
        """Whether the anchors end where the database thinks that they do: one that was set back goes on otherwise, and
        would hang a second history on the first."""
        async for name in self._anchors.names(first["tenant"], after=first["begin"]):
            if name != _name(first):
                log.critical("audit_log_rewritten", tenant=first["tenant"], tree_size=name.tree_size)
                raise Rewritten(f"an anchor of {name.tree_size} leaves is not of this history")
            break  # ours, of a round that ended before it could say so

    async def _anchor(self, head: Row) -> None:
        async with looking(self._pool) as connection:
            leaves = await leaves_between(connection, head["tenant"], head["begin"], head["tree_size"])
        anchor = Anchor(jws=head["jws"], begin=head["begin"], leaves=leaves)
        locked = await self._anchors.put(head["tenant"], _name(head), anchor)
        async with writing(self._pool) as connection:
            await connection.execute(ANCHORED, (locked, head["tenant"], head["tree_size"]))

    async def _tell(self, hook: AnchorHook) -> None:
        async with looking(self._pool) as connection:
            untold = await rows(connection, UNTOLD, (MOST_HEADS,))
        if not untold:
            return
        try:
            await hook.tell([row["jws"] for row in untold])
        except DependencyUnavailable as error:
            log.warning("audit_hook_failed", reason=error.detail, heads=len(untold))
            return
        async with writing(self._pool) as connection:
            await connection.execute(TOLD, ([row["tenant"] for row in untold], [row["tree_size"] for row in untold]))


async def leaves_between(connection: Connection, tenant: str, begin: int, end: int) -> list[AnchoredLeaf]:
    """Leaves of a tenant's tree, with where their facts lie."""
    found: list[AnchoredLeaf] = []
    for number in range(begin // WIDTH, (end + WIDTH - 1) // WIDTH):
        places = await places_of(connection, tenant, number)
        tiles = await read_tiles(connection, [(tenant, (0, number))])
        hashes = split(tiles.get(tenant, {}).get((0, number), b""))
        found += [
            AnchoredLeaf(place.position, place.stream, place.version, hash.hex())
            for index, (place, hash) in enumerate(zip(places, hashes, strict=False), number * WIDTH)
            if begin <= index < end
        ]
    return found


def _name(head: Row) -> AnchorName:
    return AnchorName(head["tree_size"], bytes(head["root_hash"]).hex())
