"""Private values by rules alone: forms, checksums, lists of names and the words around them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b

from adapters.pii.addresses import addresses
from adapters.pii.addresses_elsewhere import addresses_elsewhere
from adapters.pii.credentials import credentials, private_keys
from adapters.pii.dates import dates
from adapters.pii.folding import Folded, fold, fold_stretches, joined
from adapters.pii.internet import emails, ip_addresses
from adapters.pii.national_ids import national_ids, read_counties
from adapters.pii.overlaps import resolve
from adapters.pii.payment import cards, ibans
from adapters.pii.people import People
from adapters.pii.people_elsewhere import people_elsewhere
from adapters.pii.phones import phones, read_plans
from adapters.pii.places import organisations, places
from adapters.pii.stretches import Found
from application.pauses import Pauses
from application.ports.models.detector import Span

Rule = Callable[[str], Found]

REMEMBERED, REMEMBERED_SPANS = 16_384, 200_000
_DIGIT = re.compile(r"[0-9]")


class RuleDetector:
    """The rules behind the `Detector` port. What was found in a text is remembered by the text's hash (the last 16,384
    texts, less when much was found), for histories and passages come again and again; the text itself is not kept."""

    def __init__(self) -> None:
        people = People()
        people.load()
        read_plans()
        read_counties()
        self._always: tuple[Rule, ...] = (
            emails, private_keys, credentials, people, people_elsewhere, organisations, places,
        )  # fmt: skip
        self._with_digits: tuple[Rule, ...] = (
            cards,
            ibans,
            national_ids,
            phones,
            addresses,
            addresses_elsewhere,
            dates,
        )
        self._seen: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()
        self._spans = 0
        self._pauses = Pauses()

    async def find(self, text: str) -> Sequence[Span]:
        """See the port. Others get a turn in between."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._seen.get(key)
        if known is None:
            known = await self._find(text)
            self._remember(key, known)
        else:
            self._seen.move_to_end(key)
        return known

    def _remember(self, key: bytes, spans: tuple[Span, ...]) -> None:
        self._spans += len(spans) - len(self._seen.get(key, ()))
        self._seen[key] = spans
        while len(self._seen) > REMEMBERED or self._spans > REMEMBERED_SPANS:
            self._spans -= len(self._seen.popitem(last=False)[1])

    async def _find(self, text: str) -> tuple[Span, ...]:
        stretches = []
        for stretch in fold_stretches(text):
            stretches.append(stretch)
            await self._pauses.take()
        folded = joined(stretches)
        spans = []
        for span in self._run(folded.text):
            if span is None:
                await self._pauses.take()
            else:
                spans.append(span)
        found = _placed(resolve(spans), folded)
        await self._pauses.take()
        return found

    def find_now(self, text: str) -> tuple[Span, ...]:
        """The same at once, without a pause."""
        folded = fold(text)
        return _placed(resolve(span for span in self._run(folded.text) if span), folded)

    def _run(self, text: str) -> Found:
        """What each rule finds, with pauses within and between them."""
        rules = self._always
        if _DIGIT.search(text):
            rules = self._with_digits + rules
        if ":" in text or "." in text:
            rules = (*rules, ip_addresses)
        for rule in rules:
            yield from rule(text)
            yield None


def _placed(spans: tuple[Span, ...], folded: Folded) -> tuple[Span, ...]:
    if folded.starts is None:
        return spans
    return tuple(Span(s.kind, *folded.origin(s.start, s.end), s.score) for s in spans)
