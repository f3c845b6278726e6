"""Whatever a superuser does to a log is named by its position and stream: in events, read model, tree and heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import psycopg
import pytest

from application.ports.facts.event_store import Recorded
from domain.merkle import leaf_hash
from projections.audit import leaf_bytes
from projections.audit_tree.findings import LogFinding
from tests.projections.audit_tree.harness import Logs, Row

pytestmark = pytest.mark.real


class Named(NamedTuple):
    """What must be said."""

    kind: str
    where: str
    row: Row


def named(findings: list[LogFinding]) -> set[tuple[str, str, int, str]]:
    return {(f.kind, f.where, f.position, f.stream) for f in findings}


def expected(*what: Named) -> set[tuple[str, str, int, str]]:
    return {(kind, where, row[0], row[1]) for kind, where, row in what}


AT = "WHERE notification_id = %s"
EDIT = f"UPDATE events_0 SET state = state || '\\x00'::bytea {AT}"
Tamper = Callable[[Logs, list[Row], list[Row]], set[tuple[str, str, int, str]]]


def edit(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    logs.sql((EDIT, (ours[40][0],)))
    return expected(Named("altered", "event", ours[40]))


def delete(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    logs.sql((f"DELETE FROM events_0 {AT}", (ours[41][0],)))
    return expected(Named("missing", "event", ours[41]))


def reorder(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """Two facts change places in the log."""
    first, second = ours[30], ours[50]
    move = f"UPDATE events_0 SET notification_id = %s {AT}"
    logs.sql((move, (-1, first[0])), (move, (first[0], second[0])), (move, (second[0], -1)))
    return expected(Named("reordered", "event", first), Named("reordered", "event", second))


def reorder_within_a_stream(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """Two facts of a stream change versions."""
    first, second = (row for row in ours if row[1] == ours[0][1] and row[2] in (3, 4))
    move = "UPDATE events_0 SET originator_version = %s WHERE originator_id = %s AND originator_version = %s"
    logs.sql((move, (-1, first[1], 3)), (move, (3, first[1], 4)), (move, (4, first[1], -1)))
    return expected(Named("reordered", "event", first), Named("reordered", "event", second))


def insert(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """A fact where nothing was, in a stream of its own."""
    stream = f"{logs.tenants[0]}/session/forged"
    logs.sql(
        (
            "INSERT INTO events_0 (originator_id, originator_version, topic, state, notification_id)"
            f" SELECT %s, 1, topic, state, 0 FROM events_0 {AT}",
            (stream, ours[5][0]),
        )
    )
    return {("inserted", "event", 0, stream)}


def insert_in_the_tail(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """A fact after the last that was signed, which says that others went before it."""
    stream = ours[0][1]
    with psycopg.connect(logs.database) as owner:
        made = owner.execute(
            "INSERT INTO events_0 (originator_id, originator_version, topic, state)"
            f" SELECT originator_id, 900, topic, state FROM events_0 {AT} RETURNING notification_id",
            (ours[1][0],),
        ).fetchone()
    assert made
    return {("inserted", "event", made[0], stream)}


def cut_tail(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    logs.sql(
        (
            "DELETE FROM events_0 WHERE originator_id LIKE %s AND notification_id >= %s",
            (f"{logs.tenants[0]}/%", ours[-9][0]),
        )
    )
    return expected(Named("truncated", "event", ours[-9]))


def swap_tenants(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """What two tenants' facts say is exchanged."""
    logs.sql(
        (
            "UPDATE events_0 SET topic = other.topic, state = other.state FROM events_0 AS other"
            " WHERE (events_0.notification_id, other.notification_id) IN ((%(a)s, %(b)s), (%(b)s, %(a)s))",
            {"a": ours[20][0], "b": theirs[20][0]},
        )
    )
    return expected(Named("foreign", "event", ours[20]), Named("foreign", "event", theirs[20]))


