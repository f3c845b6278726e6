"""From the user's text to the model and back: no value leaves, and every one returns exactly."""

from __future__ import annotations

import pytest

from adapters.pii.rule_detector import RuleDetector
from application.redaction.redactor import Redactor
from infra.bench.redaction.names import GIVEN
from infra.bench.redaction.values import Values

DETECTOR = RuleDetector()
SAYING = {
    "email": "Write to {}, please.",
    "phone": "My phone number is {}, call me.",
    "card": "I paid with {} yesterday.",
    "iban": "Refund it to {} soon.",
    "national_id": "My id (SSN, NINO, BSN, Aadhaar, CPF, PESEL, tax id) is {} you see.",
    "ip": "I logged in from {} again.",
    "credential": "This key {} has leaked.",
}


@pytest.mark.parametrize("kind", SAYING)
@pytest.mark.parametrize("locale", GIVEN)
async def test_no_value_leaves_and_each_returns_however_the_answer_is_split(kind: str, locale: str) -> None:
    values = Values(21, 0)
    value, other = values.value(kind, locale), values.value(kind, locale)
    turn = Redactor(DETECTOR, {})
    redacted = await turn.redact(SAYING[kind].format(value) + " Or: " + SAYING[kind].format(other))
    assert value not in redacted and other not in redacted
    answer = f"You said {redacted} As [1] says, {redacted}"
    whole = turn.restore(answer)
    assert whole.count(value) >= 2 and whole.count(other) >= 2
    for cut in range(len(answer) + 1):
        restorer = turn.restorer()
        assert restorer.feed(answer[:cut]) + restorer.feed(answer[cut:]) + restorer.flush() == whole


async def test_a_tools_input_and_result_hold_no_value_either() -> None:
    turn = Redactor(DETECTOR, {})
    value = {
        "email": "alice@example.com",
        "note": "card 4111 1111 1111 1111",
        "ids": ["DE89370400440532013000"],
        "n": 7,
    }
    redacted = await turn.redact_value(value)
    assert redacted == {"email": "[EMAIL_1]", "note": "card [CARD_1]", "ids": ["[IBAN_1]"], "n": 7}
    assert turn.restore_value(redacted) == value


async def test_a_masked_card_never_appears_in_the_answer_split_over_deltas() -> None:
    speech = Redactor(DETECTOR, {"card": "mask"}).speech()
    answer = "The number on file is 4111 1111 1111 1111 and nothing else is known about it."
    pieces = [await speech.feed(answer[n : n + 3]) for n in range(0, len(answer), 3)]
    said = "".join([*pieces, await speech.flush()])
    assert said == answer.replace("4111 1111 1111 1111", "[CARD]")
