"""Tool SQL: one SELECT over one dataset, made of what is allowed; and written anew from what was understood of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.tokenizer_core import TokenType

from domain.refusals import InvalidField
from domain.tenant.events import Query

MARK = "p_"
TYPES = {"text": "", "integer": "BIGINT", "number": "NUMERIC", "boolean": "BOOLEAN"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

CLAUSES = (
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
    exp.Fetch, exp.Distinct, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.Table,
    exp.TableAlias, exp.Lateral, exp.Window, exp.WindowSpec, exp.Filter, exp.WithinGroup,
)  # fmt: skip
EXPRESSIONS = (
    exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple,
    exp.Placeholder, exp.Interval, exp.Var, exp.DataType, exp.DataTypeParam, exp.Cast, exp.Case, exp.If,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like,
    exp.ILike, exp.Escape, exp.Any, exp.All, exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Pow, exp.DPipe,
)  # fmt: skip
FUNCTIONS = (
    exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance,
    exp.VariancePop, exp.Corr, exp.PercentileCont, exp.PercentileDisc, exp.LogicalAnd, exp.LogicalOr,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead,
    exp.FirstValue, exp.LastValue,
    exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Sqrt, exp.Exp,
    exp.Ln, exp.Log, exp.Sign,
    exp.Lower, exp.Upper, exp.Initcap, exp.Length, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.StrPosition,
    exp.SplitPart, exp.Concat, exp.ConcatWs,
    exp.CurrentDate, exp.CurrentTimestamp, exp.Extract, exp.TimestampTrunc, exp.TimeToStr, exp.ToChar,
)  # fmt: skip
NAMED_FUNCTIONS = frozenset({"age"})
CAST_TYPES = frozenset(
    {"TEXT", "VARCHAR", "INT", "BIGINT", "SMALLINT", "DECIMAL", "DOUBLE", "FLOAT", "BOOLEAN", "DATE", "TIMESTAMP",
     "TIME", "INTERVAL"}
)  # fmt: skip
ALLOWED = frozenset(CLAUSES + EXPRESSIONS + FUNCTIONS)


class Select(msgspec.Struct, frozen=True):
    """A statement with `$1`, `$2`, ... for its parameters, and their names in this order."""

    sql: str
    parameters: tuple[str, ...]


def parse_select(query: Query, parameters: Mapping[str, str], relation: str) -> Select:
    """The query over the table `relation` (`schema.table`, both plain names) that holds its dataset. InvalidField says
    what a tool must not do."""
    return _parse(query.sql, query.dataset, tuple(sorted(parameters.items())), relation)


@lru_cache(maxsize=1_000)
def _parse(sql: str, dataset: str, parameters: tuple[tuple[str, str], ...], relation: str) -> Select:
    try:
        tree = normalize_identifiers(sqlglot.parse_one(_one_select(sql), dialect="postgres"), dialect="postgres")
        for node in tree.walk():
            _check_node(node)
        _bind_tables(tree, dataset, relation)
        names = _bind_parameters(tree, dict(parameters))
        return Select(tree.sql(dialect="postgres", identify=True, comments=False), names)
    except (SqlglotError, RecursionError) as error:
        raise InvalidField(f"query.sql: {_plain(error)}") from None


def _one_select(sql: str) -> str:
    """The statement without a semicolon at its end, and with a mark before the names of its parameters, so that they
    may be words of SQL: a parameter `:from` is common. Other statements do not even reach the parser."""
    tokens = Postgres().tokenize(sql)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        sql = sql[: tokens.pop().start]
    first = next((token.token_type for token in tokens if token.token_type is not TokenType.L_PAREN), None)
    if first not in (TokenType.SELECT, TokenType.WITH) or any(t.token_type is TokenType.SEMICOLON for t in tokens):
        raise InvalidField("query.sql: one SELECT")
    for colon, after in reversed(list(pairwise(tokens))):
        adjacent = colon.token_type is TokenType.COLON and after.start == colon.end + 1
        if adjacent and NAME.fullmatch(after.text):
            sql = sql[: after.start] + MARK + sql[after.start :]
    return sql


def _check_node(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous) and node.name.lower() in NAMED_FUNCTIONS:
        return
    if type(node) not in ALLOWED:
        what = node.name if isinstance(node, exp.Anonymous) else node.key
        raise InvalidField(f"query.sql: {what.lower()} is not for tools")
    if isinstance(node, exp.With) and node.args.get("recursive"):
        raise InvalidField("query.sql: recursion is not for tools")
    if isinstance(node, exp.DataType) and (node.this.value not in CAST_TYPES or node.args.get("nested")):
        raise InvalidField(f"query.sql: the type {node.this.value.lower()} is not for tools")
    if isinstance(node, exp.Column) and (node.args.get("db") or node.args.get("catalog")):
        raise InvalidField("query.sql: columns are named without a schema")


def _bind_tables(tree: exp.Expr, dataset: str, relation: str) -> None:
    """Let the dataset's name mean its table. No other name does, but those that WITH gives."""
    given = {cte.alias for cte in tree.find_all(exp.CTE)}
    if any(name.startswith("pg_") or _same(name, dataset) for name in given):
        raise InvalidField("query.sql: WITH gives a name of its own, not the dataset's and none that begins with pg_")
    read = [table for table in tree.find_all(exp.Table) if not (_is_plain(table) and table.name in given)]
    if not read:
        raise InvalidField(f"query.sql: it does not read the dataset {dataset}")
    schema, _, name = relation.partition(".")
    for table in read:
        if not _is_plain(table) or not _same(table.name, dataset):
            raise InvalidField(f"query.sql: only the dataset {dataset} can be read, not {table.sql('postgres')}")
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(name, quoted=True))
        table.set("db", exp.to_identifier(schema, quoted=True))


def _is_plain(table: exp.Table) -> bool:
    """A name alone, perhaps with an alias: no schema, no function, no sampling."""
    more = {key for key, value in table.args.items() if value} - {"this", "alias", "joins"}
    return isinstance(table.this, exp.Identifier) and not more


def _same(name: str, dataset: str) -> bool:
    """Names that were not quoted have been made small by now, as PostgreSQL does."""
    return name in (dataset, dataset.lower())


def _bind_parameters(tree: exp.Expr, types: dict[str, str]) -> tuple[str, ...]:
    """`:name` becomes `$n`, cast to the type that the schema gives it; texts take the type that is wanted of them."""
    names: list[str] = []
    for placeholder in list(tree.find_all(exp.Placeholder)):
        name = placeholder.name.removeprefix(MARK)
        if not placeholder.name.startswith(MARK) or name not in types:
            raise InvalidField(f"query.sql: :{name or '?'} is no property of the input schema that SQL can take")
        if name not in names:
            names.append(name)
        kind = types[name].removesuffix("[]")
        numbered: exp.Expr = exp.Parameter(this=exp.Literal.number(names.index(name) + 1))
        wanted = TYPES[kind] or ("TEXT" if types[name] != kind else "")
        if wanted:
            numbered = exp.cast(numbered, wanted + ("[]" if types[name] != kind else ""), dialect="postgres")
        placeholder.replace(numbered)
    return tuple(names)


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    first = re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()[0]
    return re.sub(r"for <class '[\w.]+\.(\w+)'>", r"for \1", first)[:300].replace(MARK, "")
