"""Adds a stored sample for each topic that has none yet; samples that are there are never changed."""

from __future__ import annotations

import base64
import json
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from domain.event import TOPICS, Event
from tests.architecture.test_stored_samples import SAMPLES

VALUES: dict[Any, Any] = {str: "text", int: 7, float: 0.5, bool: True}


def value_of(kind: Any) -> Any:
    """Something of that type."""
    if kind in VALUES:
        return VALUES[kind]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {name: value_of(hint) for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return arguments[0]
    if kind is Any:
        return "text"
    if origin is tuple:
        return [value_of(arguments[0])]
    if origin is dict:
        return {"text": value_of(arguments[1])}
    if arguments:
        return value_of(arguments[0])
    return {"Decimal": "0.001", "Raw": msgspec.Raw(b"\x80"), "datetime": "2026-11-25T00:00:00Z"}.get(
        kind.__name__, "text"
    )


def sample(event: type[Event]) -> str:
    """The stored body of an event of that type, as base64."""
    hints = get_type_hints(event)
    fields = {name: value_of(hints[name]) for name in event.__struct_fields__}
    return base64.b64encode(msgspec.msgpack.encode(msgspec.convert(fields, event))).decode()


if __name__ == "__main__":
    known = json.loads(SAMPLES.read_text()) if SAMPLES.exists() else {}
    known |= {topic: sample(event) for topic, event in TOPICS.items() if topic not in known}
    SAMPLES.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
