"""Reads the event store's log whole, beside the leaves that were signed and the rows of the read model, and says what
differs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from application.ports.facts.audit_anchors import AnchorStore
from application.ports.facts.audit_heads import HeadVerifier
from application.ports.facts.event_store import EventLog, Recorded, is_full
from domain.ids import MAX_POSITION
from domain.merkle import leaf_hash
from projections.audit import leaf_bytes
from projections.audit_tree.findings import Differences, LogFinding, SignedLeaf, StoredFact, told_apart
from projections.audit_tree.signed_leaves import SignedLeaves
from projections.audit_tree.tenant_check import TenantCheck
from projections.audit_tree.tiles import newest_heads
from projections.transactions import Pool, looking, rows

BATCH = 2_000
WAITING = 50_000
"""Facts of all tenants that wait in memory to be compared."""
MOST_FINDINGS = 2_000
"""Of each kind of difference that are told apart; a log with more is said to have more."""
MOST_STREAMS = 100_000
"""Whose last version is remembered; beyond it the store is asked."""

ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
LANES = "SELECT lane, position FROM public.audit_lanes"
TENANTS = """
SELECT tenant, sum(octet_length(hashes) / 32) AS leaves FROM public.audit_tiles
WHERE level = 0 GROUP BY tenant"""
HEADED = "SELECT DISTINCT tenant FROM public.audit_heads"
PROGRESS = """
SELECT p.lane, p.position FROM projections.positions p JOIN projections.generations g USING (name, generation)
WHERE g.live AND name = 'audit'"""

Progress = Callable[[int, int], None]


class LogVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a tenant's log came to. `events` were read, `tree_size` of them were under the newest head, and
    `anchored` under the newest anchor that was compared (None: none were)."""

    tenant_id: str
    events: int
    tree_size: int
    anchored: int | None
    findings: list[LogFinding]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class Verification:
    """Checks logs; it changes nothing. Without `anchors` a database that was set back as a whole is not noticed."""

    def __init__(self, pool: Pool, log: EventLog, keys: HeadVerifier, anchors: AnchorStore | None, lanes: int) -> None:
        self._pool, self._log, self._keys, self._anchors, self._lanes = pool, log, keys, anchors, lanes

    async def check(self, tenant: str = "", progress: Progress | None = None) -> list[LogVerdict]:
        """Of that tenant, or of all. `DependencyUnavailable` when something that it needs is away."""
        run = _Run(self._pool, self._log, self._keys, self._anchors, tenant)
        await run.begin(self._lanes)
        for lane in range(self._lanes):
            async for done in run.read(lane):
                if progress:
                    progress(done, run.upto[lane])
        return await run.verdicts()


