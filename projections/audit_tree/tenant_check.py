"""A tenant's facts beside its signed leaves and its rows of the read model, a stretch at a time."""

from __future__ import annotations

from collections.abc import Mapping

from projections.audit_tree.findings import Kind, LogFinding, SignedLeaf, StoredFact, Where
from projections.audit_tree.signed_leaves import SignedLeaves
from projections.transactions import Pool, Row, looking, rows

MOST = 2_000
"""Differences of a kind that are kept; more are the same fault."""

READ_MODEL = """
SELECT position, stream, version, leaf_hash, sha256('\\x00'::bytea || leaf) AS made FROM projections.audit_events
WHERE tenant = %s AND position > %s AND position <= %s ORDER BY position LIMIT %s"""
PAGE = 5_000


class TenantCheck:
    """Facts are taken in the order of the log, compared now and then, and what is left in the end is a difference:
    `gone` leaves without a fact, `extra` facts without a leaf, `unknown` rows of the read model without a fact."""

    def __init__(self, pool: Pool, leaves: SignedLeaves) -> None:
        self._pool, self.leaves, self.tenant = pool, leaves, leaves.tenant
        self.gone: list[SignedLeaf] = []
        self.extra: list[StoredFact] = []
        self.last_sound = self.events = 0
        self.lane = -1
        self.unknown: list[Row] = []
        self._rows: list[LogFinding] = []
        self._waiting: list[StoredFact] = []
        self._tail: list[StoredFact] = []
        self._signed: list[SignedLeaf] = []
        self._index = 0
        self._compared = self._last = 0

    @property
    def findings(self) -> list[LogFinding]:
        """What is wrong beside the facts themselves."""
        return [*self._rows, *self.leaves.findings]

    def take(self, seen: StoredFact, *, signed: bool) -> None:
        """The next fact; `signed` says whether the tree should have it."""
        self.lane = seen.lane
        self.events += 1
        (self._waiting if signed else self._tail).append(seen)

    async def compare(self, progress: Mapping[int, int]) -> None:
        """Compare what waits."""
        taken = [*self._waiting, *self._tail]
        if taken:
            await self._compare_rows(taken, min(taken[-1].position, progress.get(self.lane, 0)))
            self._last = taken[-1].position
        for seen in self._waiting:
            await self._meet(seen)
        self._waiting, self._tail = [], []

    async def _meet(self, seen: StoredFact) -> None:
        while await self._more() and self._signed[0].position < seen.position:
            self._lose(self._signed.pop(0))
        if self._signed and self._signed[0].position == seen.position:
            leaf = self._signed.pop(0)
            if leaf.hash == seen.hash:
                self.last_sound = seen.position
                return
            self._lose(leaf)
        if len(self.extra) < MOST:
            self.extra.append(seen)

    async def _more(self) -> bool:
        if not self._signed:
            self._signed = await self.leaves.after(self._index)
            self._index += len(self._signed)
        return bool(self._signed)

    def _lose(self, leaf: SignedLeaf) -> None:
        if len(self.gone) < MOST:
            self.gone.append(leaf)

    async def finish(self) -> None:
        """What was signed and has not been met is gone; and so is what the read model alone still has."""
        while len(self.gone) < MOST and await self._more():
            self._lose(self._signed.pop(0))
        signed = {leaf.position for leaf in self.gone}
        alone = [row for row in self.unknown if row["position"] not in signed]
        cut = [row for row in alone if row["position"] > self._last]
        for row in alone[: len(alone) - len(cut)]:
            self._say("missing", row["position"], row["stream"], "event", "the read model has it")
        if cut and not signed:
            detail = f"the log ends before it; the read model has {len(cut)} facts more"
            self._say("truncated", cut[0]["position"], cut[0]["stream"], "event", detail)

    async def end_lane(self, progress: int) -> None:
        """The read model may know of facts that the store ends before."""
        await self._compare_rows([], progress)

    async def _compare_rows(self, taken: list[StoredFact], upto: int) -> None:
        seen = {fact.position: fact for fact in taken if fact.position <= upto}
        unsigned = {fact.position for fact in self._tail}
        while self._compared < upto:
            async with looking(self._pool) as connection:
                found = await rows(connection, READ_MODEL, (self.tenant, self._compared, upto, PAGE))
            for row in found:
                fact = seen.pop(row["position"], None)
                if fact is None:
                    self.unknown += [row] if len(self.unknown) < MOST else []
                elif not fact.hash == row["leaf_hash"] == row["made"]:
                    where: Where = "event" if fact.position in unsigned else "read_model"
                    self._say("altered", fact.position, fact.stream, where, "store and read model say different things")
            self._compared = found[-1]["position"] if len(found) == PAGE else upto
        for fact in seen.values():
            self._say("missing", fact.position, fact.stream, "read_model", "the store has it")

    def say_cut_heads(self, leaves: int) -> None:
        """Heads are signed in the transaction that grows the tree: one of another size is not the newest."""
        detail = f"the tree has {leaves} leaves, and the newest head is of {self.leaves.size}"
        kind: Kind = "truncated" if leaves > self.leaves.size else "altered"
        self._say(kind, self.last_sound, f"{self.tenant}/audit/heads", "head", detail)

    def _say(self, kind: Kind, position: int, stream: str, where: Where, detail: str) -> None:
        if len(self._rows) < MOST:
            self._rows.append(
                LogFinding(
                    tenant_id=self.tenant, position=position, stream=stream, kind=kind, where=where, detail=detail
                )
            )
