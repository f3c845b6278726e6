"""What every finder of private values keeps to: the fake, our rules, Bedrock Guardrails and all of them as one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.pii.combined import CombinedDetector
from adapters.pii.guardrails import GuardrailsDetector
from adapters.pii.rule_detector import RuleDetector
from adapters.pii.with_names import WithNames
from application.ports.models.detector import Detector
from domain.tenant.assistant import PII_DEFAULTS
from tests.fakes.word_detector import WordDetector

ALICE = "alice@example.com"
CARD = "4111 1111 1111 1111"
FAKE = WordDetector(email=ALICE, card=CARD)
RULES = RuleDetector()


class AnswersAsGuardrails:
    """Finds what the fake finds, in the shape of ApplyGuardrail's answer."""

    async def apply_guardrail(self, **call: Any) -> dict[str, Any]:
        text = call["content"][0]["text"]["text"]
        types = {"email": "EMAIL", "card": "CREDIT_DEBIT_CARD_NUMBER"}
        found = [{"type": types[s.kind], "match": text[s.start : s.end]} for s in await FAKE.find(text)]
        return {"assessments": [{"sensitiveInformationPolicy": {"piiEntities": found}}]}


GUARDRAILS = GuardrailsDetector(AnswersAsGuardrails(), "g1")
NAMES = WithNames(RULES, WordDetector(person="Ann"), lambda: None)


@pytest.fixture(
    params=[FAKE, RULES, GUARDRAILS, CombinedDetector((RULES, GUARDRAILS)), NAMES], ids=lambda d: type(d).__name__
)
def detector(request: pytest.FixtureRequest) -> Detector:
    found: Detector = request.param
    return found


async def test_values_are_found_with_their_kind_and_place(detector: Detector) -> None:
    text = f"ü {ALICE} paid with {CARD}, says {ALICE}"
    spans = await detector.find(text)
    assert [(s.kind, text[s.start : s.end]) for s in spans] == [("email", ALICE), ("card", CARD), ("email", ALICE)]


async def test_kinds_are_those_of_a_tenants_policy(detector: Detector) -> None:
    assert {span.kind for span in await detector.find(f"{ALICE} {CARD}")} <= set(PII_DEFAULTS)


async def test_a_text_without_any_has_none(detector: Detector) -> None:
    assert list(await detector.find("How long can I return coffee?")) == []
    assert list(await detector.find("")) == []


async def test_the_same_text_gives_the_same_spans(detector: Detector) -> None:
    text = f"mail {ALICE}"
    assert list(await detector.find(text)) == list(await detector.find(text))
