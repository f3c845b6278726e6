"""JSON and JSON Lines to text: a line a value, named by the way to it; a line a record where there are many alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.charsets.decoding import decode
from adapters.extract.cleaning import clean
from adapters.extract.draft import Draft

DEEPEST = 200
TITLES = ("title", "name")
_exact = msgspec.json.Decoder(float_hook=str)
"""Numbers as they were written: `12.50` stays that."""
BROKEN = (ValueError, RecursionError)


def read_json(body: bytes) -> Draft:
    """A document; as it stands where it is no JSON, which is said."""
    draft, text = _draft(body)
    try:
        value = _decoded(text)
    except BROKEN:
        return _as_it_stands(draft, text)
    return _told(draft, value)


def _told(draft: Draft, value: Any) -> Draft:
    if isinstance(value, dict):
        draft.title = next((value[key] for key in TITLES if isinstance(value.get(key), str)), "")
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        for number, record in enumerate(value, 1):
            draft.row(number)
            draft.add(_record(record), "\n")
        return draft
    for line in _lines(value, "", 0):
        draft.add(line, "\n")
    return draft


def read_json_lines(body: bytes) -> Draft:
    """A record a line, each numbered as it stands in the file; one value over many lines where that is what it is."""
    draft, text = _draft(body)
    if text.lstrip().startswith("[") and (whole := _if_whole(text)) is not None:
        return _told(draft, whole)
    broken = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        draft.row(number)
        try:
            value = _decoded(line)
            draft.add(_record(value) if isinstance(value, dict) else " ".join(_lines(value, "", 0)), "\n")
        except BROKEN:
            broken += 1
            draft.add(line, "\n")
    if broken:
        draft.warn(f"{broken} lines are no JSON; they are kept as they stand.")
    return draft


def _decoded(text: str) -> Any:
    """A value; of a few things that are no JSON, and that programs write as such, too (`NaN`). One of `BROKEN`."""
    try:
        return _exact.decode(text)
    except msgspec.DecodeError:
        return json.loads(text, parse_float=str, parse_constant=str)


def _if_whole(text: str) -> Any | None:
    """The only value of a text; None where it is none, or holds several."""
    try:
        return _decoded(text)
    except BROKEN:
        return None


def _draft(body: bytes) -> tuple[Draft, str]:
    decoded = decode(body)
    return Draft.of(decoded), clean(decoded.text)


def _as_it_stands(draft: Draft, text: str) -> Draft:
    draft.warn("The file is no JSON; it is kept as it stands.")
    draft.add(text, "")
    return draft


def _record(record: dict[str, Any]) -> str:
    return "; ".join(line for key, value in record.items() for line in _lines(value, " ".join(key.split()), 1))


def _lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and value and depth < DEEPEST:
        for key, one in value.items():
            yield from _lines(one, f"{path}.{key}" if path else key, depth + 1)
    elif isinstance(value, list) and depth < DEEPEST:
        if all(not isinstance(one, dict | list) for one in value):
            plain = ", ".join(map(_plain, value))
            if plain:
                yield f"{path}: {plain}" if path else plain
            return
        for one in value:
            yield from _lines(one, path, depth + 1)
    elif value is not None and value not in ("", {}):
        yield f"{path}: {_plain(value)}" if path else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
