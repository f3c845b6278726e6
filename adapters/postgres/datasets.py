"""`Datasets` in PostgreSQL: a schema and a role a tenant, a table a dataset, a read-only transaction a question."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import AsyncConnection
from psycopg.raw_cursor import AsyncRawCursor

from adapters.postgres.pool import Pool, one_statement, tenant_transaction
from application.acting_tenant import acting_tenant
from application.ports.datasets import QueryFailed, Rows
from application.ports.tables import Table
from domain.refusals import DependencyUnavailable, InvalidField
from domain.tenant.events import Query

if TYPE_CHECKING:
    from adapters.postgres.dataset_sql import Select

TYPES = {
    "text": "text", "number": "numeric", "integer": "bigint", "boolean": "boolean", "date": "date",
    "timestamp": "timestamp",
}  # fmt: skip
LOAD_S = 120
QUERY_S = 5
MAX_ROWS = 200
MAX_ROW_BYTES = 16_384
MAX_BYTES = 32_768
"""Of a result, as JSON; a model reads it all."""

SEE_TENANT = "SELECT set_config('app.tenant', %s, true)"
LOAD = f"SET LOCAL statement_timeout = '{LOAD_S}s'; SET LOCAL idle_in_transaction_session_timeout = '{LOAD_S}s'"
TOO_LONG = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
# Whoever publishes waits for this lock, so the table that was found stays until the question is answered.
KEEP = "SELECT pg_advisory_xact_lock_shared(hashtextextended('datasets/' || %s, 0))"
FIND = "SELECT relation FROM public.datasets WHERE tenant = %s AND name = %s"
# What holds for a question and for nothing after it. The role may SELECT from its tenant's tables and do no more; the
# rest keeps a question that is merely clumsy from becoming everybody's trouble.
CONFINED = {
    "transaction_read_only": "on", "statement_timeout": f"{QUERY_S}s", "lock_timeout": "2s",
    "search_path": "pg_catalog",
    "max_parallel_workers_per_gather": "0", "timezone": "UTC",
}  # fmt: skip
CONFINE = "SELECT " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in CONFINED.items())
BECOME = "SELECT set_config('role', %s, true)"
ASK = f"""
SELECT CASE WHEN octet_length(line) <= {MAX_ROW_BYTES} THEN line END FROM (
  SELECT row_to_json(found)::text AS line FROM (%s) AS found LIMIT {MAX_ROWS + 1}) AS lines
