"""A tool's input schema: whether it is one, and what of an input does not fit it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from domain.refusals import InvalidField

MOST_COMPLAINTS = 5
MOST_NODES = 5_000
"""Of a schema with every reference written out: references to references double each time, and validation with them."""
REGEX_BYTES = 262_144
ELSEWHERE = frozenset({"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary"})


def check_schema(schema: dict[str, Any]) -> None:
    """InvalidField when it is no JSON Schema, or one that could lead outside itself or on without end."""
    try:
        _Size(schema).of(schema)
        _validator(_bytes_of(schema))
    except RecursionError:
        raise InvalidField("input_schema: nested too deeply") from None
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise InvalidField(f"input_schema: {str(error).splitlines()[0][:300]}") from None


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    """What does not fit, each with its place, the first few; empty when the value fits."""
    found: list[str] = []
    for error in _errors(schema, value):
        place = ".".join(map(str, error.instance_path))
        found.append(f"{place}: {error.message[:300]}" if place else error.message[:300])
        if len(found) == MOST_COMPLAINTS:
            break
    return found


def _errors(schema: dict[str, Any], value: Any) -> Iterator[jsonschema_rs.ValidationError]:
    return _validator(_bytes_of(schema)).iter_errors(value)


def _bytes_of(schema: dict[str, Any]) -> bytes:
    return msgspec.json.encode(schema, order="sorted")


@lru_cache(maxsize=200)  # of 32 KB of schema at most
def _validator(schema: bytes) -> jsonschema_rs.Validator:
    """Offline, so that no schema makes us fetch anything; patterns by an engine whose time is linear."""
    return jsonschema_rs.validator_for(
        msgspec.json.decode(schema),
        offline=True,
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=REGEX_BYTES, dfa_size_limit=REGEX_BYTES),
    )


class _Size:
    """Counts a schema with its references written out; ValueError when there is too much of it."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._known: dict[str, int] = {}

    def of(self, node: Any) -> int:
        size = 1
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            if key in ELSEWHERE:
                raise ValueError(f"{key} is not for tools")
            size += self._referred(inner) if key == "$ref" and isinstance(inner, str) else self.of(inner)
            if size > MOST_NODES:
                raise ValueError("too large, with its references written out")
        return size

    def _referred(self, pointer: str) -> int:
        if not pointer.startswith("#/"):
            raise ValueError("a $ref begins with #/")
        if pointer not in self._known:
            self._known[pointer] = MOST_NODES + 1  # so that one that leads to itself is too large
            self._known[pointer] = self.of(self._target(pointer))
        return self._known[pointer]

    def _target(self, pointer: str) -> Any:
        target: Any = self._root
        for part in pointer.removeprefix("#/").split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        if target is None:
            raise ValueError(f"{pointer} leads nowhere")
        return target
