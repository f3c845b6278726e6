"""What is wrong with a log, named by position and stream, and told apart by what became of each fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from application.ports.facts.event_store import Recorded
from domain.merkle import leaf_hash
from projections.audit import leaf_bytes

Kind = Literal["altered", "missing", "reordered", "inserted", "foreign", "truncated"]
Where = Literal["event", "read_model", "tree", "head", "anchor"]

MOST_COMPARED = 500
"""Facts that are each compared with each leaf they may have been; of more it is only said that they were altered."""


class LogFinding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """`where` is what was tampered with: the fact itself, its row in the read model, the tree as it is kept, a signed
    head, or an anchor. A head's position is that of the last fact it covers."""

    tenant_id: str
    position: int
    stream: str
    kind: Kind
    where: Where = "event"
    detail: str = ""


class SignedLeaf(NamedTuple):
    """A leaf of a tree as it was signed; `stream` with its tenant."""

    tenant: str
    position: int
    stream: str
    version: int
    hash: bytes


class StoredFact(NamedTuple):
    """A fact of the store as it is."""

    lane: int
    position: int
    stream: str
    version: int
    hash: bytes

    @property
    def tenant(self) -> str:
        """Whose it is, by its stream."""
        return self.stream.partition("/")[0]


class Differences(NamedTuple):
    """Leaves that no fact is found for, facts that no leaf is found for (with what they say), and by tenant the
    position of the last fact that stands where it was signed."""

    signed: Sequence[SignedLeaf]
    seen: Sequence[tuple[StoredFact, Recorded]]
    last_sound: dict[str, int]


def told_apart(found: Differences) -> list[LogFinding]:
    """What became of each of them."""
    comparing = len(found.signed) <= MOST_COMPARED and len(found.seen) <= MOST_COMPARED
    telling = _Telling(found.signed)
    for seen, recorded in found.seen:
        telling.of_fact(seen, _origin(recorded, found.signed) if comparing else None)
    telling.of_gone(found.last_sound)
    return sorted(telling.findings.values())


class _Telling:
    """One finding a position of a tenant: the first that explains it."""

    def __init__(self, signed: Sequence[SignedLeaf]) -> None:
        self.findings: dict[tuple[str, int], LogFinding] = {}
        self._signed = signed
        self._by_position = {leaf.position: leaf for leaf in signed}
        self._identities = {(leaf.stream, leaf.version) for leaf in signed}
        self._explained: set[int] = set()

    def of_fact(self, seen: StoredFact, origin: SignedLeaf | None) -> None:
        """A fact that no leaf is found for; `origin` is the leaf whose fact said the same."""
        here = self._by_position.get(seen.position)
        named = here if here is not None and here.tenant == seen.tenant else seen  # by what was signed at that position
        if origin is not None and origin.hash == seen.hash:
            self._say("altered", seen, "the tree says of another position that its leaf is of this fact", "tree")
        elif origin is not None and (origin.tenant != seen.tenant or origin.position != seen.position):
            kind: Kind = "foreign" if origin.tenant != seen.tenant else "reordered"
            self._say(kind, named, f"what it holds is of {origin.stream} at position {origin.position}")
            self._say(kind, origin, f"what it held is in {seen.stream} at position {seen.position}")
            self._explained.add(origin.position)
        elif here is not None and here.tenant != seen.tenant:
            self._say("foreign", seen, f"a fact of {here.stream} was signed here")
            self._say("foreign", here, f"a fact of {seen.stream} is here")
        elif (seen.stream, seen.version) in self._identities - {(here.stream, here.version) if here else ("", 0)}:
            self._say("reordered", named)
        else:
            self._say("inserted" if here is None else "altered", named)
        self._explained.add(seen.position)

    def of_gone(self, last_sound: dict[str, int]) -> None:
        """Leaves whose facts are nowhere: at the end of a log they are its tail, which is named once, where it
        begins."""
        cut: dict[str, list[SignedLeaf]] = {}
        for leaf in self._signed:
            if leaf.position in self._explained:
                continue
            if leaf.position > last_sound.get(leaf.tenant, 0):
                cut.setdefault(leaf.tenant, []).append(leaf)
            else:
                self._say("missing", leaf)
        for tail in cut.values():
            first = min(tail, key=lambda leaf: leaf.position)
            self._say("truncated", first, f"the log ends before it; {len(tail)} facts are gone")

    def _say(self, kind: Kind, thing: SignedLeaf | StoredFact, detail: str = "", where: Where = "event") -> None:
        finding = LogFinding(
            tenant_id=thing.tenant,
            position=thing.position,
            stream=thing.stream,
            kind=kind,
            where=where,
            detail=detail,
        )
        self.findings.setdefault((thing.tenant, thing.position), finding)


def _origin(recorded: Recorded, signed: Sequence[SignedLeaf]) -> SignedLeaf | None:
    """The leaf whose fact said what this one says: elsewhere rather than here."""
    here = None
    for leaf in signed:
        moved = msgspec.structs.replace(recorded, position=leaf.position, stream=leaf.stream, version=leaf.version)
        if leaf_hash(leaf_bytes(moved)) == leaf.hash:
            if leaf.position != recorded.position:
                return leaf
            here = leaf
    return here