class _Run:
    """One check: where it began, and each tenant as far as it has come."""

    def __init__(self, pool: Pool, log: EventLog, keys: HeadVerifier, anchors: AnchorStore | None, only: str) -> None:
        self._pool, self._log, self._keys, self._anchors, self._only = pool, log, keys, anchors, only
        self._tenants: dict[str, TenantCheck] = {}
        self._waiting = 0
        self._versions: dict[str, int] = {}
        self._leaps: list[StoredFact] = []
        self._covered: dict[int, int] = {}
        self._progress: dict[int, int] = {}
        self.upto: dict[int, int] = {}

    async def begin(self, lanes: int) -> None:
        """See where everything stands: the read model first, which can never be ahead of the store."""
        async with looking(self._pool) as connection:
            await connection.execute(ONE_SNAPSHOT)
            self._progress = {row["lane"]: row["position"] for row in await rows(connection, PROGRESS)}
            self._covered = {row["lane"]: row["position"] for row in await rows(connection, LANES)}
            sizes = {row["tenant"]: int(row["leaves"]) for row in await rows(connection, TENANTS)}
            known = {*sizes, *(row["tenant"] for row in await rows(connection, HEADED))}
            heads = await newest_heads(connection, sorted(known))
        known |= set(await self._anchors.tenants()) if self._anchors else set()
        self.upto = {lane: await self._log.head(lane) for lane in range(lanes)}
        for tenant in sorted(known):
            if self._only in ("", tenant):
                leaves = SignedLeaves(self._pool, self._keys, self._anchors, tenant, heads.get(tenant))
                await leaves.examine()
                self._tenants[tenant] = TenantCheck(self._pool, leaves)
                if sizes.get(tenant, 0) != leaves.size:
                    self._tenants[tenant].say_cut_heads(sizes.get(tenant, 0))

    async def read(self, lane: int) -> AsyncIterator[int]:
        """Read a lane whole; the positions that it has come to."""
        # From before the beginning: no reader of the log ever sees what somebody has put there.
        after, more, upto = -MAX_POSITION, True, max(self.upto[lane], self._covered.get(lane, 0))
        while more:
            facts = await self._log.read_log(lane, after=after, limit=BATCH)
            more = is_full(facts, BATCH)
            for fact in facts:
                after = fact.position
                if after > upto:
                    more = False
                    break
                self._take(lane, fact)
            if self._waiting >= WAITING:
                await self._compare()
            yield after
        await self._compare()
        for check in self._tenants.values():
            if check.lane == lane:
                await check.end_lane(self._progress.get(lane, 0))

    def _take(self, lane: int, fact: Recorded) -> None:
        tenant = fact.stream.partition("/")[0]
        if self._only not in ("", tenant):
            return
        check = self._tenants.get(tenant)
        if check is None:
            nothing = SignedLeaves(self._pool, self._keys, None, tenant, None)
            check = self._tenants[tenant] = TenantCheck(self._pool, nothing)
        seen = StoredFact(lane, fact.position, fact.stream, fact.version, leaf_hash(leaf_bytes(fact)))
        check.take(seen, signed=fact.position <= self._covered.get(lane, 0))
        self._waiting += 1
        if fact.version != self._versions.get(fact.stream, 0) + 1 and len(self._leaps) < MOST_FINDINGS:
            self._leaps.append(seen)
        if len(self._versions) >= MOST_STREAMS:
            self._versions.clear()
        self._versions[fact.stream] = fact.version

    async def _compare(self) -> None:
        for check in self._tenants.values():
            await check.compare(self._progress)
        self._waiting = 0

    async def verdicts(self) -> list[LogVerdict]:
        """What it all came to."""
        for check in self._tenants.values():
            await check.finish()
        apart = told_apart(await self._differences())
        checks = self._tenants.values()
        gone = {(leaf.stream, leaf.version) for check in checks for leaf in check.gone}
        gone |= {(row["stream"], row["version"]) for check in checks for row in check.unknown}
        leaps = [self._inserted(seen) for seen in self._leaps if await self._is_leap(seen, gone)]
        return [self._verdict(check, [*apart, *leaps]) for check in self._tenants.values()]

    async def _differences(self) -> Differences:
        signed: list[SignedLeaf] = []
        seen: list[tuple[StoredFact, Recorded]] = []
        for check in self._tenants.values():
            signed += check.gone
            for one in check.extra:
                facts = await self._log.read_log(one.lane, after=one.position - 1, limit=1)
                seen += [(one, fact) for fact in facts if fact.position == one.position]
        return Differences(signed, seen, {check.tenant: check.last_sound for check in self._tenants.values()})

    async def _is_leap(self, seen: StoredFact, gone: set[tuple[str, int]]) -> bool:
        """Whether nothing comes before a fact in its stream, although its version says so: what was taken away there
        is named as such."""
        if seen.version == 1 or (seen.stream, seen.version - 1) in gone:
            return False
        query = f"""SELECT FROM public.events_{seen.lane:d}
            WHERE originator_id = %s AND originator_version = %s AND notification_id < %s"""
        async with looking(self._pool) as connection:
            found = await connection.execute(query, (seen.stream, seen.version - 1, seen.position))
            return found.rowcount == 0

    def _inserted(self, seen: StoredFact) -> LogFinding:
        return LogFinding(
            tenant_id=seen.tenant,
            position=seen.position,
            stream=seen.stream,
            kind="inserted",
            detail=f"it is version {seen.version} of its stream, and there is no version before it",
        )

    def _verdict(self, check: TenantCheck, apart: Sequence[LogFinding]) -> LogVerdict:
        found: dict[tuple[int, str], LogFinding] = {}
        named = {finding.position for finding in apart if finding.tenant_id == check.tenant}
        for finding in [*apart, *check.findings]:
            of_rows = (
                finding.where == "read_model" and finding.position in named
            )  # which is right where the store is not
            if finding.tenant_id == check.tenant and not of_rows:
                found.setdefault((finding.position, finding.where), finding)
        return LogVerdict(
            tenant_id=check.tenant,
            events=check.events,
            tree_size=check.leaves.size,
            anchored=check.leaves.anchored if self._anchors else None,
            findings=sorted(found.values()),
        )
