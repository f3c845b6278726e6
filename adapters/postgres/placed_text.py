"""A passage's text as it is sealed: after the place where it stands, if it has one."""

from __future__ import annotations

import msgspec

from application.ports.documents.extractor import NOWHERE, PassagePlace

MARK = b"\0"
"""Begins and ends a place; no text holds one, and passages from before there were places begin with their text. What is
to stand before a text besides goes into the place, which programs from before read without it."""
_decode = msgspec.json.Decoder(PassagePlace).decode


def with_place(text: str, place: PassagePlace) -> bytes:
    """What is sealed: a heading is as private as the text."""
    plain = text.encode()
    return plain if place == NOWHERE else MARK + msgspec.json.encode(place) + MARK + plain


def placed(plain: bytes) -> tuple[str, PassagePlace]:
    """The text, and where it stands; nowhere, when a newer program said that in another way."""
    if not plain.startswith(MARK):
        return plain.decode(), NOWHERE
    _, place, text = plain.split(MARK, 2)
    try:
        return text.decode(), _decode(place)
    except msgspec.MsgspecError:
        return text.decode(), NOWHERE
