"""How well private values are found in texts that Faker fills: by our rules, and beside them by what else is here."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence

from adapters.names.classifier import Classifier, find_weights
from adapters.names.recogniser import SCORE
from adapters.pii.rule_detector import RuleDetector
from adapters.pii.with_names import WithNames
from application.ports.models.detector import Detector, Span
from infra.bench.redaction.benchmark import STRUCTURED, Score, Sentence, score, total
from infra.bench.redaction.foreign import JUDGED, foreign
from infra.bench.redaction.presidio import PresidioDetector, add_recogniser, open_presidio

DOCUMENT = 4_000
_KINDS = (*STRUCTURED, "person", "address")


class _InThisProcess:
    """The recogniser without its process, so that its CPU is counted."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    async def find(self, text: str) -> Sequence[Span]:
        """See the port."""
        return [Span(kind, start, end, SCORE) for kind, start, end in self._classifier.find([text])[0]]


async def run(each: int = 6, seed: int = 5, *, part: int = JUDGED) -> tuple[list[str], dict[str, float]]:
    """The lines of the report, and its ratios."""
    sentences = foreign(part, each, seed)
    values = sum(len(sentence.spans) for sentence in sentences)
    lines = [
        f"{len(sentences)} texts with {values} values of Faker's, 12 locales, chat, mail, forms, JSON, CSV and logs"
    ]
    ratios: dict[str, float] = {}
    detectors: dict[str, Detector] = {"our rules": RuleDetector()}
    weights = find_weights()
    if weights is None:
        lines.append("with the recogniser of names: not measured, it is not installed (make names)")
    else:
        classifier = Classifier(weights)
        detectors["rules and recogniser"] = WithNames(RuleDetector(), _InThisProcess(classifier), lambda: None)
        if importlib.util.find_spec("presidio_analyzer"):
            engine = open_presidio()
            add_recogniser(engine, lambda text: classifier.find([text])[0])
            detectors["Presidio and the same recogniser"] = PresidioDetector(engine)
        else:
            lines.append("Presidio with the same recogniser: not measured, its package is not installed")
    for title, detector in detectors.items():
        table, scores, added = await _measured(detector, title, sentences)
        lines += table
        ratios |= {
            f"Faker, {title}: structured, recall": total(scores, STRUCTURED).recall,
            f"Faker, {title}: all, F2": total(scores, _KINDS).f2,
            f"Faker, {title}: ms a kilobyte of documents": added,
        }
    return lines, ratios


def _documents(texts: Sequence[str]) -> list[str]:
    """The texts joined to long ones, as they stand in files."""
    documents, held = list[str](), ""
    for text in texts:
        held = f"{held}{text}\n"
        if len(held) >= DOCUMENT:
            documents, held = [*documents, held], ""
    return documents


async def _cost(detector: Detector, texts: Sequence[str]) -> float:
    """Milliseconds of CPU that a thousand bytes take."""
    began = time.process_time()
    for text in texts:
        await detector.find(text)
    return (time.process_time() - began) * 1e3 / sum(len(text.encode()) for text in texts) * 1_000


async def _measured(
    detector: Detector, title: str, sentences: Sequence[Sentence]
) -> tuple[list[str], dict[str, Score], float]:
    await detector.find("My name is Ann Lee, ann@example.com")
    texts = [sentence.text for sentence in sentences]
    took, joined = await _cost(detector, texts), await _cost(detector, _documents(texts))
    scores, _ = await score(detector, sentences)
    lines = [
        f"{title}: {took:.2f} ms of CPU a kilobyte of single texts, {joined:.2f} of documents of {DOCUMENT:,} letters",
        f"  {'kind':14}{'values':>7}{'recall':>9}{'precise':>9}{'F2':>9}",
    ]
    rows = [(kind, scores[kind]) for kind in _KINDS]
    rows += [("structured", total(scores, STRUCTURED)), ("all", total(scores, _KINDS))]
    for kind, s in rows:
        precise = s.found / max(1, s.found + s.wrong)
        lines.append(f"  {kind:14}{s.found + s.missed:7}{s.recall:9.4f}{precise:9.4f}{s.f2:9.4f}")
    return lines, scores, joined
