"""What leaves for a model, and what comes back from it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from application.ports.models.detector import Span
from application.redaction.redactor import Redactor, irreversible
from domain.refusals import PiiBlocked
from tests.fakes.word_detector import WordDetector

ALICE, BOB = "alice@example.com", "bob@example.com"
DETECTOR = WordDetector(email=[ALICE, BOB], card="4111111111111111", place="Rome", person="Ann Lee")


def redactor(**policy: str) -> Redactor:
    return Redactor(DETECTOR, policy)


async def test_equal_values_get_equal_placeholders_in_all_texts_of_a_turn() -> None:
    turn = redactor()
    assert await turn.redact(f"{ALICE} wrote to {BOB} and {ALICE}") == "[EMAIL_1] wrote to [EMAIL_2] and [EMAIL_1]"
    assert await turn.redact(f"from {BOB}") == "from [EMAIL_2]"
    assert turn.counts == {"email": 2}
    assert turn.found


async def test_what_was_replaced_comes_back_exactly() -> None:
    turn = redactor()
    text = f"{ALICE}, card 4111111111111111, Ann Lee in Rome [1]"
    assert turn.restore(await turn.redact(text)) == text


async def test_an_allowed_kind_stays_and_counts_for_nothing() -> None:
    turn = redactor(email="allow")
    assert await turn.redact(f"{ALICE} in Rome") == f"{ALICE} in Rome"
    assert (turn.counts, turn.found) == ({}, False)


async def test_a_masked_value_never_comes_back() -> None:
    turn = redactor(email="mask")
    masked = await turn.redact(f"to {ALICE}")
    assert masked == "to [EMAIL]"
    assert turn.restore(masked) == masked
    assert turn.counts == {"email": 1}


async def test_a_blocked_kind_is_named_and_its_value_is_not() -> None:
    with pytest.raises(PiiBlocked) as refusal:
        await redactor(card="block").redact("pay with 4111111111111111")
    assert "card" in refusal.value.detail
    assert "4111" not in refusal.value.detail


async def test_a_placeholder_that_the_user_typed_is_not_taken_for_ours() -> None:
    turn = redactor()
    text = f"[EMAIL_1] and [email 2] are not {ALICE}, see [1] and [EMAIL] and [FOO_1]"
    redacted = await turn.redact(text)
    assert redacted == "[TEXT_1] and [TEXT_2] are not [EMAIL_1], see [1] and [EMAIL] and [FOO_1]"
    assert turn.restore(redacted) == text


async def test_a_typed_placeholder_is_no_private_value() -> None:
    turn = redactor()
    await turn.redact("what does [EMAIL_1] mean?")
    assert not turn.found


async def test_a_value_once_known_is_replaced_where_nothing_says_what_it_is() -> None:
    class Once(WordDetector):
        async def find(self, text: str) -> Sequence[Span]:
            return await super().find(text) if "phone" in text else []

    turn = Redactor(Once(phone="5551234567"), {})
    await turn.redact("my phone is 5551234567")
    assert (
        await turn.redact("5551234567 is noted, 55512345678 is another") == "[PHONE_1] is noted, 55512345678 is another"
    )


async def test_json_values_are_redacted_and_restored_in_every_string() -> None:
    turn = redactor()
    value = {"to": [ALICE, {"cc": BOB}], "n": 3, "ok": True, "none": None, ALICE: 4111111111111111}
    redacted = await turn.redact_value(value)
    assert redacted == {
        "to": ["[EMAIL_1]", {"cc": "[EMAIL_2]"}],
        "n": 3,
        "ok": True,
        "none": None,
        "[EMAIL_1]": "[CARD_1]",
    }
    assert turn.restore_value(redacted) == value | {ALICE: "4111111111111111"}


async def test_a_fields_name_tells_the_detector_what_its_value_is() -> None:
    detector = WordDetector()
    await Redactor(detector, {}).redact_value({"phone": "5551234567"})
    assert "phone: 5551234567" in detector.shown


async def test_what_is_embedded_holds_kinds_without_numbers() -> None:
    text = await irreversible(f"{ALICE} and {BOB} in Rome, 4111111111111111", DETECTOR, {"card": "block"})
    assert text == "[EMAIL] and [EMAIL] in Rome, [CARD]"
