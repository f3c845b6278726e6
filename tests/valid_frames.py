"""Holds what a chat socket says to the AsyncAPI document: a frame it does not describe, or a field, is a failure."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs

from api.docs.asyncapi import chat_document


def checked(frame: dict[str, Any]) -> dict[str, Any]:
    """The frame, which is as the document says."""
    validator = _validators().get(frame["type"])
    assert validator, f"{frame['type']} is in no document"
    if wrong := next(iter(validator.iter_errors(frame)), None):
        raise AssertionError(f"{frame['type']}: {wrong.message} at {list(wrong.instance_path)}")
    return frame


@cache
def _validators() -> dict[str, Any]:
    document = chat_document()
    parts = {"components": {"schemas": {n: _closed(s) for n, s in document["components"]["schemas"].items()}}}
    return {
        message["name"]: jsonschema_rs.validator_for(_closed(message["payload"]) | parts)
        for message in document["components"]["messages"].values()
    }


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same without room for fields of tomorrow."""
    return schema | {"additionalProperties": False} if "properties" in schema else schema