"""
DESCRIBE = "SELECT found.* FROM (%s) AS found LIMIT 0"


class PostgresDatasets:
    """See `application.ports.datasets.Datasets`; `pool` is the app's, which loads rows and cannot read them; `tools` is
    that of a login which becomes the tenant that asks, and sees nothing else."""

    def __init__(self, pool: Pool, tools: Pool) -> None:
        self._pool, self._tools = pool, tools

    async def replace(self, tenant: str, name: str, table: Table) -> int:
        """See the port. One transaction; it waits for readers of the old rows, which are quick."""
        names, types = [column.name for column in table.columns], [TYPES[column.type] for column in table.columns]
        try:
            async with (
                _telling_what_was_too_long(),
                one_statement(self._pool) as connection,  # rows cannot be copied where statements travel together
                connection.transaction(),
            ):
                await connection.execute(SEE_TENANT, (acting_tenant(tenant),))
                await connection.execute(LOAD)
                cursor = await connection.execute("SELECT draft_dataset(%s, %s, %s)", (tenant, names, types))
                [draft] = await cursor.fetchone() or ("",)
                rows = await _load(connection, draft, table)
                await connection.execute("SELECT publish_dataset(%s, %s, %s)", (tenant, name, draft))
                return rows
        except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
            raise InvalidField(f"file: {error.diag.message_primary or error}") from error
        except TOO_LONG as error:
            raise InvalidField(f"file: it could not be loaded within {LOAD_S} s") from error

    async def drop(self, tenant: str, name: str) -> bool:
        """See the port. It waits for readers, which are quick."""
        async with tenant_transaction(self._pool, tenant) as connection:
            cursor = await connection.execute("SELECT drop_dataset(%s, %s)", (tenant, name))
            [dropped] = await cursor.fetchone() or (False,)
            return bool(dropped)

    async def columns(self, query: Query, parameters: Mapping[str, str]) -> frozenset[str]:
        """See the port."""
        from adapters.postgres.dataset_columns import named_columns

        return named_columns(query, parameters)

    async def check(self, tenant: str, query: Query, parameters: Mapping[str, str]) -> tuple[str, ...]:
        """See the port: it is run for no rows, as it will be run for some."""
        try:
            async with self._question(tenant, query, parameters) as (cursor, select):
                await cursor.execute(DESCRIBE % select.sql, [None] * len(select.parameters))
                await cursor.fetchall()
                names = tuple(column.name for column in cursor.description or ())
        except psycopg.Error as error:
            raise InvalidField(f"query.sql: {_plain(error)}") from error
        if not names or len(set(names)) != len(names):
            raise InvalidField("query.sql: each column of the result has a name of its own")
        return names

    async def fetch(self, tenant: str, query: Query, parameters: Mapping[str, str], values: Mapping[str, Any]) -> Rows:
        """See the port."""
        try:
            async with (
                asyncio.timeout(2 * QUERY_S),
                self._question(tenant, query, parameters) as (cursor, select),
            ):
                given = [as_parameter(values.get(name), parameters[name]) for name in select.parameters]
                await cursor.execute(ASK % select.sql, given)
                return within_limits([row[0] for row in await cursor.fetchall()])
        except (*TOO_LONG, TimeoutError) as error:
            raise QueryFailed(f"The query took longer than {QUERY_S} s.") from error
        except InvalidField as error:
            raise QueryFailed(error.detail) from error
        except (ValueError, psycopg.Error) as error:
            raise QueryFailed(f"The database refused the query: {_plain(error)}.") from error

    @asynccontextmanager
    async def _question(
        self, tenant: str, query: Query, parameters: Mapping[str, str]
    ) -> AsyncIterator[tuple[AsyncRawCursor[tuple[Any, ...]], Select]]:
        """A cursor that acts as the tenant's own role, and the statement over the table that holds the dataset now."""
        # The parser takes half a second to load, and most processes never need it.
        from adapters.postgres.dataset_sql import parse_select

        async with _telling_what_was_too_long(), tenant_transaction(self._tools, tenant) as connection:
            await connection.execute(CONFINE)
            await connection.execute(KEEP, (tenant,))
            cursor = await connection.execute(FIND, (tenant, query.dataset))
            found = await cursor.fetchone()
            if found is None:
                raise InvalidField(f"query.dataset: there is no dataset {query.dataset}")
            relation = str(found[0])
            select = await asyncio.to_thread(parse_select, query, parameters, relation)
            await connection.execute(BECOME, (relation.partition(".")[0],))
            async with AsyncRawCursor(connection) as raw:
                yield raw, select


@asynccontextmanager
async def _telling_what_was_too_long() -> AsyncIterator[None]:
    """The database is there; what it was asked was too much."""
    try:
        yield
    except DependencyUnavailable as error:
        if isinstance(error.__cause__, TOO_LONG):
            raise error.__cause__ from None
        raise


async def _load(connection: AsyncConnection[tuple[Any, ...]], relation: str, table: Table) -> int:
    rows = 0
    async with connection.cursor().copy(f"COPY {relation} FROM STDIN") as copy:
        async for batch in table.batches:
            for row in batch:
                await copy.write_row(row)
            rows += len(batch)
    return rows


def within_limits(lines: list[str | None]) -> Rows:
    """As many rows as fit."""
    kept: list[str] = []
    size = 0
    for line in lines[:MAX_ROWS]:
        if line is None:
            raise QueryFailed(f"A row of the result is larger than {MAX_ROW_BYTES} bytes.")
        size += len(line.encode())
        if size > MAX_BYTES:
            break
        kept.append(line)
    return Rows(tuple(kept), truncated=len(kept) < len(lines))


def as_parameter(value: Any, kind: str) -> Any:
    """A JSON value as the database takes it for that type: decimals exactly as they were written."""
    if value is None:
        return None
    if kind.endswith("[]"):
        return [as_parameter(one, kind.removesuffix("[]")) for one in (value if isinstance(value, list) else [value])]
    if kind == "text" and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return int(value) if kind == "integer" and value.is_integer() else Decimal(repr(value))
    return value


def _plain(error: Exception) -> str:
    """What the database says of a statement, without its context, which shows parts of ours."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (said or str(error).splitlines()[0]).rstrip(".")[:300]
