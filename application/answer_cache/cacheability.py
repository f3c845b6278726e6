"""The rules of the caches of answers: what may be kept, when two questions are one, how a kept answer streams."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

import msgspec

from application.normal_form import normal
from application.ports.models.answer_cache import CacheScope
from domain.dependence import BY_AUDIENCE, NOTHING, Audience, Dependence

PIECE = 240
"""Characters of a delta, about, when a kept answer is streamed."""
_PIECE = re.compile(rf"(?s).{{1,{PIECE}}}(?:\s+|\Z)|.{{1,{PIECE}}}")


def conversation(audiences: Iterable[Audience]) -> Dependence:
    """What an answer hangs on that goes on from answers with these audiences."""
    return reduce(or_, (BY_AUDIENCE[audience] for audience in audiences), NOTHING)


def may_keep(audience: Audience, scope: CacheScope) -> bool:
    """Whether an answer for this audience may be kept where the whole scope finds it."""
    return audience == "tenant" or (audience == "user" and bool(scope.user))


def context_of(turns: Iterable[tuple[str, str]]) -> str:
    """A digest of the earlier turns as (question, answer); empty when there are none."""
    said = list(turns)
    return hashlib.sha256(msgspec.msgpack.encode(said)).hexdigest() if said else ""


def as_typed(text: str) -> str:
    """The question without what nobody sees: NFC, no blanks around it."""
    return normal("NFC", text).strip()


def pieces(text: str) -> Iterator[str]:
    """A kept answer as deltas that end where a word does; joined they are the text."""
    return (match.group() for match in _PIECE.finditer(text))
