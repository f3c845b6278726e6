"""The library's PostgreSQL datastore, connecting by one URL and acting as the unprivileged role."""

from __future__ import annotations

from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

APP_ROLE = "-c role=colloquy_app -c statement_timeout=20s"


def open_datastore(database_url: str, *, connections: int = 5) -> PostgresDatastore:
    """A pool of `connections`, each running as `colloquy_app`; opened at the first use. Waits at most 5 s for one."""
    datastore = PostgresDatastore(
        "", "", "", "", "",
        originator_id_type="text",
        pool_size=1,
        max_overflow=connections - 1,
        connect_timeout=5,
        idle_in_transaction_session_timeout=5,
        pre_ping=False,
    )  # fmt: skip
    # The library takes parts, not a URL, and has no place for options: both go into its pool's own arguments.
    arguments = dict(conninfo_to_dict(database_url)) | {"options": APP_ROLE, "application_name": "colloquy-events"}
    arguments["connect_timeout"] = "5"
    datastore.pool.kwargs = arguments | {"row_factory": dict_row}
    return datastore
