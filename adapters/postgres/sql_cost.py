"""How much a tool's statement can cost, bounded from above before the database sees it.

PostgreSQL writes a subquery's expressions in the place of every reference to them, and looks at its clock between rows
only: a text of one kilobyte can become gigabytes in its planner, and one row can take minutes. What is counted here is
the statement as it is after all that writing, by abstract interpretation of its tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from sqlglot import exp

from adapters.postgres.sql_size import CHAINS, DOUBLE, SORTING, Cost, Value, combined, largest, literal, parameter
from domain.refusals import InvalidField

MAX_NODES = 10_000
MAX_WORK = 200_000_000
MAX_TABLES = 24
MAX_SORTS = 24
MAX_BYTES = 4 * 1024 * 1024
"""Of a value, and of a row."""
MAX_REFERENCES = 12
"""To one name that WITH gives."""


class Relation(msgspec.Struct, frozen=True):
    """What stands in FROM. `any` is the largest that a column can be whose name is not known, and `is_open` says
    that there may be such; `row` bounds all columns together; a condition on it is copied for each branch."""

    columns: Mapping[str, Value]
    any: Value
    is_open: bool
    row: int
    cost: Cost
    branches: int = 1


class Scope(msgspec.Struct, frozen=True):
    """The names that an expression sees: those of WITH, those of its own FROM, those of the queries around it."""

    given: Mapping[str, Relation]
    sources: Mapping[str, Relation]
    outer: Scope | None = None

    def find(self, column: exp.Column) -> Value:
        """The largest that the name can mean: without a table it can mean several, and one that is not known any."""
        chain = list(self._chain())
        relations = [
            relation for scope in chain for alias, relation in scope.items() if column.table in ("", alias)
        ] or [relation for scope in chain for relation in scope.values()]
        found = [
            relation.columns.get(column.name, relation.any)
            for relation in relations
            if relation.is_open or column.name in relation.columns
        ]
        return largest(found or [relation.any for relation in relations])

    def _chain(self) -> Iterator[Mapping[str, Relation]]:
        scope: Scope | None = self
        while scope:
            yield scope.sources
            scope = scope.outer


def cost_of(tree: exp.Expr, parameters: Mapping[str, str], row_bytes: int) -> Cost:
    """The cost of a query whose tables with a schema are a dataset none of whose rows is larger than `row_bytes`.
    `parameters` are types by the names of placeholders. InvalidField when it is more than a tool may have."""
    return _Reckoning(tree, parameters, row_bytes).query(tree, Scope({}, {})).cost


class _Reckoning:
    def __init__(self, tree: exp.Expr, parameters: Mapping[str, str], row_bytes: int) -> None:
        self._parameters = parameters
        column = Value(max(row_bytes, DOUBLE.bytes), DOUBLE.whole, DOUBLE.scale, Cost(nodes=1, work=row_bytes))
        self._dataset = Relation({}, column, True, column.bytes, Cost(nodes=1, tables=1))
        self._references = Counter(table.name for table in tree.find_all(exp.Table) if not table.args.get("db"))

    def query(self, query: exp.Expr, around: Scope) -> Relation:
        """What a SELECT, a union of such, or one in parentheses gives to whoever reads it."""
        planned = Cost()
        if given := query.args.get("with_"):
            around, planned = self._given(given, around)
        match query:
            case exp.Select():
                found = self._select(query, around)
            case exp.SetOperation():
                found = self._modified(query, self._union(query, around), around)
            case _:
                found = self._modified(query, self.query(query.this, around), around)
        found = msgspec.structs.replace(found, cost=_checked(found.cost + planned))
        return _fenced(found) if query.args.get("limit") or query.args.get("offset") else found

    def _given(self, given: exp.Expr, around: Scope) -> tuple[Scope, Cost]:
        """What WITH names. One that is read in several places is made once and kept, as if it said MATERIALIZED; the
        only reference to another is as if its query stood there."""
        known, planned = dict(around.given), Cost()
        for cte in given.expressions:
            if self._references[cte.alias] > MAX_REFERENCES:
                raise InvalidField(f"query.sql: {cte.alias} is read in more than {MAX_REFERENCES} places")
            relation = self.query(cte.this, Scope(known, around.sources, around.outer))
            planned += relation.cost
            if cte.args.get("materialized") or self._references[cte.alias] > 1:
                relation, planned = _fenced(relation), planned + Cost(sorts=1)
            known[cte.alias] = _renamed(msgspec.structs.replace(relation, cost=Cost(nodes=1, tables=1)), cte)
        return Scope(known, around.sources, around.outer), planned

    def _modified(self, query: exp.Expr, found: Relation, around: Scope) -> Relation:
        """With the ORDER BY and LIMIT that stand behind a union or a query in parentheses."""
        scope = Scope(around.given, {"": found}, around)
        cost = self._cost(_parts(query, without=("with_", "this", "expression", "alias")), scope)
        sorts = Cost(sorts=1 if query.args.get("order") else 0)
        return msgspec.structs.replace(found, cost=found.cost + cost + sorts)

    def _union(self, query: exp.SetOperation, around: Scope) -> Relation:
        made = [self.query(part, around) for part in _members(query)]
        any = largest(relation.any for relation in made)
        columns = dict.fromkeys(made[0].columns, any)
        cost = Cost(sorts=0 if isinstance(query, exp.Union) and not query.args.get("distinct") else len(made) - 1)
        branches = sum(relation.branches for relation in made)
        cost = sum((relation.cost for relation in made), cost)
        return Relation(columns, any, made[0].is_open, max(relation.row for relation in made), cost, branches)

    def _select(self, select: exp.Select, around: Scope) -> Relation:
        sources: dict[str, Relation] = {}
        scope = Scope(around.given, sources, around)
        for source in _sources(select):
            sources[source.alias_or_name or f" {len(sources)}"] = self._source(source, scope)
        outputs = [self.value(output, scope) for output in select.expressions]
        columns, any, row, is_open = _outputs(select, outputs, sources)
        own = sum((output.cost for output in outputs), Cost())
        own += self._cost(_parts(select, without=("with_", "expressions", "from_")), scope)
        inner = (join for source in select.find_all(exp.Table, exp.Subquery) for join in source.args.get("joins") or [])
        own += self._cost(inner, scope)
        branches = max(1, *(relation.branches for relation in sources.values())) if sources else 1
        sorts = sum(isinstance(node, SORTING) for node in select.walk(prune=lambda node: _is_other_query(node, select)))
        cost = sum((relation.cost for relation in sources.values()), own.times(branches) + Cost(sorts=sorts))
        return Relation(columns, any, is_open, row, cost, branches)

    def _source(self, source: exp.Expr, scope: Scope) -> Relation:
        """A table, or a query in parentheses, which may see what stands before it."""
        if not isinstance(source, exp.Table):
            return _renamed(self.query(source.this if isinstance(source, exp.Lateral) else source, scope), source)
        known = self._dataset if source.args.get("db") else scope.given.get(source.name, self._dataset)
        return _renamed(known, source)

    def value(self, node: exp.Expr, scope: Scope) -> Value:
        """What an expression gives. InvalidField when that is too large."""
        match node:
            case exp.Column() if not node.is_star:
                return scope.find(node)
            case exp.Literal():
                return literal(node)
            case exp.Placeholder():
                return parameter(self._parameters.get(node.name, "text"))
            case exp.Query():
                relation = self.query(node, scope)
                return relation.any.costing(relation.cost)
            case exp.Table() | exp.Lateral() | exp.DataType() | exp.Identifier() | exp.Var() | exp.Star():
                return Value()
            case exp.Join():
                return Value(cost=self._cost(_parts(node, without=("this",)), scope))
        operands = _operands(node) if isinstance(node, CHAINS) else _parts(node)
        found = combined(node, [self.value(part, scope) for part in operands])
        _check_bytes(found.bytes)
        return found.costing(_checked(found.cost))

    def _cost(self, nodes: Iterable[exp.Expr], scope: Scope) -> Cost:
        return sum((self.value(node, scope).cost for node in nodes), Cost())


def _parts(node: exp.Expr, without: tuple[str, ...] = ()) -> Iterator[exp.Expr]:
    for name, value in node.args.items():
        if name not in without:
            yield from (part for part in (value if isinstance(value, list) else [value]) if isinstance(part, exp.Expr))


def _is_other_query(node: exp.Expr, query: exp.Expr) -> bool:
    return node is not query and isinstance(node, exp.Query)


def _operands(chain: exp.Expr) -> Iterator[exp.Expr]:
    """`a + b + c` leans to the left; it is one sum of three."""
    right: list[exp.Expr] = []
    node = chain
    while type(node) is type(chain):
        right.append(node.expression)
        node = node.this
    yield node
    yield from reversed(right)


def _members(union: exp.SetOperation) -> Iterator[exp.Expr]:
    """The SELECTs of a union of unions, but for those that have an order or a limit of their own."""
    right: list[exp.Expr] = []
    node: exp.Expr = union
    while isinstance(node, exp.SetOperation) and (node is union or not any(_parts(node, ("this", "expression")))):
        right.append(node.expression)
        node = node.this
    yield node
    yield from reversed(right)


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    """All that FROM and JOIN read, in order, those that are joined in parentheses one by one."""
    start = select.args.get("from_")
    waiting = [start.this] if start else []
    waiting += [join.this for join in select.args.get("joins") or []] + list(select.args.get("laterals") or [])
    while waiting:
        source = waiting.pop(0)
        if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Table | exp.Subquery):
            waiting.insert(0, source.this)
        else:
            yield source
        waiting[0:0] = [join.this for join in source.args.get("joins") or []]


def _outputs(
    select: exp.Select, values: list[Value], sources: Mapping[str, Relation]
) -> tuple[dict[str, Value], Value, int, bool]:
    """The columns of the result. Those of one table that are given as they are make one row of it at most."""
    columns: dict[str, Value] = {}
    any, row, is_open = Value(), 0, False
    plain: Counter[str] = Counter()
    for output, value in zip(select.expressions, values, strict=True):
        if output.is_star:
            for relation in sources.values():
                columns |= relation.columns
                any, is_open = any | relation.any, is_open or relation.is_open
            plain["*"] += 1
            continue
        any |= value
        if isinstance(output.unalias(), exp.Column):
            plain[output.unalias().name] += 1
        else:
            row += value.bytes
        if isinstance(output, exp.Alias | exp.Column):
            columns[output.alias_or_name] = value
        else:
            is_open = True  # PostgreSQL gives it a name of its own
    times = max((count for name, count in plain.items() if name != "*"), default=0) + plain["*"]
    row += times * sum(relation.row for relation in sources.values())
    _check_bytes(row)
    return columns, any, row, is_open


def _fenced(relation: Relation) -> Relation:
    """A reference to its columns stays a reference, whatever they were made of."""
    columns = {name: value.costing(Cost(nodes=1)) for name, value in relation.columns.items()}
    return msgspec.structs.replace(relation, columns=columns, any=relation.any.costing(Cost(nodes=1)), branches=1)


def _renamed(relation: Relation, source: exp.Expr) -> Relation:
    """As `AS t(a, b)` has it."""
    alias = source.args.get("alias")
    if not (isinstance(alias, exp.TableAlias) and alias.args.get("columns")):
        return relation
    return msgspec.structs.replace(relation, columns={}, is_open=True)


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise InvalidField(f"query.sql: over rows as large as these it could make texts beyond {MAX_BYTES >> 20} MB")


def _checked(cost: Cost) -> Cost:
    if cost.tables > MAX_TABLES:
        raise InvalidField(
            f"query.sql: it reads tables in more than {MAX_TABLES} places, all that WITH repeats counted"
        )
    if cost.sorts > MAX_SORTS:
        raise InvalidField(f"query.sql: it sorts, groups or keeps rows in more than {MAX_SORTS} places")
    if cost.nodes > MAX_NODES:
        raise InvalidField(f"query.sql: its expressions, written out, have more than {MAX_NODES} parts")
    if cost.work > MAX_WORK:
        raise InvalidField("query.sql: over rows as large as these a single one could take too long")
    return cost
