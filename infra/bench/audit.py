"""The audit tree of a long log: how large and how soon a proof is, and how fast it grows and is checked beside hashing
alone."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251  # which proofs are asked for
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import msgspec
import psycopg

from adapters.eventstore.store import open_event_store
from adapters.jose.head_keys import FileHeadKeys, create_head_keys
from adapters.postgres.logins import find_logins
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import open_pool
from application.acting_tenant import EVERY, act_for
from application.clock import new_id
from application.ports.facts.event_store import EventLog
from domain.merkle import includes, is_consistent, leaf_hash
from infra.bench.events import LocalAuthority
from infra.bench.harness.chat_load import percentile
from infra.bench.results import keep, recordable
from projections.audit import leaf_bytes
from projections.audit_tree.growth import TreeGrowth
from projections.audit_tree.proofs import TreeProofs
from projections.audit_tree.verification import Verification

PER_SESSION, STATE_BYTES = 20, 320
FILL = """
INSERT INTO events_0 (originator_id, originator_version, topic, state)
SELECT %(tenant)s || '/session/' || lpad((n / %(each)s)::text, 36, '0'), n %% %(each)s + 1, 'step.run.1',
  decode(repeat(md5(n::text), %(size)s / 16), 'hex')
FROM generate_series(0, %(events)s - 1) AS n"""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Rates in events a second, times in milliseconds, sizes in bytes as the API sends them (hex in JSON)."""

    events: int
    hashing_per_s: int
    reading_per_s: int
    growth_per_s: int
    verify_per_s: int
    proof_hashes: int
    proof_bytes: int
    proof_p50_ms: float
    proof_p99_ms: float
    consistency_hashes: int
    consistency_p50_ms: float

    def ratios(self) -> dict[str, float]:
        """What can be compared between machines."""
        return {
            "checking / hashing alone": self.verify_per_s / self.hashing_per_s,
            "checking / reading and hashing": self.verify_per_s / self.reading_per_s,
            "growing / hashing alone": self.growth_per_s / self.hashing_per_s,
            "hashes of the longest proof": float(self.proof_hashes),
        }


async def measure(database_url: str, keys: Path, events: int, proofs: int) -> Measured:
    """On a fresh database, with one tenant of so many events."""
    migrate(database_url)
    create_head_keys(keys)
    act_for(EVERY)
    logins, tenant = await find_logins(database_url, {}, worker=True), new_id()
    assert logins.worker is not None, "it was asked for"
    async with (
        open_pool(logins.app) as pool,
        open_pool(logins.worker) as worker,
        open_event_store(logins, pool, LocalAuthority(), lanes=1, owner="bench", lease_s=30, worker=worker) as store,
    ):
        await store.vault.create_tenant_key(tenant)
        with psycopg.connect(database_url) as owner:
            about = {"tenant": tenant, "each": PER_SESSION, "size": STATE_BYTES, "events": events}
            owner.execute(FILL, about)
        hashing, reading = await _hashing(store, events), await _rate(events, lambda: _read(store))
        growth = TreeGrowth(store, worker, FileHeadKeys(keys))
        grown = await _rate(events, lambda: growth.grow(0))
        checking = Verification(worker, store, FileHeadKeys(keys), None, 1)
        verdicts = []

        async def check() -> None:
            verdicts.extend(await checking.check())

        checked = await _rate(events, check)
        if [verdict.findings for verdict in verdicts if verdict.tenant_id == tenant] != [[]]:
            raise RuntimeError("the log of the benchmark does not verify")
        rates = {"events": events, "hashing_per_s": hashing, "reading_per_s": reading}
        rates |= {"growth_per_s": grown, "verify_per_s": checked}
        return await _proofs(TreeProofs(pool), tenant, events, proofs, rates)


async def _rate(events: int, work: Callable[[], Awaitable[object]]) -> int:
    began = time.perf_counter()
    await work()
    return round(events / (time.perf_counter() - began))


async def _hashing(log: EventLog, events: int) -> int:
    """Leaves in memory, hashed and nothing else: the median of three."""
    leaves = [leaf_bytes(fact) for fact in await log.read_log(0, after=0, limit=5_000)]
    rates = []
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(max(1, 100_000 // len(leaves))):
            for leaf in leaves:
                leaf_hash(leaf)
        rates.append(max(1, 100_000 // len(leaves)) * len(leaves) / (time.perf_counter() - began))
    return round(sorted(rates)[1])


async def _read(log: EventLog) -> None:
    """The log read, its leaves made and hashed: what no check can do without."""
    after = 0
    while facts := await log.read_log(0, after=after, limit=2_000):
        for fact in facts:
            leaf_hash(leaf_bytes(fact))
        after = facts[-1].position


async def _proofs(tree: TreeProofs, tenant: str, events: int, many: int, rates: dict[str, int]) -> Measured:
    draw, head = random.Random(7), await tree.head(tenant)
    times, hashes, size = [], 0, 0
    for _ in range(many):
        began = time.perf_counter()
        proof = await tree.inclusion(tenant, draw.randrange(1, events + 1))
        times.append(time.perf_counter() - began)
        path = [bytes.fromhex(step) for step in proof.path]
        if not includes(proof.leaf_index, proof.tree_size, bytes.fromhex(proof.leaf_hash), path, head.root_hash):
            raise RuntimeError(f"the proof of position {proof.position} leads elsewhere")
        hashes, size = max(hashes, len(path)), max(size, len(msgspec.json.encode(proof)))
    between, longest = [], 0
    for _ in range(many):
        old = draw.randrange(1, events)
        began = time.perf_counter()
        consistency = await tree.consistency(tenant, old)
        between.append(time.perf_counter() - began)
        longest = max(longest, len(consistency))
    if is_consistent(old, head.tree_size, head.root_hash, head.root_hash, [bytes.fromhex(s) for s in consistency]):
        raise RuntimeError("a proof of consistency shows what is not so")
    return Measured(
        **rates,
        proof_hashes=hashes,
        proof_bytes=size,
        proof_p50_ms=round(percentile(times, 0.5) * 1e3, 2),
        proof_p99_ms=round(percentile(times, 0.99) * 1e3, 2),
        consistency_hashes=longest,
        consistency_p50_ms=round(percentile(between, 0.5) * 1e3, 2),
    )


@click.command()
@recordable
@click.option("--events", default=1_000_000, show_default=True, help="How long the log is.")
@click.option("--proofs", default=500, show_default=True, help="How many of each kind are asked for.")
@click.option("--json", "as_json", is_flag=True)
def audit(events: int, proofs: int, as_json: bool) -> None:
    """Proofs of a long log, and how fast it grows and is checked, beside hashing alone.

    Example: colloquy bench audit --events 100000
    """
    from infra.local.installation import throwaway_data_dir
    from infra.local.stack import running

    alone = frozenset({"nats", "valkey", "aws", "bedrock"})
    with throwaway_data_dir() as data_dir, running(data_dir, fast=True, without=alone) as stack:
        keys = data_dir / "audit-keys.json"
        found = asyncio.run(measure(stack.endpoints.database_url, keys, events, proofs))
    keep(found.ratios())
    shown = msgspec.structs.asdict(found)
    if as_json:
        click.echo(json.dumps(shown | {"ratios": found.ratios()}))
        return
    for name, value in [*shown.items(), *((name, round(value, 3)) for name, value in found.ratios().items())]:
        click.echo(f"{name.replace('_', ' '):<34} {value}")
