"""Makes a JSON value that fits a JSON schema, from the numbers, dates, quoted words and choices in a text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from infra.local.bedrock.words import content_words

NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:[.,]\d{3})*(?:\.\d+)?(?![\w-])")
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
QUOTED = re.compile(r"[\"“‘'`]([^\"”’'`]{1,200})[\"”’'`](?!\w)")
UNLIKELY = re.compile(r"unsafe|inject|toxic|harm|contradict|block|refus|ambig|off_?topic|error|missing|unsupport", re.I)
DEPTH = 12
# What somebody who understands more of the text says of a property: its schema, its name, the schema of its items.
Judge = Callable[[dict[str, Any], str, dict[str, Any]], Any]


class TextMaterial:
    """What is in the text, each piece used once, in the order of the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = set(content_words(text))
        self.dates = DATE.findall(text)
        without_dates = DATE.sub(" ", text)
        self.numbers = [float(found.replace(",", "")) for found in NUMBER.findall(without_dates)]
        self.quoted = QUOTED.findall(text)

    def choice(self, options: list[Any]) -> tuple[Any, int]:
        """The option that shares most words with the text, else the first; and how many it shares."""
        shared = [len(self.words & set(content_words(str(option).replace("_", " ")))) for option in options]
        best = max(range(len(options)), key=lambda i: (shared[i], -i))
        return options[best], shared[best]


def fill(schema: dict[str, Any], text: str, *, only_required: bool = False, judge: Judge | None = None) -> Any:
    """A value that fits `schema` (the common part of JSON Schema 2020-12). With `only_required`, a property that is
    not required is left out unless the text has something for it. Where `judge` has an opinion, that is the value."""
    return _Filling(schema, TextMaterial(text), only_required, judge).value(schema, "", DEPTH)


class _Filling:
    def __init__(self, root: dict[str, Any], evidence: TextMaterial, only_required: bool, judge: Judge | None) -> None:
        self._root, self._evidence, self._only_required, self._judge = root, evidence, only_required, judge

    def value(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        if depth == 0:
            return None
        schema = self._resolved(schema)
        if self._judge and name:
            judged = self._judge(schema, name, self._resolved(schema.get("items", {})))
            if judged is not None:
                return judged
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._evidence.choice(schema["enum"])[0]
        for union in ("anyOf", "oneOf", "allOf"):
            if schema.get(union):
                return self.value({**_without(schema, union), **schema[union][0]}, name, depth - 1)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
        return getattr(self, f"_{kind}", self._null)(schema, name, depth)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        for _ in range(DEPTH):
            pointer = schema.get("$ref")
            if not isinstance(pointer, str):
                break
            target: Any = self._root
            for part in pointer.removeprefix("#/").split("/"):
                target = target.get(part, {}) if isinstance(target, dict) else {}
            schema = target
        return schema

    def _object(self, schema: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            key: self.value(inner, key, depth - 1)
            for key, inner in schema.get("properties", {}).items()
            if key in required or not self._only_required or self._has_evidence(self._resolved(inner), key)
        }

    def _has_evidence(self, schema: dict[str, Any], name: str) -> bool:
        if schema.get("enum"):
            return self._evidence.choice(schema["enum"])[1] > 0
        if schema.get("type") in ("number", "integer"):
            return bool(self._evidence.numbers)
        if schema.get("type") == "string":
            return bool(self._evidence.dates if _is_date(schema, name) else self._evidence.quoted)
        return False

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        items = self._resolved(schema.get("items", {"type": "string"}))
        if items.get("enum"):
            chosen, shared = self._evidence.choice(items["enum"])
            found = [chosen] if shared or schema.get("minItems", 0) else []
        else:
            found = [self.value(items, name, depth - 1)]
        while len(found) < schema.get("minItems", 0):
            found.append(self.value(items, name, depth - 1))
        return found[: schema.get("maxItems", len(found))]

    def _string(self, schema: dict[str, Any], name: str, depth: int) -> str:
        evidence = self._evidence
        if _is_date(schema, name):
            text = evidence.dates.pop(0) if evidence.dates else "2026-01-01"
            return f"{text}T00:00:00Z" if schema.get("format") == "date-time" else text
        text = evidence.quoted.pop(0) if evidence.quoted else evidence.text
        text = text[: schema.get("maxLength", 2_000)]
        return text.ljust(schema.get("minLength", 0), ".")

    def _number(self, schema: dict[str, Any], name: str, depth: int) -> float:
        low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
        found = self._evidence.numbers.pop(0) if self._evidence.numbers else 0.5
        return float(min(max(found, low), high))

    def _integer(self, schema: dict[str, Any], name: str, depth: int) -> int:
        found = int(self._evidence.numbers.pop(0)) if self._evidence.numbers else 1
        return int(min(max(found, schema.get("minimum", found)), schema.get("maximum", max(found, 0))))

    def _boolean(self, schema: dict[str, Any], name: str, depth: int) -> bool:
        return not UNLIKELY.search(name)

    def _null(self, schema: dict[str, Any], name: str, depth: int) -> None:
        return None


def _is_date(schema: dict[str, Any], name: str) -> bool:
    return schema.get("format") in ("date", "date-time") or "date" in name.lower().split("_")


def _without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}
