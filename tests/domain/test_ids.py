"""What is an id, and what only looks like one."""

from __future__ import annotations

from application.clock import new_id
from domain.ids import is_id

GOOD = "01977c9e-1111-7000-8000-000000000001"


def test_an_id_is_a_uuid_as_we_write_it_and_nothing_else() -> None:
    assert is_id(GOOD) and is_id(new_id())
    others = ("", GOOD.upper(), GOOD + "\n", " " + GOOD, GOOD.replace("-", ""), "{" + GOOD + "}", GOOD[:-1], GOOD + "0")
    digits = GOOD.replace("1", "\N{ARABIC-INDIC DIGIT ONE}")
    assert not any(map(is_id, (*others, digits)))
