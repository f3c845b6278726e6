"""Trees and proofs are those of RFC 6962, as its text defines them, leaf for leaf."""

from __future__ import annotations

import random
from collections.abc import Sequence
from hashlib import sha256

from domain.merkle import (
    EMPTY_ROOT,
    Edge,
    Range,
    consistency_ranges,
    cover,
    folded,
    includes,
    inclusion_ranges,
    is_consistent,
    leaf_hash,
)
from projections.audit_tree.tiles import WIDTH, Growing, edge_tiles, range_root, tiles_of

Hashes = Sequence[bytes]


def split(size: int) -> int:
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def root_of(leaves: Hashes) -> bytes:
    """MTH, section 2.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = split(len(leaves))
    return sha256(b"\x01" + root_of(leaves[:k]) + root_of(leaves[k:])).digest()


def path_of(index: int, leaves: Hashes) -> list[bytes]:
    """PATH, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path_of(index, leaves[:k]), root_of(leaves[k:])]
    return [*path_of(index - k, leaves[k:]), root_of(leaves[:k])]


def proof_of(old: int, leaves: Hashes, whole: bool = True) -> list[bytes]:
    """SUBPROOF, section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*proof_of(old, leaves[:k], whole), root_of(leaves[k:])]
    return [*proof_of(old - k, leaves[k:], False), root_of(leaves[:k])]


def leaves_of(many: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(many)]


def test_the_rfcs_own_examples() -> None:
    """The test vectors of Certificate Transparency's reference implementation."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    edge = Edge()
    for text in inputs:
        edge.append(leaf_hash(bytes.fromhex(text)))
    assert edge.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert Edge().root() == EMPTY_ROOT == sha256(b"").digest()


def test_small_trees_have_the_roots_and_proofs_of_the_definition() -> None:
    leaves, edge = leaves_of(40), Edge()
    for size in range(1, len(leaves) + 1):
        edge.append(leaves[size - 1])
        grown, root = leaves[:size], root_of(leaves[:size])
        assert edge.root() == root

        def roots(ranges: list[Range], grown: Hashes = grown) -> list[bytes]:
            return [folded([root_of(grown[i << level : (i + 1) << level]) for level, i in cover(r)]) for r in ranges]

        for index in range(size):
            path = roots(inclusion_ranges(index, size))
            assert path == path_of(index, grown)
            assert includes(index, size, leaves[index], path, root)
            assert not includes(index, size, leaves[index - 1], path, root) or size == 1
            assert not includes(index + 1, size, leaves[index], path, root)
        for old in range(1, size + 1):
            proof, old_root = roots(consistency_ranges(old, size)), root_of(leaves[:old])
            assert proof == proof_of(old, grown)
            assert is_consistent(old, size, old_root, root, proof)
            assert not is_consistent(old, size, leaf_hash(old_root), root, proof)
            assert not is_consistent(old, size, old_root, root, [*proof, root])
            assert not proof or not is_consistent(old, size, old_root, root, proof[1:])


def test_a_tree_in_tiles_is_the_same_tree_whenever_it_is_taken_up_again() -> None:
    """Its edge alone is loaded; proofs of any earlier size come from the tiles of today."""
    draw, size = random.Random(6962), 2 * WIDTH * WIDTH + 3 * WIDTH + 77
    leaves, tiles, grown, edge = leaves_of(size), dict[tuple[int, int], bytes](), 0, Edge()
    roots: dict[int, bytes] = {}
    while grown < size:
        tree = Growing(grown, {tile: tiles[tile] for tile in edge_tiles(grown)})
        grown = min(size, grown + draw.choice((1, 3, WIDTH, 5 * WIDTH + 9, WIDTH * WIDTH)))
        for leaf in leaves[tree.size : grown]:
            tree.append(leaf)
            edge.append(leaf)
        tiles |= {tile: b"".join(hashes) for tile, hashes in tree.changed.items()}
        roots[grown] = edge.root()
        assert tree.root() == edge.root()
    for some in draw.sample(sorted(roots), min(30, len(roots))):
        index, old = draw.randrange(some), draw.choice([small for small in roots if small <= some])
        asked = inclusion_ranges(index, some)
        assert len(tiles_of(asked)) <= 8, "a proof is made of few tiles, however long the log"
        assert includes(index, some, leaves[index], [range_root(r, tiles) for r in asked], roots[some])
        proof = [range_root(r, tiles) for r in consistency_ranges(old, some)]
        assert is_consistent(old, some, roots[old], roots[some], proof)
