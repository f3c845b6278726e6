"""Structured replies: the schema a model is asked for, and its reply read leniently but checked strictly."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal, get_args, get_origin

import msgspec

TRIED_STARTS = 8  # opening braces at which an object may begin; prose before it can hold some
_DECODER = json.JSONDecoder(strict=False)  # models write line breaks inside strings


class Unusable(Exception):
    """The reply holds no JSON object of the wanted type; the message says what is wrong, for the model to read."""


@cache
def schema_of(output: type[msgspec.Struct]) -> str:
    """The JSON schema of an output type, on one line."""
    (_,), components = msgspec.json.schema_components([output], ref_template="#/$defs/{name}")
    schema: dict[str, Any] = components.pop(output.__name__)
    for field in msgspec.structs.fields(output):
        if get_origin(field.type) is Literal:  # msgspec sorts them; as declared, the usual one first, they read better
            schema["properties"][field.encode_name]["enum"] = list(get_args(field.type))
    if components:
        schema["$defs"] = components
    return msgspec.json.encode(schema).decode()


def parse_reply(text: str, output: type[msgspec.Struct]) -> msgspec.Struct:
    """The first object in `text` that fits `output`, whatever stands around it (prose, a code fence); Unusable."""
    wrong = "there is no JSON object in it"
    start = -1
    for _ in range(TRIED_STARTS):
        start = text.find("{", start + 1)
        if start < 0:
            break
        try:
            found, _ = _DECODER.raw_decode(text, start)
            return msgspec.convert(found, output, strict=False)
        except (ValueError, RecursionError) as error:  # msgspec's ValidationError is a ValueError
            wrong = str(error) or "it is nested too deeply"
    raise Unusable(wrong)
