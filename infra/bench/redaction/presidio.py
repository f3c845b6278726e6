"""Private values by Microsoft Presidio, where its package is installed (`presidio-analyzer`; no dependency of ours)."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.pii.overlaps import resolve
from application.ports.models.detector import Span

KINDS = {
    "PERSON": "person",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "LOCATION": "place",
    "ADDRESS": "address",
    "DATE_TIME": "date",
    "ORGANIZATION": "organisation",
    "CRYPTO": "credential",
}
"""Presidio's entities that are kinds of ours. What has a country's prefix (`US_SSN`, `ES_NIF`, ...) or is a medical
number is a national id."""
_NOT_OF_A_PERSON = frozenset(
    {"US_BANK_NUMBER", "AU_ABN", "AU_ACN", "IT_VAT_CODE", "SG_UEN", "IN_GSTIN", "IN_VEHICLE_REGISTRATION"}
)


def open_presidio(model: str = "") -> Any:
    """An analyzer for English with every recogniser that Presidio ships, with the spaCy package `model`, or with
    patterns alone when it is empty. ImportError when the package is not there. Takes seconds: once a process."""
    logging.disable(logging.CRITICAL)  # it asks for a list of domains that it cannot have, and tells at length
    analyzer = importlib.import_module("presidio_analyzer")
    engines = importlib.import_module("presidio_analyzer.nlp_engine")
    if model:
        configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
        engine = engines.NlpEngineProvider(nlp_configuration=configuration).create_engine()
    else:
        engine = engines.NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}])
        engine.load()
    registry = analyzer.RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    return analyzer.AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def add_recogniser(engine: Any, find: Callable[[str], list[tuple[str, int, int]]]) -> None:
    """Give an analyzer the recogniser that stands beside our rules, in place of its own for names and places."""
    analyzer = importlib.import_module("presidio_analyzer")
    names = {"person": "PERSON", "address": "ADDRESS", "place": "LOCATION"}

    def analyze(self: Any, text: str, entities: Any, nlp_artifacts: Any = None) -> list[Any]:
        return [analyzer.RecognizerResult(names[kind], start, end, 0.9) for kind, start, end in find(text)]

    made = type("Recogniser", (analyzer.EntityRecognizer,), {"analyze": analyze, "load": lambda self: None})
    engine.registry.add_recognizer(made(supported_entities=list(names.values()), supported_language="en"))


@dataclass(frozen=True, slots=True)
class PresidioDetector:
    """An analyzer of Presidio's, run in a thread. Results below `threshold` are left out."""

    analyzer: Any
    threshold: float = 0.4

    async def find(self, text: str) -> Sequence[Span]:
        """See the port."""
        results = await asyncio.to_thread(
            self.analyzer.analyze, text=text, language="en", score_threshold=self.threshold
        )
        return resolve(Span(kind, r.start, r.end, r.score) for r in results if (kind := _kind(r.entity_type)))


def _kind(entity: str) -> str:
    if entity in KINDS:
        return KINDS[entity]
    prefixed = entity.split("_")[0]
    return "national_id" if len(prefixed) == 2 and entity not in _NOT_OF_A_PERSON else ""
