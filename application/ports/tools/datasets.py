"""Tables of a tenant that its tools ask questions of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from application.ports.tools.tables import Table
from domain.tenant.tool import Query


class Rows(msgspec.Struct, frozen=True):
    """What a query found: each row as the JSON text of an object, its columns in order. `truncated` when there are
    more rows than were asked for, or than fit."""

    rows: tuple[str, ...]
    truncated: bool


class QueryFailed(Exception):
    """A query could not be answered. The message says why in words for a model."""


class Datasets(Protocol):
    """Rows under a name. They are stored as they came, not sealed: SQL has to read them. So a dataset is for what the
    tenant's members may all know, and its answer to the erasure of a person is to be put again without that person.

    `parameters` maps the names that a query may use as `:name` to their types (`domain.tenant.tool_definitions`)."""

    async def replace(self, tenant: str, name: str, table: Table) -> int:
        """Put the table in place of what was under the name, at once for all who ask; the number of its rows. Nothing
        changes when it fails: `DocumentRefused` from the table, `InvalidField`, `DependencyUnavailable`."""
        ...

    async def drop(self, tenant: str, name: str) -> bool:
        """Drop what is under the name; False when there was nothing. `DependencyUnavailable`."""
        ...

    async def columns(self, query: Query, parameters: Mapping[str, str]) -> frozenset[str]:
        """The columns that a query names, those of its dataset among them. InvalidField as `check`."""
        ...

    async def check(self, tenant: str, query: Query, parameters: Mapping[str, str]) -> tuple[str, ...]:
        """The columns of the result. InvalidField when it is not one SELECT over the query's own dataset, or does what
        no tool may, or does not fit the dataset; `DependencyUnavailable`."""
        ...

    async def fetch(self, tenant: str, query: Query, parameters: Mapping[str, str], values: Mapping[str, Any]) -> Rows:
        """Ask a query that was checked, as a role that can read the tenant's datasets and nothing else. What `values`
        leaves out is NULL. `QueryFailed`, also when it takes too long; `DependencyUnavailable`."""
        ...
