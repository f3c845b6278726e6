"""Texts, numbers and truths that fit a JSON schema, out of what a text holds."""

from __future__ import annotations

import math
import re
from typing import Any

from infra.local.bedrock.schema_texts import sample_of, text_in_format
from infra.local.bedrock.words import content_words

NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:[.,]\d{3})*(?:\.\d+)?(?![\w-])")
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
QUOTED = re.compile(r"[\"“‘'`]([^\"”’'`]{1,200})[\"”’'`](?!\w)")
UNLIKELY = re.compile(r"unsafe|inject|toxic|harm|contradict|block|refus|ambig|off_?topic|error|missing|unsupport", re.I)
BESIDE = 0.001
"""How far from a bound a number is that may not be at it."""


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


class PlainValues:
    """Values that hold no others, each from the next piece of the material that is of its kind."""

    def __init__(self, evidence: TextMaterial) -> None:
        self._evidence = evidence

    def of(self, kind: str, schema: dict[str, Any], name: str) -> Any:
        """A value of a kind for a property of that name; None for any other kind."""
        match kind:
            case "string":
                return self._string(schema, name)
            case "number":
                return self._number(schema)
            case "integer":
                return self._integer(schema)
            case "boolean":
                return not UNLIKELY.search(name)
        return None

    def _string(self, schema: dict[str, Any], name: str) -> str:
        evidence, most = self._evidence, schema.get("maxLength", 2_000)
        if pattern := schema.get("pattern"):
            return self._matching(pattern, schema.get("minLength", 0), most)
        if is_date(schema, name):
            text = evidence.dates.pop(0) if evidence.dates else "2026-01-01"
            return f"{text}T00:00:00Z" if schema.get("format") == "date-time" else text
        if (formatted := text_in_format(schema.get("format", ""), evidence.text)) is not None:
            return formatted
        text = evidence.quoted.pop(0) if evidence.quoted else evidence.text
        return text[:most].ljust(schema.get("minLength", 0), ".")

    def _matching(self, pattern: str, least: int, most: int) -> str:
        """A quoted text or a word of the text that has the pattern; else the shortest that has it."""
        try:
            for text in (*self._evidence.quoted, *(word.strip(".,;:?!()\"'") for word in self._evidence.text.split())):
                if least <= len(text) <= most and re.search(pattern, text):
                    return str(text)
        except re.error:
            pass
        return sample_of(pattern, least) or (sample_of(pattern) or self._evidence.text)[:most].ljust(least, ".")

    def _number(self, schema: dict[str, Any]) -> float:
        found = self._evidence.numbers.pop(0) if self._evidence.numbers else 0.5
        return float(_within(schema, found, BESIDE))

    def _integer(self, schema: dict[str, Any]) -> int:
        found = int(self._evidence.numbers.pop(0)) if self._evidence.numbers else 1
        return int(_within(schema, found, 1.0))


def is_date(schema: dict[str, Any], name: str) -> bool:
    """Whether a property is to be a date, by its format, else by its name."""
    if "format" in schema:
        return schema["format"] in ("date", "date-time")
    return "date" in name.lower().split("_")


def _within(schema: dict[str, Any], found: float, step: float) -> float:
    """The number, or the nearest that the schema's bounds and multiples allow; `step` is to the next one."""
    step = float(schema.get("multipleOf", step))
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf) + step)
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf) - step)
    found = min(max(found, low), high)
    if "multipleOf" not in schema:
        return found
    above = math.ceil(found / step) * step
    return above if above <= high else math.floor(high / step) * step
