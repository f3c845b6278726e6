"""The compact form of JOSE (RFC 7515, 7516) in its one spelling: parts of base64url without padding or spare bits."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

MAX_TOKEN_CHARS = 8 * 1024
_ALPHABET = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


class BadToken(Exception):
    """Why a token is refused; for the log, never for the caller."""


def split(token: str, parts: int) -> list[str]:
    """The parts of a compact token, each checked to be the one spelling of its bytes."""
    if len(token) > MAX_TOKEN_CHARS:
        raise BadToken("too long")
    if not _ALPHABET.fullmatch(token):
        raise BadToken("foreign character")
    found = token.split(".")
    if len(found) != parts:
        raise BadToken(f"{len(found)} parts, not {parts}")
    for part in found:
        decode(part)
    return found


def decode(part: str) -> bytes:
    """Bytes of a part. Two spellings of the same bytes would make two names for one token (RFC 4648, section 3.5)."""
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise BadToken("not base64url") from None
    if urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise BadToken("spare bits or padding")
    return raw


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in which no key comes twice; not NaN or Infinity, which are not JSON."""
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError, and so is an integer of 5,000 digits
        raise BadToken("not JSON") from None
    if not isinstance(value, dict):
        raise BadToken("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadToken("duplicate key")
    return found


def _no_constant(name: str) -> Any:
    raise BadToken(f"{name} is not JSON")
