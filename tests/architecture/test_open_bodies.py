"""What a stored fact says in the clear is known field by field: a new text is sealed, or named here with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from domain.event import TOPICS, Event
from tests.architecture import test_stored_samples as samples

assert samples.SAMPLES, "it brings every topic in"

SAYS_NOTHING = {
    # made by the program
    "turn_id", "call_id", "account_id", "key_id",
    "request_id", "source_turn", "by", "step", "model", "from_model", "to_model", "price_version",
    "of", "layer", "reason", "failure", "period", "type", "kinds", "audience",
    # a hash of a token's id, and the pattern of a route
    "token", "route",
    # sentences of ours, with numbers of pages and parts in them; what encodings are called
    "warnings", "encoding",
    # of bytes in which every text is sealed
    "sha256",
    # a pseudonym
    "user",
    # what an admin calls a thing that others call by this name; of datasets, what SQL sees too
    "assistant", "columns", "name", "collection",
    # ids, numbers, codes and a pseudonym, by name
    "filters",
    # of what was erased: its id, and counts by kind
    "subject", "taken",
}  # fmt: skip
QUIET = (int, float, bool, Decimal, datetime, type(None))


def texts(kind: Any, path: str = "") -> Iterator[str]:
    """The names of fields in which a text may stand."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for name in kind.__struct_fields__:
            yield from texts(get_type_hints(kind)[name], name)
    elif kind not in QUIET and (arguments := [of for of in get_args(kind) if of is not ...]):
        for argument in arguments:
            if not isinstance(argument, str):  # one of a Literal's own words
                yield from texts(argument, path)
    elif kind not in QUIET:
        yield path


@pytest.mark.parametrize("event", [event for event in TOPICS.values() if not event.PRIVATE], ids=lambda e: e.TOPIC)
def test_nothing_that_people_write_stands_in_the_clear(event: type[Event]) -> None:
    assert set(texts(event)) <= SAYS_NOTHING


class Inner(msgspec.Struct):
    note: str | None = None


class Outer(Event, frozen=True, kw_only=True):
    turn_id: str
    count: int
    inner: tuple[Inner, ...] = ()
    free: dict[str, Any] = msgspec.field(default_factory=dict)


def test_a_text_is_found_however_deep_it_is() -> None:
    assert set(texts(Outer)) == {"turn_id", "note", "free"}
