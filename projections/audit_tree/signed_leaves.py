"""The leaves of a tenant's tree as they were signed: from its tiles while these bear out what was anchored, then from
the anchors themselves."""

from __future__ import annotations

from application.ports.facts.audit_anchors import AnchoredLeaf, AnchorName, AnchorStore
from application.ports.facts.audit_heads import HeadVerifier
from domain.audit_heads import ForgedHead
from domain.merkle import Edge, complete_root
from projections.audit_tree.findings import Kind, LogFinding, SignedLeaf, Where
from projections.audit_tree.signposts import Signpost, Signposts
from projections.audit_tree.tiles import WIDTH, LeafPlace, SignedHead, newest_heads, places_of, read_tiles, split
from projections.transactions import Pool, looking

MOST_FINDINGS = 100
"""That are named of the tree itself, a tenant; the rest is the same fault."""


class SignedLeaves:
    """Of one tenant, up to its head when the check began. `examine` first, then take them `after` each other."""

    def __init__(
        self, pool: Pool, keys: HeadVerifier, anchors: AnchorStore | None, tenant: str, head: SignedHead | None
    ) -> None:
        self._pool, self._keys, self._anchors, self.tenant = pool, keys, anchors, tenant
        self.size = head.tree_size if head else 0
        self._posts = Signposts(pool, keys, anchors, tenant, self.size)
        self._tiles_upto = self.size
        self._anchored: list[AnchoredLeaf] = []
        self._own: list[LogFinding] = []
        self._sound = Edge()

    @property
    def findings(self) -> list[LogFinding]:
        """What is wrong with heads, anchors and the tree itself."""
        return sorted({*self._posts.findings, *self._own})

    @property
    def anchored(self) -> int:
        """Leaves under the newest anchor."""
        return self._posts.anchored

    async def examine(self) -> None:
        """Walk the tree past every root that was signed or anchored, and see that its upper tiles are made of the
        lower ones."""
        walk = _Walk(self._pool, self.tenant, self.size)
        beyond: list[AnchorName] = []
        async for post in self._posts.along():
            named = post.anchor and AnchorName(post.tree_size, post.anchor)
            if post.anchor and post.head and post.anchor != post.head:
                self._say("altered", post.last_position, "head", _not_of_this(post))
            if post.tree_size > self.size or beyond:
                beyond += [named] if named else []
                continue
            root = await walk.upto(post.tree_size)
            if named and post.anchor != root:
                beyond.append(named)
                self._tiles_upto = self._sound.size
            elif not named and post.head != root:
                self._say("altered", post.last_position, "head", _not_of_this(post))
            else:
                self._sound = Edge(walk.edge.size, walk.edge.nodes)
        if not beyond:
            await walk.upto(self.size)
        for detail in (await walk.finish())[:MOST_FINDINGS]:
            self._say("altered", 0, "tree", detail)
        if beyond and not await self._is_newer(beyond):
            await self._follow(beyond)

    async def _is_newer(self, beyond: list[AnchorName]) -> bool:
        """Whether these are but of heads that were signed since the check began."""
        if beyond[0].tree_size <= self.size:
            return False
        async with looking(self._pool) as connection:
            head = (await newest_heads(connection, [self.tenant])).get(self.tenant)
        return head is not None and head.tree_size >= beyond[-1].tree_size

    async def _follow(self, beyond: list[AnchorName]) -> None:
        """Go on by the anchors' own lists, as far as they lead to the roots that they are named by."""
        assert self._anchors is not None, "these are its"
        edge = Edge(self._sound.size, self._sound.nodes)
        for name in beyond:
            anchor = await self._anchors.get(self.tenant, name)
            if anchor is None or anchor.begin > edge.size or not self._is_signed(anchor.jws, name):
                self._say("altered", 0, "anchor", f"the anchor of {name.tree_size} leaves is damaged or forged")
                break
            leaves = anchor.leaves[edge.size - anchor.begin :]
            for leaf in leaves:
                edge.append(bytes.fromhex(leaf.leaf_hash))
            if edge.root().hex() != name.root_hash:
                self._say("altered", 0, "anchor", f"the anchor of {name.tree_size} leaves lists others")
                break
            self._anchored += leaves
        if self._anchored:
            await self._compare_tiles()

    def _is_signed(self, jws: str, name: AnchorName) -> bool:
        try:
            said = self._keys.read(jws)
        except ForgedHead:
            return False
        return (said.tenant, said.tree_size, said.root_hash) == (self.tenant, name.tree_size, name.root_hash)

    async def _compare_tiles(self) -> None:
        """Name the leaves of the tree in the database that are not those of the anchors."""
        begin, last = self._tiles_upto, self._anchored[-1]
        if begin + len(self._anchored) > self.size:
            detail = f"{begin + len(self._anchored)} leaves are anchored, and the newest head is of {self.size}"
            self._say("truncated", last.position, "head", detail, last.stream)
        index, named = begin, 0
        while index < min(self.size, begin + len(self._anchored)) and named < MOST_FINDINGS:
            kept = await self._from_tiles(index, self.size)
            for signed in kept:
                if index - begin == len(self._anchored):
                    return
                leaf = self._anchored[index - begin]
                if (signed.position, signed.hash.hex()) != (leaf.position, leaf.leaf_hash):
                    self._say(
                        "altered", leaf.position, "tree", "its leaf is not the one that was anchored", leaf.stream
                    )
                    named += 1
                index += 1
            if not kept or (index % WIDTH and index < self.size):
                return  # the tile holds too little, which was said

    async def after(self, index: int) -> list[SignedLeaf]:
        """Some leaves from that index on, in order; none at the end."""
        if index < self._tiles_upto:
            return await self._from_tiles(index, self._tiles_upto)
        rest = self._anchored[index - self._tiles_upto :][:WIDTH]
        return [self._signed(LeafPlace(*leaf_place(leaf)), bytes.fromhex(leaf.leaf_hash)) for leaf in rest]

    async def _from_tiles(self, index: int, end: int) -> list[SignedLeaf]:
        number, begin = divmod(index, WIDTH)
        async with looking(self._pool) as connection:
            places = await places_of(connection, self.tenant, number)
            tiles = await read_tiles(connection, [(self.tenant, (0, number))])
        hashes = split(tiles.get(self.tenant, {}).get((0, number), b""))
        here = list(zip(places, hashes, strict=False))[begin : end - number * WIDTH]
        return [self._signed(place, hash) for place, hash in here]

    def _signed(self, place: LeafPlace, hash: bytes) -> SignedLeaf:
        return SignedLeaf(self.tenant, place.position, f"{self.tenant}/{place.stream}", place.version, hash)

    def _say(self, kind: Kind, position: int, where: Where, detail: str, stream: str = "audit/heads") -> None:
        self._own.append(
            LogFinding(
                tenant_id=self.tenant,
                position=position,
                stream=f"{self.tenant}/{stream}",
                kind=kind,
                where=where,
                detail=detail,
            )
        )


