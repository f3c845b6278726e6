"""The rules of the caches of answers: what may be kept, when two questions are one, how a kept answer streams."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

import msgspec

PIECE = 240
"""Characters of a delta, about, when a kept answer is streamed."""
_PIECE = re.compile(rf"(?s).{{1,{PIECE}}}(?:\s+|\Z)|.{{1,{PIECE}}}")


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What of a turn decides whether caches may be asked and may keep its answer. What follows `tools_with_effects` is
    known only once the answer is there."""

    use_cache: bool = True
    private_values: bool = False
    attachments: bool = False
    tools_with_effects: bool = False
    tools_of_the_user: bool = False
    cancelled: bool = False
    incomplete: bool = False
    failed_over: bool = False
    reset: bool = False


def cacheable(circumstances: Circumstances) -> bool:
    """Whether nothing speaks against it. Private values, attachments and what a tool does, or says for one user, are
    nobody else's; an answer that was not whole, or was begun again, is not worth repeating."""
    c = circumstances
    personal = c.private_values or c.attachments or c.tools_with_effects or c.tools_of_the_user
    broken = c.cancelled or c.incomplete or c.failed_over or c.reset
    return c.use_cache and not personal and not broken


def context_of(turns: Iterable[tuple[str, str]]) -> str:
    """A digest of the earlier turns as (question, answer); empty when there are none."""
    said = list(turns)
    return hashlib.sha256(msgspec.msgpack.encode(said)).hexdigest() if said else ""


def as_typed(text: str) -> str:
    """The question without what nobody sees: NFC, no blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def pieces(text: str) -> Iterator[str]:
    """A kept answer as deltas that end where a word does; joined they are the text."""
    return (match.group() for match in _PIECE.finditer(text))
