"""What the model says: masked and blocked kinds never reach the user, however the answer is cut."""

from __future__ import annotations

import pytest

from application.redaction.redactor import Redactor
from domain.refusals import PiiBlocked
from tests.fakes.word_detector import WordDetector

CARD = "4111 1111 1111 1111"
DETECTOR = WordDetector(email="a@x.org", card=CARD)
ANSWER = f"The customer paid with {CARD} and wrote from a@x.org yesterday. Thanks [1] for asking."


async def said(turn: Redactor, deltas: list[str]) -> list[str]:
    speech = turn.speech()
    return [*[await speech.feed(delta) for delta in deltas], await speech.flush()]


async def test_a_masked_number_never_appears_wherever_it_is_cut() -> None:
    turn = Redactor(DETECTOR, {"card": "mask"})
    await turn.redact("a@x.org")
    for cut in range(len(ANSWER)):
        pieces = await said(turn, [ANSWER[:cut], ANSWER[cut:]])
        assert "".join(pieces) == ANSWER.replace(CARD, "[CARD]")
        assert not any("1111" in piece for piece in pieces)
    assert "".join(await said(turn, list(ANSWER))) == ANSWER.replace(CARD, "[CARD]")


async def test_a_blocked_number_stops_the_answer_before_any_of_it_is_shown() -> None:
    speech = Redactor(DETECTOR, {"card": "block"}).speech()
    shown = ""
    with pytest.raises(PiiBlocked):
        for character in ANSWER:
            shown += await speech.feed(character)
    assert "4" not in shown


async def test_placeholders_are_restored_after_the_mask() -> None:
    turn = Redactor(DETECTOR, {"card": "mask"})
    redacted = await turn.redact("write to a@x.org please")
    assert "".join(await said(turn, list(redacted))) == "write to a@x.org please"


async def test_plain_words_are_not_held_back() -> None:
    speech = Redactor(DETECTOR, {"card": "mask"}).speech()
    assert await speech.feed("The quick brown foxes jumped ") == "The quick brown foxes jumped "


async def test_with_nothing_to_hide_the_detector_is_not_asked() -> None:
    detector = WordDetector()
    assert await Redactor(detector, {}).speech().feed("4111") == "4111"
    assert detector.shown == []
