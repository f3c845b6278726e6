"""How the event store connects: as one of the program's logins, and never waiting for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row

from adapters.database_login import CHECK, Login, check_parameters, judge

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
    return PATIENCE | dict(conninfo_to_dict(database_url)) | {"application_name": name}


class LoginDatastore(PostgresDatastore):
    """The library's datastore, whose connections are asked who they are; without the composite types that its own
    recorder writes with: it would connect, and wait, to look for them."""

    def __init__(self, login: Login, **keywords: Any) -> None:
        self._login = login
        super().__init__("", "", "", "", "", originator_id_type="text", pre_ping=False, **keywords)

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        """See the library. Limits are settings of the login's role, so that no pooler drops them."""
        login = self._login

        def configure(connection: Connection[Any]) -> None:
            connection.autocommit = True
            with connection.cursor(row_factory=tuple_row) as cursor:
                found = cursor.execute(CHECK, check_parameters(login), prepare=False).fetchone()
            if judge(login, found, connection.info.backend_pid):
                connection.prepare_threshold = None

        return configure

    def register_type_adapters(self) -> None:
        """There are none."""


def open_datastore(login: Login, *, connections: int) -> PostgresDatastore:
    """The library's pool of `connections`, opened at the first use. Waits at most 5 s for one."""
    datastore = LoginDatastore(login, pool_size=1, max_overflow=connections - 1, connect_timeout=5)
    # The library takes parts, not a URL: it goes into its pool's own arguments.
    datastore.pool.kwargs = arguments(login.url, "colloquy-events") | {"row_factory": dict_row}
    return datastore
