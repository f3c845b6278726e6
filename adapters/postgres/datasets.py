"""`Datasets` in PostgreSQL: a schema and a role a tenant, a table a dataset, a read-only transaction a question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import AsyncConnection
from psycopg.raw_cursor import AsyncRawCursor

from adapters.database_transactions import Connection, Pool, one_statement, tenant_transaction
from adapters.postgres.dataset_values import MAX_ROW_BYTES, MAX_ROWS, as_parameter, within_limits
from adapters.postgres.tool_queries import LIMIT_S, TookTooLong, ToolQueries
from application.acting_tenant import acting_tenant
from application.ports.tools.datasets import QueryFailed, Rows
from application.ports.tools.tables import Row, Table
from domain.refusals import DependencyUnavailable, InvalidField
from domain.tenant.tool import Query

if TYPE_CHECKING:
    from adapters.postgres.dataset_sql import Select

TYPES = {
    "text": "text", "number": "numeric", "integer": "bigint", "boolean": "boolean", "date": "date",
    "timestamp": "timestamp",
}  # fmt: skip
LOAD_S = 120
LARGEST_ROW = 1024 * 1024
SORT_KB, ALL_SORTS_KB = 8_192, 24_576
"""Memory of one sort or hash of a question, and of all together."""

SEE_TENANT = "SELECT set_config('app.tenant', %s, true)"
LOAD = f"SET LOCAL statement_timeout = '{LOAD_S}s'; SET LOCAL idle_in_transaction_session_timeout = '{LOAD_S}s'"
FORGET = "DELETE FROM dataset_sizes WHERE tenant = %s AND relation NOT IN (SELECT relation FROM datasets)"
MEASURED = "INSERT INTO dataset_sizes VALUES (%s, %s, %s)"
TOO_LONG = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
TOO_MUCH = (
    psycopg.errors.OutOfMemory, psycopg.errors.ConfigurationLimitExceeded, psycopg.errors.StatementTooComplex,
    psycopg.errors.ProgramLimitExceeded, psycopg.errors.DiskFull,
)  # fmt: skip
# Whoever publishes waits for this lock, so the table that was found stays until the question is answered.
KEEP = "SELECT pg_advisory_xact_lock_shared(hashtextextended('datasets/' || %s, 0))"
FIND = """
SELECT relation, row_bytes FROM public.datasets LEFT JOIN public.dataset_sizes USING (tenant, relation)
WHERE tenant = %s AND name = %s
"""
# A hash join of rows that are all alike keeps them all: it is for backends whose memory has a limit.
BECOME = """
SELECT set_config('work_mem', %s, true), set_config('enable_hashjoin', %s, true), set_config('role', %s, true)
"""
# PostgreSQL's log shows the beginning of a statement that ran out of memory; what people wrote does not belong there.
HIDDEN = f"/*{' a question of a tool ':*^110}*/"
ASK = f"""{HIDDEN}
SELECT CASE WHEN octet_length(line) <= {MAX_ROW_BYTES} THEN line END FROM (
  SELECT row_to_json(found)::text AS line FROM (%s) AS found LIMIT {MAX_ROWS + 1}) AS lines
