"""The words of a tool's SQL before anything recurses over them: how many they are, how deep they nest, and which."""

from __future__ import annotations

import re
from itertools import pairwise

from sqlglot.dialects.postgres import Postgres
from sqlglot.tokenizer_core import Token, TokenType

from domain.refusals import InvalidField
from domain.tenant.tool_definitions import MAX_SQL

MAX_TOKENS = 2_000
MAX_DEPTH = 24
"""Of parentheses and CASEs in each other. The parser takes some thirty calls of its own for each."""
MARK = "p_"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Arrays and structures are not for tools, and the parser reads some of their brackets in quadratic time.
REFUSED = frozenset({
    TokenType.L_BRACKET, TokenType.R_BRACKET, TokenType.L_BRACE, TokenType.R_BRACE, TokenType.SEMICOLON,
    TokenType.ARRAY, TokenType.STRUCT, TokenType.MAP,
})  # fmt: skip
DEEPER, SHALLOWER = (TokenType.L_PAREN, TokenType.CASE), (TokenType.R_PAREN, TokenType.END)


def one_select(sql: str) -> str:
    """The statement without a semicolon at its end, and with a mark before the names of its parameters, so that they
    may be words of SQL: a parameter `:from` is common. Other statements do not even reach the parser, nor does one that
    is too long or too deep for it: InvalidField."""
    if len(sql) > MAX_SQL:
        raise InvalidField(f"query.sql: at most {MAX_SQL} characters")
    tokens = Postgres().tokenize(sql)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        sql = sql[: tokens.pop().start]
    first = next((token.token_type for token in tokens if token.token_type is not TokenType.L_PAREN), None)
    if first not in (TokenType.SELECT, TokenType.WITH) or any(t.token_type is TokenType.SEMICOLON for t in tokens):
        raise InvalidField("query.sql: one SELECT")
    _check(tokens)
    for colon, after in reversed(list(pairwise(tokens))):
        adjacent = colon.token_type is TokenType.COLON and after.start == colon.end + 1
        if adjacent and NAME.fullmatch(after.text):
            sql = sql[: after.start] + MARK + sql[after.start :]
    return sql


def _check(tokens: list[Token]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise InvalidField(f"query.sql: at most {MAX_TOKENS} words and signs")
    depth = 0
    for token in tokens:
        if token.token_type in REFUSED:
            raise InvalidField(f"query.sql: {token.text} is not for tools")
        depth += (token.token_type in DEEPER) - (token.token_type in SHALLOWER)
        if depth > MAX_DEPTH:
            raise InvalidField(f"query.sql: nested more than {MAX_DEPTH} deep")
