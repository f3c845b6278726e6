"""Private values by Amazon Bedrock Guardrails: ApplyGuardrail names what it found, and we look where it stands.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.pii.overlaps import resolve
from application.ports.models.detector import Span
from domain.refusals import DependencyUnavailable

PIECE = 20_000
"""Characters a call, of the 25,000 that one may have."""
KINDS = {
    "NAME": "person",
    "EMAIL": "email",
    "PHONE": "phone",
    "ADDRESS": "address",
    "CREDIT_DEBIT_CARD_NUMBER": "card",
    "CREDIT_DEBIT_CARD_CVV": "card",
    "CREDIT_DEBIT_CARD_EXPIRY": "card",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": "iban",
    "US_BANK_ACCOUNT_NUMBER": "iban",
    "IP_ADDRESS": "ip",
    "PASSWORD": "credential",
    "PIN": "credential",
    "AWS_ACCESS_KEY": "credential",
    "AWS_SECRET_KEY": "credential",
    "US_SOCIAL_SECURITY_NUMBER": "national_id",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": "national_id",
    "US_PASSPORT_NUMBER": "national_id",
    "DRIVER_ID": "national_id",
    "CA_SOCIAL_INSURANCE_NUMBER": "national_id",
    "CA_HEALTH_NUMBER": "national_id",
    "UK_NATIONAL_INSURANCE_NUMBER": "national_id",
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER": "national_id",
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER": "national_id",
}
"""The guardrail's types that are kinds of ours; its others (age, vehicle, URL, ...) are none."""


@dataclass(frozen=True, slots=True)
class GuardrailsDetector:
    """A guardrail with a sensitive information policy, behind an open `bedrock-runtime` client. It answers within
    `deadline_s` seconds or counts as away."""

    client: Any
    guardrail: str
    version: str = "DRAFT"
    deadline_s: float = 3.0

    async def find(self, text: str) -> Sequence[Span]:
        """See the port. Guardrails gives the found words and no places, so each place where they stand counts."""
        pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
        named = {match for piece in pieces for match in await self._ask(piece)}
        spans: list[Span] = []
        for kind, words in sorted(named):
            spans += (Span(kind, start, start + len(words), 0.9) for start in _places(words, text))
        return resolve(spans)

    async def _ask(self, text: str) -> list[tuple[str, str]]:
        try:
            async with asyncio.timeout(self.deadline_s):
                answer = await self.client.apply_guardrail(
                    guardrailIdentifier=self.guardrail,
                    guardrailVersion=self.version,
                    source="INPUT",
                    outputScope="FULL",
                    content=[{"text": {"text": text}}],
                )
        except (TimeoutError, BotoCoreError, ClientError) as error:
            raise DependencyUnavailable("The filter of private data is away; try again.") from error
        return list(_matches(answer))


def _places(words: str, text: str) -> Iterator[int]:
    start = text.find(words)
    while start >= 0:
        yield start
        start = text.find(words, start + len(words))


def _matches(answer: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for assessment in answer.get("assessments", ()):
        policy = assessment.get("sensitiveInformationPolicy", {})
        for entity in policy.get("piiEntities", ()):
            if entity.get("match") and entity["type"] in KINDS:
                yield KINDS[entity["type"]], entity["match"]
        for own in policy.get("regexes", ()):
            if own.get("match"):
                yield "credential", own["match"]