"""
DESCRIBE = f"{HIDDEN} SELECT found.* FROM (%s) AS found LIMIT 0"


class PostgresDatasets:
    """See `application.ports.tools.datasets.Datasets`; `pool` is the app's, which loads rows and cannot read them;
    `tools` has the login which becomes the tenant that asks, and sees nothing else."""

    def __init__(self, pool: Pool, tools: ToolQueries) -> None:
        self._pool, self._tools = pool, tools

    async def replace(self, tenant: str, name: str, table: Table) -> int:
        """See the port. One transaction; it waits for readers of the old rows, which are quick."""
        names, types = [column.name for column in table.columns], [TYPES[column.type] for column in table.columns]
        try:
            async with (
                _telling_what_it_was(),
                one_statement(
                    self._pool, tenant
                ) as connection,  # rows cannot be copied where statements travel together
                connection.transaction(),
            ):
                await connection.execute(SEE_TENANT, (acting_tenant(tenant),))
                await connection.execute(LOAD)
                cursor = await connection.execute("SELECT draft_dataset(%s, %s, %s)", (tenant, names, types))
                [draft] = await cursor.fetchone() or ("",)
                rows, row_bytes = await _load(connection, draft, table)
                await connection.execute("SELECT publish_dataset(%s, %s, %s)", (tenant, name, draft))
                await connection.execute(FORGET, (tenant,))
                await connection.execute(MEASURED, (tenant, draft, row_bytes))
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
            await connection.execute(FORGET, (tenant,))
            return bool(dropped)

    async def columns(self, query: Query, parameters: Mapping[str, str]) -> frozenset[str]:
        """See the port."""
        from adapters.postgres.dataset_columns import named_columns

        return await asyncio.to_thread(named_columns, query, parameters)

    async def check(self, tenant: str, query: Query, parameters: Mapping[str, str]) -> tuple[str, ...]:
        """See the port: it is run for no rows, as it will be run for some."""
        try:
            _, names = await self._answer(tenant, query, parameters, DESCRIBE, lambda _: None)
        except TookTooLong as error:
            raise InvalidField(f"query.sql: it cannot be planned within {LIMIT_S:.0f} s") from error
        except psycopg.Error as error:
            raise InvalidField(f"query.sql: {_plain(error)}") from error
        if not names or len(set(names)) != len(names):
            raise InvalidField("query.sql: each column of the result has a name of its own")
        return names

    async def fetch(self, tenant: str, query: Query, parameters: Mapping[str, str], values: Mapping[str, Any]) -> Rows:
        """See the port."""
        try:
            rows, _ = await self._answer(
                tenant, query, parameters, ASK, lambda name: as_parameter(values.get(name), parameters[name])
            )
            return within_limits([row[0] for row in rows])
        except (*TOO_LONG, TookTooLong) as error:
            raise QueryFailed(f"The query took longer than {LIMIT_S:.0f} s.") from error
        except TOO_MUCH as error:
            raise QueryFailed("The query needs more memory than a tool may use.") from error
        except InvalidField as error:
            raise QueryFailed(error.detail) from error
        except (ValueError, psycopg.Error) as error:
            raise QueryFailed(f"The database refused the query: {_plain(error)}.") from error

    async def _answer(
        self, tenant: str, query: Query, parameters: Mapping[str, str], around: str, value: Callable[[str], Any]
    ) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
        """The rows that it gives, and the names of their columns."""

        async def ask(connection: Connection, is_limited: bool) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
            async with asking(connection, is_limited, tenant, query, parameters) as (cursor, select):
                await cursor.execute(around % select.sql, [value(name) for name in select.parameters])
                return await cursor.fetchall(), tuple(column.name for column in cursor.description or ())

        async with _telling_what_it_was():
            return await self._tools.run(acting_tenant(tenant), ask)


@asynccontextmanager
async def asking(
    connection: Connection, is_limited: bool, tenant: str, query: Query, parameters: Mapping[str, str]
) -> AsyncIterator[tuple[AsyncRawCursor[tuple[Any, ...]], Select]]:
    """A cursor that acts as the tenant's own role, and the statement over the table that holds the dataset now."""
    # The parser takes half a second to load, and most processes never need it.
    from adapters.postgres.dataset_sql import ROW_BYTES, parse_select

    await connection.execute(KEEP, (tenant,))
    cursor = await connection.execute(FIND, (tenant, query.dataset))
    found = await cursor.fetchone()
    if found is None:
        raise InvalidField(f"query.dataset: there is no dataset {query.dataset}")
    relation, row_bytes = found
    select = await asyncio.to_thread(parse_select, query, parameters, relation, row_bytes or ROW_BYTES)
    memory = f"{min(SORT_KB, ALL_SORTS_KB // max(1, select.keeps))}kB"
    await connection.execute(BECOME, (memory, "on" if is_limited else "off", relation.partition(".")[0]))
    async with AsyncRawCursor(connection) as raw:
        yield raw, select


@asynccontextmanager
async def _telling_what_it_was() -> AsyncIterator[None]:
    """The database is there; what it was asked was too much."""
    try:
        yield
    except DependencyUnavailable as error:
        if isinstance(error.__cause__, (*TOO_LONG, *TOO_MUCH)):
            raise error.__cause__ from None
        raise


async def _load(connection: AsyncConnection[tuple[Any, ...]], relation: str, table: Table) -> tuple[int, int]:
    """How many rows there are, and the bytes of the largest."""
    rows, largest = 0, 0
    async with connection.cursor().copy(f"COPY {relation} FROM STDIN") as copy:
        async for batch in table.batches:
            for row in batch:
                largest = max(largest, _bytes(row))
                await copy.write_row(row)
            rows += len(batch)
            if largest > LARGEST_ROW:
                raise InvalidField(f"file: a row is larger than {LARGEST_ROW >> 10} KB")
    return rows, largest


def _bytes(row: Row) -> int:
    return sum(len(cell) if cell.isascii() else len(cell.encode()) for cell in row if cell)


def _plain(error: Exception) -> str:
    """What the database says of a statement, without its context, which shows parts of ours."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return (said or str(error).splitlines()[0]).rstrip(".")[:300]
