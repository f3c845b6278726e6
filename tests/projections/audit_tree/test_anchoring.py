"""Heads are brought outside, in order and once; a database that was set back or written anew is noticed there."""

from __future__ import annotations

import itertools

import psycopg
import pytest

from domain.audit_heads import head_hash
from domain.merkle import Edge
from domain.refusals import DependencyUnavailable
from projections.audit_tree.growth import TreeDamaged, TreeGrowth
from tests.projections.audit_tree.harness import Logs

pytestmark = pytest.mark.real


async def test_heads_are_anchored_in_order_and_what_fails_comes_later(logs: Logs) -> None:
    tenant = logs.tenants[0]
    before, told = len(logs.anchors.kept[tenant]), len(logs.hook.told)
    await logs.write(tenant)
    logs.anchors.away = logs.hook.fails = True
    await logs.round()
    assert len(logs.anchors.kept[tenant]) == before
    await logs.write(tenant)
    await logs.growth.grow(0)
    logs.anchors.away = logs.hook.fails = False
    assert await logs.anchoring.bring_out() == 2
    assert len(logs.anchors.kept[tenant]) == before + 2
    assert len(logs.hook.told) == told + 2 and await logs.anchoring.bring_out() == 0
    edge, previous = Edge(), ""
    for name, anchor in sorted(logs.anchors.kept[tenant].items()):
        assert anchor.begin == edge.size
        for leaf in anchor.leaves:
            edge.append(bytes.fromhex(leaf.leaf_hash))
        head = logs.keys.read(anchor.jws)
        assert (name.tree_size, name.root_hash) == (edge.size, edge.root().hex()) == (head.tree_size, head.root_hash)
        assert previous in ("", head.previous)
        previous = head_hash(anchor.jws)


async def test_a_database_that_was_set_back_is_noticed(logs: Logs) -> None:
    """All of it: facts, read model, tree and heads, as an older backup has them."""
    tenant = logs.tenants[0]
    ours = logs.rows(tenant)
    first_head = min(name.tree_size for name in logs.anchors.kept[tenant])
    position = ours[first_head - 1][0]
    with logs.as_before():
        logs.sql(
            ("DELETE FROM events_0 WHERE notification_id > %s", (position,)),
            (f"DELETE FROM {logs.read_model} WHERE position > %s", (position,)),
            ("UPDATE projections.positions SET position = %s WHERE name = 'audit'", (position,)),
            ("TRUNCATE audit_tiles, audit_leaves, audit_heads, audit_lanes", ()),
        )
        kept, logs.anchors.kept = logs.anchors.kept, {}
        await logs.growth.grow(0)  # with the right key: the heads of the shorter log are signed anew
        logs.anchors.kept = kept
        assert await logs.findings(anchors=False) == [], "in itself it is whole"
        found = [finding for finding in await logs.findings() if finding.tenant_id == tenant]
        assert {(finding.kind, finding.where) for finding in found} == {("truncated", "event"), ("truncated", "head")}
        (event,) = [finding for finding in found if finding.where == "event"]
        assert (event.position, event.stream) == ours[first_head][:2]
        await logs.anchoring.bring_out()
        assert logs.anchors.kept == kept, "nothing is hung on a history that was cut"


async def test_a_database_that_was_written_anew_and_signed_again_is_noticed(logs: Logs) -> None:
    tenant, other = logs.tenants
    row = logs.rows(tenant)[33]
    with logs.as_before():
        logs.sql(
            ("UPDATE events_0 SET state = state || '\\x00'::bytea WHERE notification_id = %s", (row[0],)),
            ("TRUNCATE audit_tiles, audit_leaves, audit_heads, audit_lanes", ()),
            (f"TRUNCATE {logs.read_model}", ()),
            ("UPDATE projections.positions SET position = 0 WHERE name = 'audit'", ()),
        )
        await TreeGrowth(logs.store, logs.worker, logs.keys).grow(0)
        assert await logs.findings(anchors=False) == []
        found = await logs.findings()
        assert {(f.kind, f.position, f.stream) for f in found if f.where == "event"} == {("altered", row[0], row[1])}
        assert {f.where for f in found} >= {"event", "tree"} and {f.tenant_id for f in found} == {tenant}
    assert [f for f in await logs.findings() if f.tenant_id == other] == []


async def test_nothing_is_signed_on_top_of_a_damaged_tree(logs: Logs) -> None:
    await logs.round()
    with logs.as_before():
        logs.sql(("UPDATE audit_tiles SET hashes = substr(hashes, 1, 32) WHERE tenant = %s", (logs.tenants[0],)))
        await logs.write(logs.tenants[0])
        with pytest.raises(TreeDamaged):
            await logs.growth.grow(0)
    with logs.as_before():
        logs.sql(("DELETE FROM events_0 WHERE notification_id > 50", ()))
        with pytest.raises(TreeDamaged):
            await logs.growth.grow(0)
    with logs.as_before():  # the newest heads are gone: the ones before them are shown as new
        logs.sql(
            (
                "DELETE FROM audit_heads WHERE (tenant, tree_size) IN"
                " (SELECT tenant, max(tree_size) FROM audit_heads GROUP BY tenant)",
                (),
            )
        )
        found = await logs.findings()
        assert {(f.kind, f.where, f.tenant_id) for f in found} == {("truncated", "head", t) for t in logs.tenants}


async def test_a_long_stretch_is_taken_in_under_several_heads(logs: Logs) -> None:
    tenant = logs.tenants[0]
    await logs.round()
    before = max(name.tree_size for name in logs.anchors.kept[tenant])
    await logs.write(tenant, 40)
    assert await TreeGrowth(logs.store, logs.worker, logs.keys, most=60).grow(0) > 180
    await logs.anchoring.bring_out()
    sizes = [name.tree_size for name in sorted(logs.anchors.kept[tenant]) if name.tree_size >= before]
    assert all(0 < later - earlier <= 60 for earlier, later in itertools.pairwise(sizes)) and len(sizes) >= 4
    assert [finding for finding in await logs.findings() if finding.tenant_id == tenant] == []


async def test_the_tree_that_was_kept_is_the_tree_of_the_store(logs: Logs) -> None:
    """Built anew, it is the same to the byte, whatever the rounds that it grew in."""
    tables = ("audit_tiles", "audit_leaves")
    with psycopg.connect(logs.database, autocommit=True) as owner, logs.as_before():
        await logs.growth.grow(0)
        kept = [owner.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables]
        owner.execute("TRUNCATE audit_tiles, audit_leaves, audit_heads, audit_lanes")
        await logs.growth.grow(0)
        assert kept == [owner.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables]


async def test_without_the_anchors_the_check_says_that_it_could_not_be_made(logs: Logs) -> None:
    logs.anchors.away = True
    with pytest.raises(DependencyUnavailable):
        await logs.verification().check()
    logs.anchors.away = False
    assert await logs.findings(anchors=False) == []
