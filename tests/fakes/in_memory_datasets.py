"""Datasets in SQLite in memory: the same rules for SQL, another engine for it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import sqlglot

from adapters.postgres.dataset_columns import named_columns
from adapters.postgres.dataset_sql import parse_select
from adapters.postgres.dataset_values import MAX_ROW_BYTES, MAX_ROWS, within_limits
from application.ports.tools.datasets import QueryFailed, Rows
from application.ports.tools.tables import Table
from domain.refusals import InvalidField
from domain.tenant.tool import Query

TYPES = {"text": "TEXT", "number": "REAL", "integer": "INTEGER", "boolean": "INTEGER"}


class InMemoryDatasets:
    """A connection a dataset. Dates are text, booleans are 0 and 1."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], sqlite3.Connection] = {}
        self.broken: Exception | None = None

    async def replace(self, tenant: str, name: str, table: Table) -> int:
        connection = sqlite3.connect(":memory:")
        columns = ", ".join(f'"{column.name}" {TYPES.get(column.type, "TEXT")}' for column in table.columns)
        connection.execute("ATTACH ':memory:' AS tenant")
        connection.execute(f"CREATE TABLE tenant.rows ({columns})")
        places, rows = ", ".join("?" * len(table.columns)), 0
        async for batch in table.batches:
            connection.executemany(f"INSERT INTO tenant.rows VALUES ({places})", batch)
            rows += len(batch)
        self._tables[tenant, name] = connection
        return rows

    async def drop(self, tenant: str, name: str) -> bool:
        return self._tables.pop((tenant, name), None) is not None

    async def columns(self, query: Query, parameters: Mapping[str, str]) -> frozenset[str]:
        return named_columns(query, parameters)

    async def check(self, tenant: str, query: Query, parameters: Mapping[str, str]) -> tuple[str, ...]:
        try:
            cursor = self._run(tenant, query, parameters, dict.fromkeys(parameters, "1"))
        except sqlite3.Error as error:
            raise InvalidField(f"query.sql: {error}") from error
        names = tuple(column[0] for column in cursor.description)
        if len(set(names)) != len(names):
            raise InvalidField("query.sql: each column of the result has a name of its own")
        return names

    async def fetch(self, tenant: str, query: Query, parameters: Mapping[str, str], values: Mapping[str, Any]) -> Rows:
        if self.broken:
            raise self.broken
        try:
            cursor = self._run(tenant, query, parameters, values)
            names = [column[0] for column in cursor.description]
            found = cursor.fetchmany(MAX_ROWS + 1)
        except (sqlite3.Error, InvalidField) as error:
            raise QueryFailed(f"The database refused the query: {error}.") from error
        lines = [json.dumps(dict(zip(names, row, strict=True)), separators=(",", ":")) for row in found]
        return within_limits([line if len(line) <= MAX_ROW_BYTES else None for line in lines])

    def _run(
        self, tenant: str, query: Query, parameters: Mapping[str, str], values: Mapping[str, Any]
    ) -> sqlite3.Cursor:
        if (tenant, query.dataset) not in self._tables:
            raise InvalidField(f"query.dataset: there is no dataset {query.dataset}")
        select = parse_select(query, parameters, "tenant.rows")
        tree = sqlglot.parse_one(select.sql, dialect="postgres")
        for parameter in list(tree.find_all(sqlglot.exp.Parameter)):
            parameter.replace(sqlglot.exp.Placeholder(this=f"p{parameter.name}"))
        for identifier in tree.find_all(sqlglot.exp.Identifier):
            identifier.set("quoted", False)  # SQLite takes a quoted name that it does not know for a text
        given = {f"p{number}": values.get(name) for number, name in enumerate(select.parameters, 1)}
        return self._tables[tenant, query.dataset].execute(tree.sql(dialect="sqlite"), given)
