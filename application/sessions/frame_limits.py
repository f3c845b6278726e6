"""How much one server frame may hold, and what is done so that everything fits."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from domain.session.events import Citation

MAX_FRAME = 256 * 1024
"""Bytes of a frame's JSON, either way."""
ANSWER_BYTES = 128 * 1024
"""Of an answer as JSON: a longer one is cut here, and says so by its `finish_reason`."""
CITATIONS_BYTES = 96 * 1024
"""Of all citations of an answer as JSON: marks beyond name nothing."""
HISTORY_BYTES = MAX_FRAME - 8 * 1024
"""Of the turns in `session.opened`: its newest ones that fit."""
LONGEST_QUOTE = 600
"""Characters that a citation quotes."""

_encode = msgspec.json.Encoder().encode


def json_size(value: object) -> int:
    """Bytes of a value as JSON."""
    return len(_encode(value))


def text_size(text: str) -> int:
    """Bytes of a text inside the quotes of its JSON; sizes of pieces add up to that of the whole."""
    return len(_encode(text)) - 2


def cut(text: str, room: int) -> str:
    """The longest beginning of a text whose JSON takes `room` bytes at most."""
    text = text[:room]
    short, long = 0, len(text)
    while short < long:
        middle = (short + long + 1) // 2
        short, long = (middle, long) if text_size(text[:middle]) <= room else (short, middle - 1)
    return text[:short]


def within(citations: Iterable[Citation]) -> list[Citation]:
    """Those of an answer's citations that it may have: the first ones."""
    kept: list[Citation] = []
    for citation in citations:
        if fits(kept, citation):
            kept.append(citation)
    return kept


def fits(known: Iterable[Citation], citation: Citation) -> bool:
    """Whether an answer may have one more citation."""
    return json_size(citation) + sum(map(json_size, known)) <= CITATIONS_BYTES
