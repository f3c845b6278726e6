"""Bedrock Guardrails and several detectors behind the one port."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.pii.combined import CombinedDetector
from adapters.pii.guardrails import GuardrailsDetector
from application.ports.models.detector import Span
from domain.refusals import DependencyUnavailable
from tests.fakes.word_detector import WordDetector


class CannedGuardrail:
    """Answers every call with the same entities, or with an error."""

    def __init__(self, *entities: tuple[str, str], error: Exception | None = None) -> None:
        self.entities, self.error = entities, error
        self.calls: list[dict[str, Any]] = []

    async def apply_guardrail(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        if self.error:
            raise self.error
        entities = [{"type": kind, "match": match, "action": "ANONYMIZED"} for kind, match in self.entities]
        return {"assessments": [{"sensitiveInformationPolicy": {"piiEntities": entities, "regexes": []}}]}


async def test_what_the_guardrail_names_is_found_in_every_place() -> None:
    client = CannedGuardrail(("NAME", "Ann"), ("EMAIL", "a@x.org"), ("AGE", "42"))
    spans = await GuardrailsDetector(client, "g1", "3").find("Ann, 42, is a@x.org; Ann")
    assert [(s.kind, s.start, s.end) for s in spans] == [("person", 0, 3), ("email", 12, 19), ("person", 21, 24)]
    assert (client.calls[0]["guardrailIdentifier"], client.calls[0]["guardrailVersion"]) == ("g1", "3")


async def test_a_guardrail_that_refuses_counts_as_away() -> None:
    refused = ClientError({"Error": {"Code": "ThrottlingException"}}, "ApplyGuardrail")
    with pytest.raises(DependencyUnavailable):
        await GuardrailsDetector(CannedGuardrail(error=refused), "g1").find("Ann")


async def test_a_guardrail_that_never_answers_counts_as_away() -> None:
    class Silent:
        async def apply_guardrail(self, **call: Any) -> None:
            await asyncio.Event().wait()

    with pytest.raises(DependencyUnavailable):
        await GuardrailsDetector(Silent(), "g1", deadline_s=0.01).find("Ann")


async def test_several_detectors_find_what_any_of_them_finds() -> None:
    both = CombinedDetector((WordDetector(person="Ann"), WordDetector(email="ann@x.org", person="Ann Lee")))
    assert list(await both.find("Ann Lee: ann@x.org")) == [Span("person", 0, 7), Span("email", 9, 18)]
