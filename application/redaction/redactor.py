"""What leaves for a model holds no private value: placeholders stand in their place, by the tenant's policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from application.pauses import Pauses
from application.ports.models.detector import NAMED, Detector, Incomplete, Span
from application.redaction.active_content import ActiveContentFilter
from application.redaction.known_values import KnownValues
from application.redaction.output_filter import OutputFilter
from application.redaction.placeholders import GAPS, PLACEHOLDER, Restorer, restore, restore_value
from domain.refusals import DependencyUnavailable, PiiBlocked
from domain.tenant.assistant import PII_DEFAULTS

_TEXT = "TEXT"
"""The word of placeholders for what the text itself holds in a placeholder's form."""
_LONG_NUMBER = 7
_ANYWHERE = frozenset({"email", "phone", "card", "iban", "national_id", "credential"})
"""Kinds whose values are replaced wherever they come again in the turn, though nothing says there what they are."""
_MOST_ANYWHERE = 2_000
_PAUSE_EVERY = 16
"""Values that are replaced between two places to pause."""


class _Placeholders:
    """Those of a turn: equal values have the same, and no two the same."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._known: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, int] = {}

    def of(self, word: str, value: str) -> str:
        """The one for a value, such as `[EMAIL_1]`."""
        key = (word, value)
        if key not in self._known:
            self._numbers[word] = self._numbers.get(word, 0) + 1
            name = f"{word}_{self._numbers[word]}"
            self._known[key] = f"[{name}]"
            self.values[name] = value
        return self._known[key]


class Redactor:
    """The redaction of one turn: equal values get equal placeholders in all its texts. `policy` says per kind
    `placeholder`, `mask`, `block` or `allow`; kinds it leaves out have their default."""

    def __init__(self, detector: Detector, policy: Mapping[str, str]) -> None:
        self._detector = detector
        self._policy = PII_DEFAULTS | dict(policy)
        self._placeholders = _Placeholders()
        self._distinct: dict[str, set[str]] = {}
        self._anywhere = KnownValues(_MOST_ANYWHERE)
        self._pauses = Pauses()

    @property
    def counts(self) -> dict[str, int]:
        """How many distinct values of each kind were kept from the model."""
        return {kind: len(values) for kind, values in self._distinct.items()}

    @property
    def found(self) -> bool:
        """Whether there was any private value of a kind that is not allowed."""
        return bool(self._distinct)

    async def redact(self, text: str, hint: str = "") -> str:
        """The text without private values. `hint` is what stands before it elsewhere and may say what it is, such as
        the name of its field. `PiiBlocked` names a kind that is not allowed here, never the value."""
        if not text:
            return text
        spans = await self._find(text, hint)
        out: list[str] = []
        done = 0
        for number, span in enumerate(spans):
            out.append(self._literal(text[done : span.start]))
            out.append(self._replacement(span.kind, text[span.start : span.end]))
            done = span.end
            if not number % _PAUSE_EVERY:
                await self._pauses.take()
        out.append(self._literal(text[done:]))
        await self._pauses.take()
        return "".join(out)

    async def redact_value(self, value: Any, hint: str = "") -> Any:
        """The same for every string of a JSON value, keys too; a long number that is private becomes a string."""
        if isinstance(value, str):
            return await self.redact(value, hint)
        if isinstance(value, list | tuple):
            return [await self.redact_value(item, hint) for item in value]
        if isinstance(value, dict):
            return {await self.redact(key): await self.redact_value(item, key) for key, item in value.items()}
        if isinstance(value, int) and not isinstance(value, bool) and len(str(value)) >= _LONG_NUMBER:
            redacted = await self.redact(str(value), hint)
            return value if redacted == str(value) else redacted
        return value

    def restore(self, text: str) -> str:
        """The values back in their places."""
        return restore(text, self._placeholders.values)

    def restore_value(self, value: Any) -> Any:
        """The values back in every string of a JSON value."""
        return restore_value(value, self._placeholders.values)

    def restorer(self) -> Restorer:
        """For a text that streams: placeholders to values, nothing else."""
        return Restorer(self._placeholders.values)

    def speech(self, links: Sequence[str] | None = None) -> OutputFilter:
        """For what the model says: kinds that are masked or blocked are so there too, then placeholders to values, and
        last, where people read it, no active content and no links but to the hosts `links`."""
        hidden = {kind: rule for kind, rule in self._policy.items() if rule in ("mask", "block")}
        return OutputFilter(
            self._detector, hidden, self.restorer(), None if links is None else ActiveContentFilter(links)
        )

    async def _find(self, text: str, hint: str) -> list[Span]:
        lead = f"{hint}: " if hint else ""
        spans = await self._detector.find(lead + text)
        if isinstance(spans, Incomplete) and any(self._rule(kind) == "block" for kind in NAMED):
            raise DependencyUnavailable("Names are not allowed here, and the recogniser of names is away; try again.")
        found = [
            span if not lead else Span(span.kind, max(0, span.start - len(lead)), span.end - len(lead), span.score)
            for span in spans
            if span.end > len(lead) and self._rule(span.kind) != "allow"
        ]
        again = []
        for span in self._anywhere.find(text):
            if span is None:
                await self._pauses.take()
            else:
                again.append(span)
        return list(_merged(found, again)) if again else found

    def _rule(self, kind: str) -> str:
        return self._policy.get(kind, "placeholder")

    def _replacement(self, kind: str, value: str) -> str:
        rule = self._rule(kind)
        if rule == "block":
            raise PiiBlocked(f"The text holds private data of a kind that is not allowed here: {kind}.")
        if kind not in self._distinct:
            self._distinct[kind] = set()
        if value not in self._distinct[kind]:
            self._distinct[kind].add(value)
            if kind in _ANYWHERE:
                self._anywhere.add(value, kind)
        return tag(kind) if rule == "mask" else self._placeholders.of(kind.upper(), value)

    def _literal(self, text: str) -> str:
        """What already looks like one of our placeholders gets one of its own, so that none ever means two things."""
        if "[" not in text:
            return text
        return PLACEHOLDER.sub(lambda m: self._placeholders.of(_TEXT, m[0]) if _is_ours(m[1]) else m[0], text)


def _merged(found: Sequence[Span], again: Sequence[Span]) -> Iterator[Span]:
    """What was found, and between it what was found again; both are in order and without overlap."""
    place = 0
    for span in found:
        while place < len(again) and again[place].start < span.end:
            if again[place].end <= span.start:
                yield again[place]
            place += 1
        yield span
    yield from again[place:]


_WORDS = frozenset(kind.upper() for kind in PII_DEFAULTS) | {_TEXT}


def _is_ours(word: str) -> bool:
    return GAPS.sub("_", word).upper() in _WORDS


def tag(kind: str) -> str:
    """What stands for a value that nobody gets back."""
    return f"[{kind.upper()}]"


async def irreversible(text: str, detector: Detector, policy: Mapping[str, str]) -> str:
    """A text for an embedding: private values replaced by their kind alone, without numbers, so that equal questions
    about different people stay alike. A kind that is blocked is replaced too: nothing of it leaves."""
    rules = PII_DEFAULTS | dict(policy)
    out: list[str] = []
    done = 0
    for span in await detector.find(text):
        if rules.get(span.kind, "placeholder") != "allow":
            out += (text[done : span.start], tag(span.kind))
            done = span.end
    return "".join((*out, text[done:]))
