"""How large what an expression of a tool's SQL gives can be, and what one row of it costs, from those of its parts."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlglot import exp

from adapters.postgres.dataset_values import LIST_BYTES, PARAMETER_BYTES

MAX_WHOLE, MAX_SCALE = 131_072, 16_383
"""Digits before and after the point: all that PostgreSQL allows (its manual, 8.1.2)."""
CAST_DIGITS = 500
FORMAT_FACTOR = 16
"""`to_char` writes at most so many characters for one of its format."""
ROOT_WORK = 1_000_000
SMALL_POWER = 20

TEXTUAL = frozenset({"TEXT", "VARCHAR"})
SORTING = (exp.Group, exp.Order, exp.Distinct, exp.Window, exp.WithinGroup)
CHAINS = (exp.And, exp.Or, exp.Add, exp.Sub, exp.Mul, exp.DPipe)
SEARCHES = (exp.Like, exp.ILike, exp.StrPosition, exp.SplitPart, exp.Trim)
# What gives back one of its arguments, or a part of it.
CHOICES = (
    exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Case, exp.If, exp.Min, exp.Max, exp.Lower, exp.Upper,
    exp.Initcap, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.SplitPart, exp.Lag, exp.Lead, exp.FirstValue,
    exp.LastValue, exp.PercentileDisc, exp.PercentileCont, exp.WithinGroup, exp.Window, exp.Filter, exp.Paren,
    exp.Alias, exp.Neg, exp.Abs, exp.Ceil, exp.Floor, exp.Distinct, exp.Order, exp.Ordered, exp.Mod,
)  # fmt: skip
# What gives a truth, a count or a moment, however large its arguments.
SMALL = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Not, exp.And, exp.Or,
    exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Like, exp.ILike, exp.Escape, exp.LogicalAnd, exp.LogicalOr,
    exp.Count, exp.Length, exp.StrPosition, exp.Extract, exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank,
    exp.CumeDist, exp.Ntile, exp.Sign, exp.Corr, exp.Boolean, exp.Null, exp.Star, exp.CurrentDate,
    exp.CurrentTimestamp, exp.TimestampTrunc, exp.Interval, exp.Where, exp.Having, exp.Group, exp.Limit, exp.Offset,
    exp.Fetch, exp.WindowSpec,
)  # fmt: skip
# What is a number before it is cast to one, with digits that were counted.
NUMBERS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Sum, exp.Avg, exp.Count, exp.Round, exp.Abs, exp.Ceil,
    exp.Floor, exp.Sqrt, exp.Exp, exp.Ln, exp.Log, exp.Pow, exp.Length, exp.Extract, exp.Stddev, exp.StddevPop,
    exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Corr, exp.PercentileCont, exp.RowNumber, exp.Rank,
)  # fmt: skip


class Cost(msgspec.Struct, frozen=True):
    """What the planner is given to think about (nodes, tables), what is sorted or hashed, and the work of one row, in
    comparisons of a byte: about a nanosecond each."""

    nodes: int = 0
    work: int = 0
    tables: int = 0
    sorts: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.nodes + other.nodes, self.work + other.work, self.tables + other.tables, self.sorts + other.sorts
        )

    def __or__(self, other: Cost) -> Cost:
        return Cost(
            max(self.nodes, other.nodes), max(self.work, other.work), max(self.tables, other.tables),
            max(self.sorts, other.sorts),
        )  # fmt: skip

    def times(self, copies: int) -> Cost:
        """Of so many copies."""
        return Cost(self.nodes * copies, self.work * copies, self.tables * copies, self.sorts * copies)


class Value(msgspec.Struct, frozen=True):
    """The most bytes it has as a text, the most digits as a number, and what it costs to write its expression again."""

    bytes: int = 32
    whole: int = 32
    scale: int = 32
    cost: Cost = Cost(nodes=1)

    def __or__(self, other: Value) -> Value:
        return Value(
            max(self.bytes, other.bytes), max(self.whole, other.whole), max(self.scale, other.scale),
            self.cost | other.cost,
        )  # fmt: skip

    @property
    def digits(self) -> int:
        """Both sides of the point."""
        return self.whole + self.scale

    def costing(self, cost: Cost) -> Value:
        """The same at another price."""
        return Value(self.bytes, self.whole, self.scale, cost)


DOUBLE = Value(bytes=700, whole=320, scale=340)
"""A number in a dataset: its readers take doubles, and decimals of 76 digits."""


def largest(values: Iterable[Value]) -> Value:
    """Large enough for each of them."""
    found = Value()
    for value in values:
        found |= value
    return found


def literal(node: exp.Literal) -> Value:
    """A text or a number as it is written. A text is a number where one is wanted, and `1e9999` is short."""
    text = node.name.strip().lower()
    size = len(node.name.encode())
    if node.is_string and not text.lstrip("+-").startswith(tuple(".0123456789")):
        return Value(bytes=size)
    if "e" in text:
        return Value(max(size, 0 if node.is_string else MAX_WHOLE), MAX_WHOLE, MAX_SCALE)
    return Value(size, 2 * size, 2 * size)


def parameter(kind: str) -> Value:
    """A value that a model gives, of one of the types that a schema can name."""
    if kind.endswith("[]"):
        return Value(LIST_BYTES, DOUBLE.whole, DOUBLE.scale)
    return Value(PARAMETER_BYTES, MAX_WHOLE, MAX_SCALE) if kind == "text" else DOUBLE


def combined(node: exp.Expr, parts: list[Value]) -> Value:
    """What a node gives, of what stands in it."""
    size = _size(node, parts)
    cost = Cost(nodes=max(1, len(parts) - 1 if isinstance(node, CHAINS) else 1), work=_work(node, parts))
    for part in parts:
        cost += part.cost
    return Value(size.bytes, min(size.whole, MAX_WHOLE), min(size.scale, MAX_SCALE), cost)


def _size(node: exp.Expr, parts: list[Value]) -> Value:
    most = largest(parts)
    match node:
        case exp.Cast():
            return _cast(node, most)
        case exp.Add() | exp.Sub():
            return _number(most.whole + len(parts), most.scale)
        case exp.Mul():
            return _number(sum(part.whole for part in parts), sum(part.scale for part in parts))
        case exp.Div():
            return _number(sum(part.digits for part in parts), max(most.scale, 1_000))
        case exp.Pow():
            power = small_power(node)
            return _number(parts[0].whole * power, parts[0].scale * power) if power else DOUBLE
        case exp.Round():
            return _number(most.whole + 1, _decimals(node))
        case exp.Exp() | exp.Ln() | exp.Log() | exp.Sqrt():
            return _number(max(most.whole, 2_700), 2_000)
        case exp.Sum() | exp.Avg():
            return _number(most.whole + 20, max(most.scale, 1_000))
        case exp.Stddev() | exp.StddevPop() | exp.StddevSamp() | exp.Variance() | exp.VariancePop():
            return _number(2 * most.whole + 20, max(2 * most.scale, 1_000))
        case exp.TimeToStr() | exp.ToChar():
            return Value(bytes=64 + FORMAT_FACTOR * len(node.text("format")))
        case exp.ConcatWs():
            return Value(bytes=sum(part.bytes for part in parts) + len(parts) * parts[0].bytes)
    if isinstance(node, CHOICES):
        return most
    if isinstance(node, SMALL):
        return Value()
    return Value(*(sum(getattr(part, name) for part in parts) + 8 for name in ("bytes", "whole", "scale")))


def _number(whole: int, scale: int) -> Value:
    whole, scale = min(whole, MAX_WHOLE), min(scale, MAX_SCALE)
    return Value(whole + scale + 8, whole, scale)


def _cast(node: exp.Cast, of: Value) -> Value:
    kind = node.to.this.value
    if kind in TEXTUAL:
        return Value(bytes=of.bytes)
    if kind == "DECIMAL":
        if is_number(node.this):
            return of
        return _number(2 * CAST_DIGITS, 2 * CAST_DIGITS) if node.to.expressions else _number(CAST_DIGITS, CAST_DIGITS)
    return DOUBLE


def is_number(node: exp.Expr) -> bool:
    """Whether it surely is one; a column or a parameter may be a text."""
    inner = node.unnest()
    return isinstance(inner, NUMBERS) or (isinstance(inner, exp.Literal) and not inner.is_string)


def _decimals(node: exp.Round) -> int:
    wanted = node.args.get("decimals")
    if wanted is None:
        return 0
    is_plain = isinstance(wanted, exp.Literal) and wanted.name.isdigit() and len(wanted.name) < 5
    return int(wanted.name) if is_plain else MAX_SCALE


def small_power(node: exp.Pow) -> int:
    """The exponent of a power that is a few multiplications; 0 when it is another."""
    power = node.expression
    is_small = isinstance(power, exp.Literal) and power.name.isdigit() and len(power.name) < 3
    return int(power.name) if is_small and int(power.name) <= SMALL_POWER else 0


def _work(node: exp.Expr, parts: list[Value]) -> int:
    """Measured on PostgreSQL 18: a search compares each place with each byte sought, a product each digit with each."""
    work = sum(part.bytes for part in parts) // 16
    if isinstance(node, SEARCHES) and len(parts) > 1:
        work += parts[0].bytes * parts[1].bytes * (3 if isinstance(node, exp.Trim) else 1)
    match node:
        case exp.Mul():
            digits = 0
            for part in parts:
                work += digits * part.digits // 64
                digits += part.digits
        case exp.Div() | exp.Mod():
            work += parts[0].digits * largest(parts[1:]).digits // 16
        case exp.Pow():
            work += small_power(node) ** 2 * parts[0].digits ** 2 // 64
        case exp.Exp() | exp.Ln() | exp.Log() | exp.Sqrt():
            work += ROOT_WORK + largest(parts).digits ** 2 // 256
        case exp.Stddev() | exp.StddevPop() | exp.StddevSamp() | exp.Variance() | exp.VariancePop():
            work += largest(parts).digits ** 2 // 16
    return work
