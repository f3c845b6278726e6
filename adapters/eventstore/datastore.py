"""How the event store connects: by one URL, as the unprivileged role, and never waiting for ever."""

from __future__ import annotations

from typing import Any

from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

OPTIONS = "-c role=colloquy_app -c statement_timeout=20s -c lock_timeout=5s"
# A peer that vanished is noticed within about 10 s, whether we wait for it to take our bytes or to send its own.
PATIENCE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}


def arguments(database_url: str, name: str) -> dict[str, Any]:
    """psycopg's arguments for a connection of the event store, called `name` in the server's list."""
    given = dict(conninfo_to_dict(database_url))
    options = f"{given.pop('options', None) or ''} {OPTIONS}".strip()
    return PATIENCE | given | {"options": options, "application_name": name}


class PlainDatastore(PostgresDatastore):
    """The library's datastore, without the composite types that its own recorder writes with: it would connect, and
    wait, to look for them."""

    def register_type_adapters(self) -> None:
        """There are none."""


def open_datastore(database_url: str, *, connections: int = 5) -> PostgresDatastore:
    """The library's pool of `connections`, opened at the first use. Waits at most 5 s for one."""
    datastore = PlainDatastore(
        "", "", "", "", "",
        originator_id_type="text",
        pool_size=1,
        max_overflow=connections - 1,
        connect_timeout=5,
        idle_in_transaction_session_timeout=5,
        pre_ping=False,
    )  # fmt: skip
    # The library takes parts, not a URL, and has no place for options: both go into its pool's own arguments.
    datastore.pool.kwargs = arguments(database_url, "colloquy-events") | {"row_factory": dict_row}
    return datastore
