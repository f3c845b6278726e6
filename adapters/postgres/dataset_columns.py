"""Which columns a tool's SQL names."""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from adapters.postgres.dataset_sql import parse_select
from domain.tenant.tool import Query


def named_columns(query: Query, parameters: Mapping[str, str]) -> frozenset[str]:
    """The columns that it names, as the database knows them; InvalidField when no tool may ask so."""
    select = parse_select(query, parameters, "tenant.rows")
    return frozenset(column.name for column in sqlglot.parse_one(select.sql, dialect="postgres").find_all(exp.Column))
