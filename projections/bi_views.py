"""What tools that draw reports read of the costs: two views, of which each tenant's login sees its own rows."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.sql import SQL, Identifier

from projections.tenant_tables import SCHEMA
from projections.transactions import Connection

COSTS = """
CREATE VIEW bi.costs WITH (security_invoker = true) AS
SELECT at, date_trunc('day', at, 'UTC') AS day, call_id, session_id, turn_id, user_id AS "user", source, step, model,
  family, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, prompt_cache_saved_usd,
  price_version, estimated, failure, corrected, corrected_at, correction_reason, replaced_usd, assistant
FROM {table}"""
COST_HOURS = """
CREATE VIEW bi.cost_hours WITH (security_invoker = true) AS
SELECT since AS hour, user_id AS "user", kind, source, model, family, step, price_version, n, estimated,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, estimated_usd, saved_usd, assistant
FROM {table} WHERE kind <> 'first_token'"""
OWN_ROWS = "CREATE POLICY own_login ON {} FOR SELECT TO colloquy_bi USING (tenant = (SELECT public.bi_tenant()))"
VIEWS = {"costs": COSTS, "cost_hours": COST_HOURS}


async def open_to_logins(connection: Connection, tables: Sequence[str]) -> None:
    """Let each tenant's login see its tenant's rows of these tables."""
    for name in tables:
        table = Identifier(SCHEMA, name)
        await connection.execute(SQL(OWN_ROWS).format(table))
        await connection.execute(SQL("GRANT SELECT ON {} TO colloquy_bi").format(table))


async def show_to_logins(connection: Connection, costs: str, cost_hours: str) -> None:
    """Let the views show these tables from the commit on."""
    for view, table in (("costs", costs), ("cost_hours", cost_hours)):
        await connection.execute(SQL("DROP VIEW IF EXISTS {}").format(Identifier("bi", view)))
        await connection.execute(SQL(VIEWS[view]).format(table=Identifier(SCHEMA, table)))
        await connection.execute(SQL("GRANT SELECT ON {} TO colloquy_bi").format(Identifier("bi", view)))