def leaf_place(leaf: AnchoredLeaf) -> tuple[int, str, int]:
    """Where it lies."""
    return leaf.position, leaf.stream, leaf.version


def _not_of_this(post: Signpost) -> str:
    return f"the head of {post.tree_size} leaves is not of this log: what it was signed over was another"


class _Walk:
    """The tree, leaf by leaf from its lowest tiles, tile by tile where no root has to be passed in between."""

    def __init__(self, pool: Pool, tenant: str, size: int) -> None:
        self._pool, self._tenant, self._size = pool, tenant, size
        self.edge = Edge()
        self._hashes: list[bytes] = []
        self._number = -1
        self._above: list[bytes] = []
        self._faults: list[str] = []

    async def upto(self, size: int) -> str:
        """The root (hex) when the tree had that size; empty when the tiles end before."""
        while self.edge.size < size:
            number, begin = divmod(self.edge.size, WIDTH)
            if number != self._number:
                await self._load(number)
            end = min(size - number * WIDTH, WIDTH)
            if end > len(self._hashes):
                return ""
            if (begin, end) == (0, WIDTH):
                self.edge.append(self._above[number], WIDTH.bit_length() - 1)
            else:
                for hash in self._hashes[begin:end]:
                    self.edge.append(hash)
        return self.edge.root().hex()

    async def _load(self, number: int) -> None:
        async with looking(self._pool) as connection:
            found = await read_tiles(connection, [(self._tenant, (0, number))])
        self._number, self._hashes = number, split(found.get(self._tenant, {}).get((0, number), b""))
        if len(self._hashes) == WIDTH:
            self._above.append(complete_root(self._hashes))
        elif len(self._hashes) < min(WIDTH, self._size - number * WIDTH):
            self._faults.append(f"tile 0/{number} holds {len(self._hashes)} leaves, fewer than were signed")

    async def finish(self) -> list[str]:
        """Faults of tiles: those that hold too little, and upper ones that are not made of what is below them."""
        level, below = 1, self._above
        while below:
            for number in range((len(below) + WIDTH - 1) // WIDTH):
                made = below[number * WIDTH : (number + 1) * WIDTH]
                async with looking(self._pool) as connection:
                    found = await read_tiles(connection, [(self._tenant, (level, number))])
                kept = split(found.get(self._tenant, {}).get((level, number), b""))
                if kept[: len(made)] != made:
                    self._faults.append(f"tile {level}/{number} is not made of the tiles below it")
            below = [complete_root(below[n : n + WIDTH]) for n in range(0, len(below) - WIDTH + 1, WIDTH)]
            level += 1
        return self._faults
