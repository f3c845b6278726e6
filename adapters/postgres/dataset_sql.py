"""Tool SQL: one SELECT over one dataset, made of what is allowed; and written anew from what was understood of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import msgspec
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from adapters.postgres.sql_cost import cost_of
from adapters.postgres.sql_size import CAST_DIGITS, is_number, small_power
from adapters.postgres.sql_tokens import MARK, one_select
from domain.refusals import InvalidField
from domain.tenant.tool import Query

TYPES = {"text": "", "integer": "BIGINT", "number": "NUMERIC", "boolean": "BOOLEAN"}
MAX_DEPTH = 60
"""Of the tree; a chain of one operator counts once."""
NODES_A_TOKEN = 3
"""That the parser may make, those that it throws away included: what it reads twice it can read exponentially often."""
ROW_BYTES = 65_536
"""The largest row of a dataset whose rows were not measured."""
COLOUR = re.compile(r"\x1b\[\d{1,3}m")
CLASS = re.compile(r"for <class '(?:\w{1,80}\.){1,20}(\w{1,80})'>")
"""How sqlglot's errors name a kind of node."""

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
    """A statement with `$1`, `$2`, ... for its parameters, and their names in this order. `keeps` is in how many places
    PostgreSQL may keep rows for it, each in memory of its own."""

    sql: str
    parameters: tuple[str, ...]
    keeps: int = 1


def parse_select(query: Query, parameters: Mapping[str, str], relation: str, row_bytes: int = ROW_BYTES) -> Select:
    """The query over the table `relation` (`schema.table`, both plain names) that holds its dataset, none of whose rows
    is larger than `row_bytes`. InvalidField says what a tool must not do. Takes up to half a second of processor time,
    so not for an event loop."""
    return _parse(query.sql, query.dataset, tuple(sorted(parameters.items())), relation, row_bytes)


@lru_cache(maxsize=1_000)
def _parse(sql: str, dataset: str, parameters: tuple[tuple[str, str], ...], relation: str, row_bytes: int) -> Select:
    types = dict(parameters)
    try:
        tree = normalize_identifiers(_tree(one_select(sql)), dialect="postgres")
        _check_depth(tree)
        for node in tree.walk():
            _check_node(node)
        _bind_tables(tree, dataset, relation)
        cost = cost_of(tree, {MARK + name: kind for name, kind in types.items()}, row_bytes)
        for node in reversed(list(tree.find_all(exp.Cast, exp.Pow, exp.Substring))):  # the inner ones first
            _tame(node)
        names = _bind_parameters(tree, types)
        return Select(tree.sql(dialect="postgres", identify=True, comments=False), names, cost.tables + cost.sorts)
    except (SqlglotError, RecursionError) as error:
        raise InvalidField(f"query.sql: {_plain(error)}") from None


def _tree(sql: str) -> exp.Expr:
    dialect = Postgres()
    tokens = dialect.tokenize(sql)
    [tree] = dialect.parser(max_nodes=100 + NODES_A_TOKEN * len(tokens)).parse(tokens, sql)
    if tree is None:
        raise InvalidField("query.sql: one SELECT")
    return tree


def _check_depth(tree: exp.Expr) -> None:
    depths: list[tuple[exp.Expr, int]] = [(tree, 0)]
    while depths:
        node, depth = depths.pop()
        if depth > MAX_DEPTH:
            raise InvalidField(f"query.sql: nested more than {MAX_DEPTH} deep")
        depths += [(part, depth + (type(part) is not type(node))) for part in node.iter_expressions()]


def _tame(node: exp.Expr) -> None:
    """Three things that PostgreSQL would take otherwise than they are counted: a text can be a number of 131,072
    digits, a power of two numbers can become one, and SUBSTRING with a text for its start is a regular expression."""
    if isinstance(node, exp.Substring):
        for name in ("start", "length"):
            place = node.args.get(name)
            if place is not None and not (isinstance(place, exp.Literal) and not place.is_string):
                node.set(name, exp.cast(place, "INT", dialect="postgres"))
    elif isinstance(node, exp.Pow) and not small_power(node):
        sides = [exp.cast(side, "DOUBLE PRECISION", dialect="postgres") for side in (node.this, node.expression)]
        node.replace(exp.Cast(this=exp.Pow(this=sides[0], expression=sides[1]), to=exp.DataType.build("NUMERIC")))
    elif isinstance(node, exp.Cast) and _is_open_number(node):
        exact = exp.DataType.build(f"NUMERIC({2 * CAST_DIGITS}, {CAST_DIGITS})", dialect="postgres")
        node.replace(exp.Anonymous(this="TRIM_SCALE", expressions=[exp.Cast(this=node.this, to=exact)]))


def _is_open_number(node: exp.Cast) -> bool:
    return node.to.this.value == "DECIMAL" and not node.to.expressions and not is_number(node.this)


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
    if isinstance(node, exp.TimeToStr | exp.ToChar) and not isinstance(node.args.get("format"), exp.Literal):
        raise InvalidField("query.sql: the format of to_char is a literal")
    if isinstance(node, exp.CTE) and node.args.get("materialized") is False:
        node.set("materialized", None)  # one that is read in several places is not written out again for each
    if isinstance(node, exp.Column) and (node.args.get("db") or node.args.get("catalog")):
        raise InvalidField("query.sql: columns are named without a schema")


def _bind_tables(tree: exp.Expr, dataset: str, relation: str) -> None:
    """Let the dataset's name mean its table. No other name does, but those that WITH gives."""
    given = Counter(cte.alias for cte in tree.find_all(exp.CTE))
    if any(count > 1 for count in given.values()):
        raise InvalidField("query.sql: each name that WITH gives is given once")
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
    """`:name` becomes `$n`, cast to the type that the schema gives it; texts take the type that is wanted of them. In
    `:name IS NULL` nothing is: there it is a parameter of its own, a text."""
    given: list[tuple[str, bool]] = []
    for placeholder in list(tree.find_all(exp.Placeholder)):
        name = placeholder.name.removeprefix(MARK)
        if not placeholder.name.startswith(MARK) or name not in types:
            raise InvalidField(f"query.sql: :{name or '?'} is no property of the input schema that SQL can take")
        kind = types[name].removesuffix("[]")
        is_alone = types[name] == "text" and isinstance(placeholder.parent, exp.Is)
        if (name, is_alone) not in given:
            given.append((name, is_alone))
        numbered: exp.Expr = exp.Parameter(this=exp.Literal.number(given.index((name, is_alone)) + 1))
        wanted = TYPES[kind] or ("TEXT" if types[name] != kind or is_alone else "")
        if wanted:
            numbered = exp.cast(numbered, wanted + ("[]" if types[name] != kind else ""), dialect="postgres")
        placeholder.replace(numbered)
    return tuple(name for name, _ in given)


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if "AST nodes" in str(error):
        return "written too intricately to be read"
    first = COLOUR.sub("", str(error)).splitlines()[0]
    return CLASS.sub(r"for \1", first)[:300].replace(MARK, "")
