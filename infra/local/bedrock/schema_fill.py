"""Makes a JSON value that fits a JSON schema, from the numbers, dates, quoted words and choices in a text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from infra.local.bedrock.plain_values import PlainValues, TextMaterial, is_date
from infra.local.bedrock.schema_texts import sample_of

DEPTH, SPARSE = 12, 7
"""How deep a value may nest, and from where on down only what must be there is: a schema may hold itself."""
UNIONS = ("anyOf", "oneOf")
KEYS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties"},
    "array": {"items", "prefixItems", "minItems", "contains"},
    "number": {"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"},
}
"""What a schema without a type tells its kind by."""
# What somebody who understands more of the text says of a property: its schema, its name, the schema of its items.
Judge = Callable[[dict[str, Any], str, dict[str, Any]], Any]


def fill(schema: dict[str, Any], text: str, *, only_required: bool = False, judge: Judge | None = None) -> Any:
    """A value that fits `schema` (JSON Schema 2020-12 without conditions), the same for the same text. With
    `only_required`, a property that is not required is left out unless the text has something for it. Where `judge` has
    an opinion, that is the value."""
    return _Filling(schema, TextMaterial(text), only_required, judge).value(schema, "", DEPTH)


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether the value is what the schema wants; so is anything where that is no schema."""
    try:
        return _validator(msgspec.json.encode(schema)).is_valid(value)
    except (ValueError, jsonschema_rs.ReferencingError):
        return True


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(msgspec.json.decode(schema), offline=True, validate_formats=True)


class _Filling:
    def __init__(self, root: dict[str, Any], evidence: TextMaterial, only_required: bool, judge: Judge | None) -> None:
        self._root, self._evidence, self._only_required, self._judge = root, evidence, only_required, judge
        self._plain = PlainValues(evidence)

    def value(self, given: Any, name: str, depth: int) -> Any:
        if depth == 0 or given is False:
            return None
        schema = self._resolved(given)
        if self._judge and name:
            judged = self._judge(schema, name, self._resolved(schema.get("items", {})))
            if judged is not None:
                return judged
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._evidence.choice(schema["enum"])[0]
        for union in UNIONS:
            if schema.get(union):
                rest = {key: inner for key, inner in schema.items() if key != union}
                return self.value(_both(rest, self._option(schema[union], depth)), name, depth - 1)
        return self._of_kind(_kind(schema, depth), schema, name, depth)

    def _of_kind(self, kind: str, schema: dict[str, Any], name: str, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
        return self._plain.of(kind, schema, name)

    def _option(self, options: list[Any], depth: int) -> dict[str, Any]:
        """The first of several schemas that is no null, or only null where the value is deep already."""
        found = [self._resolved(option) for option in options]
        nulls = [option for option in found if option.get("type") == "null"]
        others = [option for option in found if option.get("type") != "null"]
        return (nulls + others if depth < SPARSE else others + nulls)[0]

    def _resolved(self, schema: Any) -> dict[str, Any]:
        """The schema with what it refers to, and with all that it is to be at once."""
        schema = schema if isinstance(schema, dict) else {}
        for _ in range(DEPTH):
            pointer = schema.get("$ref")
            if not isinstance(pointer, str):
                break
            target: Any = self._root
            for part in pointer.removeprefix("#").removeprefix("/").split("/") if pointer != "#" else ():
                name = part.replace("~1", "/").replace("~0", "~")
                target = target.get(name, {}) if isinstance(target, dict) else {}
            beside = {key: inner for key, inner in schema.items() if key != "$ref"}
            schema = _both(target if isinstance(target, dict) else {}, beside)
        whole: dict[str, Any] = {key: inner for key, inner in schema.items() if key != "allOf"}
        for part in schema.get("allOf", ()):
            whole = _both(whole, self._resolved(part))
        return whole

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required, known = list(schema.get("required", ())), schema.get("properties", {})
        found = {
            key: self.value(inner, key, depth - 1)
            for key, inner in known.items()
            if key in required or (depth >= SPARSE and self._wanted(self._resolved(inner), key))
        }
        dependent = schema.get("dependentRequired", {})
        for key in [*required, *(more for known_key in found for more in dependent.get(known_key, ()))]:
            if key not in found:
                found[key] = self.value(known.get(key, _more(schema, key)), key, depth - 1)
        named = [key for key in known if key not in found]
        invented = [sample_of(pattern) or "" for pattern in schema.get("patternProperties", {})]
        names = [*named, *invented, *(f"more_{n}" for n in range(schema.get("minProperties", 0)))]
        for key in names[: max(0, schema.get("minProperties", 0) - len(found))]:
            found[key] = self.value(known.get(key, _more(schema, key)), key, depth - 1)
        return found

    def _wanted(self, schema: dict[str, Any], name: str) -> bool:
        return not self._only_required or self._has_evidence(schema, name)

    def _has_evidence(self, schema: dict[str, Any], name: str) -> bool:
        if schema.get("enum"):
            return self._evidence.choice(schema["enum"])[1] > 0
        if schema.get("type") in ("number", "integer"):
            return bool(self._evidence.numbers)
        if schema.get("type") == "string":
            return bool(self._evidence.dates if is_date(schema, name) else self._evidence.quoted)
        return False

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        found = [self.value(inner, name, depth - 1) for inner in schema.get("prefixItems", ())]
        given, least = schema.get("items", {"type": "string"}), schema.get("minItems", 0)
        items = self._resolved(given)
        if "contains" in schema:
            found.append(self.value(schema["contains"], name, depth - 1))
        if items.get("enum") and not found:
            chosen, shared = self._evidence.choice(items["enum"])
            found = [chosen] if shared or least else []
        elif not found and given is not False and depth >= SPARSE:
            found = [self.value(items, name, depth - 1)]
        while len(found) < least:
            value = self.value(items, name, depth - 1)
            found.append(_another(value, items, found) if schema.get("uniqueItems") else value)
        return found[: schema.get("maxItems", len(found))]


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A schema that is both: properties of both, the narrower bounds, else the second's word."""
    whole = {**one, **other}
    if "properties" in one and "properties" in other:
        whole["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        whole["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    for key in one.keys() & other.keys() & {"minimum", "exclusiveMinimum", "minLength", "minItems"}:
        whole[key] = max(one[key], other[key])
    for key in one.keys() & other.keys() & {"maximum", "exclusiveMaximum", "maxLength", "maxItems"}:
        whole[key] = min(one[key], other[key])
    return whole


def _another(value: Any, schema: dict[str, Any], taken: list[Any]) -> Any:
    """A value of the same kind that is none of those taken."""
    for option in schema.get("enum", ()):
        if option not in taken:
            return option
    number = len(taken)
    while value in taken:
        number += 1
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            value += schema.get("multipleOf", 1)
        elif isinstance(value, str):
            value = f"{value} {number}"
        else:
            break
    return value


def _kind(schema: dict[str, Any], depth: int) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return "null" if "null" in kind and depth < SPARSE else next((k for k in kind if k != "null"), "null")
    if kind:
        return str(kind)
    keys = {
        "object": ("properties", "required"),
        "array": ("items", "prefixItems"),
        "number": ("minimum", "maximum"),
    }
    return next((kind for kind, telling in keys.items() if any(key in schema for key in telling)), "string")


def _more(schema: dict[str, Any], key: str) -> Any:
    """The schema of a property that has none of its own."""
    for pattern, inner in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return inner
    return schema.get("additionalProperties", True)
