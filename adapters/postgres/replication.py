"""Who follows the database's log of changes (standbys, archives), and how far behind, as metrics."""

from __future__ import annotations

from prometheus_client import Gauge

from adapters.database_transactions import Pool, one_statement

# A standby, and a slot whose log is lost, have no distance to say.
SLOTS = """
SELECT count(*) FILTER (WHERE active), count(*) FILTER (WHERE NOT active),
  coalesce(max(CASE WHEN NOT pg_is_in_recovery()
    THEN pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(confirmed_flush_lsn, restart_lsn)) END), 0)::float8
FROM pg_catalog.pg_replication_slots"""

FOLLOWERS = Gauge(
    "colloquy_replication_slots", "Who follows the database's log, and whether somebody does now", ["state"]
)
BEHIND = Gauge("colloquy_replication_behind_bytes", "What of its log the database keeps for the one that is last")


async def refresh_replication(pool: Pool) -> None:
    """Set the metrics."""
    async with one_statement(pool) as connection:
        row = await (await connection.execute(SLOTS)).fetchone()
    assert row is not None, "it counts"
    FOLLOWERS.labels("active").set(row[0])
    FOLLOWERS.labels("idle").set(row[1])
    BEHIND.set(row[2])
