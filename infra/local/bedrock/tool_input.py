"""Finds in a question what a tool's parameters ask for: `region` in "the north region", `order_id` in "order A-17"."""

from __future__ import annotations

import re
from typing import Any

from infra.local.bedrock.plain_values import DATE, QUOTED
from infra.local.bedrock.schema_fill import fill, fits
from infra.local.bedrock.words import SILENT, content_words

WHOLE = re.compile(r"query|question|text|message|prompt|search|body|note|reason|comment|subject", re.I)
TIMES = re.compile(r"date|day|from|to|since|until|start|end|begin|after|before", re.I)
CODES = re.compile(r"id|code|number|no|sku|ref|reference|key|name", re.I)
CODE = re.compile(
    r"(?<![\w-])(?=[A-Za-z_-]{0,40}+\d|\d{1,40}+[\w-]{0,40}?[A-Za-z])[A-Za-z0-9]++(?:[-_][A-Za-z0-9]++)*+(?!\w)"
)
CAPITALISED = re.compile(r"(?<=[\w,;] )[A-ZÀ-Þ][\w'&-]*(?: [A-ZÀ-Þ][\w'&-]*)*")
PREPOSITION = re.compile(
    r"\b(?:in|for|at|of|from|by|with|to|about|named|called)\s+(?:(?:the|an?|our|my)\s+)?([\w-]+)", re.I
)
JOINS = r"(?:\s+(?:is|are|of|called|named|number|no\.?|was|=))?[\s:=#]+"


OWN_FORM = frozenset({"enum", "const", "format", "pattern", "anyOf", "oneOf", "allOf", "$ref"})


def tool_input(schema: dict[str, Any], question: str) -> dict[str, Any]:
    """An input that fits the schema, from the question's words: what it requires, and of the rest what the question has
    something for."""
    given = given_by(schema, question, only_required=True)
    return given if isinstance(given, dict) else {}


def given_by(schema: dict[str, Any], text: str, *, only_required: bool = False) -> Any:
    """A value that fits the schema, from the words of a text (see `fill`)."""
    filled = fill(schema, text, only_required=only_required)
    guessed = frozenset(schema.get("required", ())) if only_required else frozenset[str]()
    named = _with_names(schema, text, filled, guessed) if isinstance(filled, dict) else filled
    return named if fits(schema, named) else filled


def _with_names(
    schema: dict[str, Any], question: str, filled: dict[str, Any], guessed: frozenset[str]
) -> dict[str, Any]:
    """The same, with texts that are the parameter's own where the question seems to name them; the whole question stays
    where nothing does."""
    filled = dict(filled)
    said = _Said(question, [value for value in filled.values() if isinstance(value, str) and value != question])
    for name, property in schema.get("properties", {}).items():
        known = name in filled and not _is_fallback(filled[name], question)
        if known or WHOLE.search(name) or not _is_plain_text(property):
            continue
        found = said.beside(name) or (said.anywhere(name) if name in guessed else "")
        if found:
            filled[name] = found[: property.get("maxLength", 2_000)]
    return filled


def _is_plain_text(property: Any) -> bool:
    return isinstance(property, dict) and property.get("type", "string") == "string" and not property.keys() & OWN_FORM


def named_in(schema: dict[str, Any], question: str) -> float:
    """How surely the question holds what the tool needs: 1 when each parameter is called by its name, a half when there
    is something for each, 0 when it needs nothing or something is not there."""
    found, required = tool_input(schema, question), schema.get("required", ())
    values = [found[name] for name in required if name in found]
    if not values or any(value in (question, "2026-01-01", 0.5, 1, None) for value in values):
        return 0.0
    said = _Said(question, [])
    return 1.0 if all(said.beside(name) == str(found[name]) for name in required) else 0.5


class _Said:
    """The words of a question; each piece is given to one parameter."""

    def __init__(self, question: str, taken: list[str]) -> None:
        self._question, self._taken = question, set(taken)

    def beside(self, name: str) -> str:
        """What stands next to the parameter's own name: "region north", "order id: A-17", "the north region"."""
        words = [word for word in re.split(r"[_\W]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)) if word]
        spoken = r"\s+".join(map(re.escape, words))
        short = re.escape(words[0]) if words and CODES.fullmatch(words[-1]) else spoken
        for pattern in (
            rf"\b{spoken}{JOINS}([\w@.+-]{{0,200}}\w)",
            rf"\b{short}{JOINS}([\w-]{{0,80}}\d[\w-]{{0,80}})",
            rf"(?<![\w-])([\w-]{{1,80}}+)\s{{1,20}}+{spoken}\b",
        ):
            for found in re.finditer(pattern, self._question, re.IGNORECASE):
                if self._free(found[1]):
                    return self._take(found[1])
        return ""

    def anywhere(self, name: str) -> str:
        """What could be meant: a date, a code, a name with a capital letter, what follows a preposition."""
        texts = list(DATE.findall(self._question)) if TIMES.search(name) else []
        texts += QUOTED.findall(self._question)
        texts += CODE.findall(self._question) if CODES.search(name) else []
        texts += CAPITALISED.findall(self._question)
        texts += reversed(PREPOSITION.findall(self._question))
        return next((self._take(text) for text in texts if self._free(text)), "")

    def _free(self, text: str) -> bool:
        return bool(content_words(text)) and text.lower() not in SILENT and text not in self._taken

    def _take(self, text: str) -> str:
        self._taken.add(text)
        return text


def _is_fallback(value: Any, question: str) -> bool:
    return isinstance(value, str) and question.startswith(value[:40]) and len(value) >= min(len(question), 40)
