"""Merkle trees of RFC 6962: hashes, the edge of a tree that grows, proofs as ranges of leaves, their checks."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH = 32
EMPTY_ROOT = sha256(b"").digest()

Subtree = tuple[int, int]
"""(level, index) of a complete one: the leaves from `index << level`, `1 << level` of them."""
Range = tuple[int, int]
"""Leaves from the first up to, and without, the second."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf), section 2.1."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def folded(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees beside each other, each smaller than the one before; of none: the empty root."""
    if not hashes:
        return EMPTY_ROOT
    *rest, root = hashes
    for left in reversed(rest):
        root = node_hash(left, root)
    return root


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree over a power of two of hashes beside each other."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[n], level[n + 1]) for n in range(0, len(level), 2)]
    return level[0]


class Edge:
    """The right edge of a tree that grows: its complete subtrees, the largest first. It holds O(log n) hashes."""

    __slots__ = ("nodes", "size")

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        self.size, self.nodes = size, list(nodes)

    def append(self, root: bytes, level: int = 0) -> None:
        """One more leaf's hash; or the root of `1 << level` leaves where the tree has a multiple of so many."""
        carried, nodes = self.size >> level, self.nodes
        while carried & 1:
            root = sha256(b"\x01" + nodes.pop() + root).digest()
            carried >>= 1
        nodes.append(root)
        self.size += 1 << level

    def root(self) -> bytes:
        """Of the tree as it is."""
        return folded(self.nodes)


def cover(leaves: Range) -> list[Subtree]:
    """The complete subtrees that a range of a proof is folded from, from left to right."""
    begin, end = leaves
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append((level, begin >> level))
        begin += 1 << level
    return found


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(index, D[size]), section 2.1.1: what each hash of the audit path is the root of, from the leaf upwards."""
    begin, end, found = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """PROOF(old, D[size]), section 2.1.2, in the same way; nothing when the two are one, or the older is empty."""
    if old in (0, size):
        return []
    begin, end, found, whole = 0, size, [], True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        found.append((begin, end))
    return found[::-1]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def includes(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an audit path leads from a leaf's hash to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, reached = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            reached = node_hash(step, reached)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, step)
        place, last = place >> 1, last >> 1
    return last == 0 and reached == root


def is_consistent(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree of `old` leaves begins the other (RFC 9162, section 2.1.4.2)."""
    if old == size or old == 0:
        return not path and (old_root == root if old else True)
    if not 0 < old < size or not path:
        return False
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == root