def move_to_another_tenant(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    stream = f"{logs.tenants[1]}/session/taken"
    logs.sql((f"UPDATE events_0 SET originator_id = %s, originator_version = 1 {AT}", (stream, ours[25][0])))
    return {("foreign", "event", ours[25][0], stream), ("foreign", "event", ours[25][0], ours[25][1])}


def edit_in_both(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """In the store and in the read model alike, hashes and all."""
    row = ours[44]
    with psycopg.connect(logs.database) as owner:
        owner.execute(EDIT, (row[0],))
        found = owner.execute(f"SELECT topic, state FROM events_0 {AT}", (row[0],)).fetchone()
        assert found
        leaf = leaf_bytes(Recorded(row[0], 0, row[1], row[2], found[0], found[1]))
        owner.execute(
            f"UPDATE {logs.read_model} SET leaf = %s, leaf_hash = %s WHERE tenant = %s AND position = %s",
            (leaf, leaf_hash(leaf), logs.tenants[0], row[0]),
        )
    return expected(Named("altered", "event", row))


def edit_in_the_read_model(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    query = f"UPDATE {logs.read_model} SET leaf = leaf || '\\x00'::bytea WHERE tenant = %s AND position = %s"
    logs.sql((query, (logs.tenants[0], ours[10][0])))
    return expected(Named("altered", "read_model", ours[10]))


def edit_in_store_and_tree(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """With a leaf of the tree that fits: only what is anchored outside tells which one it was."""
    row = ours[12]
    with psycopg.connect(logs.database) as owner:
        owner.execute(EDIT, (row[0],))
        found = owner.execute(f"SELECT topic, state FROM events_0 {AT}", (row[0],)).fetchone()
        assert found
        hash = leaf_hash(leaf_bytes(Recorded(row[0], 0, row[1], row[2], found[0], found[1])))
        owner.execute(
            "UPDATE audit_tiles SET hashes = overlay(hashes placing %s from %s)"
            " WHERE tenant = %s AND (level, number) = (0, 0)",
            (hash, 12 * 32 + 1, logs.tenants[0]),
        )
    return {("altered", "event", row[0], row[1]), ("altered", "tree", row[0], row[1])}


def old_head(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """An old head, shown as the newest: the row's own words are kept."""
    logs.sql(
        (
            "UPDATE audit_heads SET jws = (SELECT jws FROM audit_heads WHERE tenant = %(t)s ORDER BY tree_size LIMIT 1)"
            " WHERE tenant = %(t)s AND tree_size = (SELECT max(tree_size) FROM audit_heads WHERE tenant = %(t)s)",
            {"t": logs.tenants[0]},
        )
    )
    return {("truncated", "head", ours[-1][0], f"{logs.tenants[0]}/audit/heads")}


def forged_head(logs: Logs, ours: list[Row], theirs: list[Row]) -> set[tuple[str, str, int, str]]:
    """A head with a signature of nobody's."""
    query = """UPDATE audit_heads SET jws = regexp_replace(jws, '.{20}$', 'AAAAAAAAAAAAAAAAAAAA')
        WHERE tenant = %(t)s AND tree_size = (SELECT max(tree_size) FROM audit_heads WHERE tenant = %(t)s)"""
    logs.sql((query, {"t": logs.tenants[0]}))
    return {("altered", "head", ours[-1][0], f"{logs.tenants[0]}/audit/heads")}


TAMPERS: list[Tamper] = [
    edit, delete, reorder, reorder_within_a_stream, insert, insert_in_the_tail, cut_tail, swap_tenants,
    move_to_another_tenant, old_head, forged_head, edit_in_both, edit_in_the_read_model, edit_in_store_and_tree,
]  # fmt: skip


async def test_a_log_that_nobody_touched_is_sound(logs: Logs) -> None:
    assert await logs.findings() == []
    verdicts = {verdict.tenant_id: verdict for verdict in await logs.verification().check()}
    for tenant in logs.tenants:
        rows = len(logs.rows(tenant))
        assert (verdicts[tenant].events, verdicts[tenant].tree_size, verdicts[tenant].anchored) == (rows,) * 3


async def test_a_log_verifies_when_what_it_said_was_erased(logs: Logs) -> None:
    stream = logs.rows(logs.tenants[1])[0][1]
    await logs.store.shred(stream)
    assert await logs.findings() == []


@pytest.mark.parametrize("tamper", TAMPERS, ids=lambda tamper: tamper.__name__)
async def test_each_way_to_tamper_is_named_by_position_and_stream(logs: Logs, tamper: Tamper) -> None:
    with logs.as_before():
        wanted = tamper(logs, logs.rows(logs.tenants[0]), logs.rows(logs.tenants[1]))
        found = await logs.findings()
        assert named(found) == wanted, found
    assert await logs.findings() == []
