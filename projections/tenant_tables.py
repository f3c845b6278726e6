"""Tables of a read model's generation: one tenant's rows are all that the API can see of them."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.sql import SQL, Identifier

from projections.transactions import Connection

SCHEMA = "projections"

# Even the owner is bound (FORCE); it may write for all tenants, everybody else reads one.
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON {table} FOR SELECT TO colloquy_app
  USING (tenant = nullif(current_setting('app.tenant', true), ''));
CREATE POLICY all_tenants ON {table} TO colloquy_worker USING (true) WITH CHECK (true);
GRANT SELECT ON {table} TO colloquy_app
"""


async def create_tenant_table(
    connection: Connection, name: str, generation: int, columns: str, indexes: Sequence[Sequence[str]]
) -> None:
    """Make `<name>_<generation>` with `columns` (SQL, among them `tenant`) and an index on each of `indexes`."""
    table = Identifier(SCHEMA, f"{name}_{generation}")
    await connection.execute(SQL("CREATE TABLE {} ({})").format(table, SQL(columns)))
    for statement in PROTECT.split(";"):
        await connection.execute(SQL(statement).format(table=table))
    for index in indexes:
        names = SQL(", ").join(Identifier(column) for column in index)
        await connection.execute(SQL("CREATE INDEX ON {} ({})").format(table, names))


async def show(connection: Connection, name: str, generation: int) -> None:
    """Let the view `<name>` show this generation; readers name the view only."""
    view, table = Identifier(SCHEMA, name), Identifier(SCHEMA, f"{name}_{generation}")
    await connection.execute(SQL("DROP VIEW IF EXISTS {}").format(view))
    await connection.execute(
        SQL("CREATE VIEW {} WITH (security_invoker = true) AS SELECT * FROM {}").format(view, table)
    )
    await connection.execute(SQL("GRANT SELECT ON {} TO colloquy_app").format(view))


async def drop_table(connection: Connection, name: str, generation: int) -> None:
    """Remove `<name>_<generation>`, if it is there."""
    await connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(SCHEMA, f"{name}_{generation}")))
