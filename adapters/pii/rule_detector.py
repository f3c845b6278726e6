"""Private values by rules alone: forms, checksums, lists of names and the words around them."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from adapters.pii.addresses import addresses
from adapters.pii.credentials import credentials, private_keys
from adapters.pii.dates import dates
from adapters.pii.folding import fold
from adapters.pii.internet import emails, ip_addresses
from adapters.pii.national_ids import national_ids
from adapters.pii.overlaps import resolve
from adapters.pii.payment import cards, ibans
from adapters.pii.people import People
from adapters.pii.phones import phones
from adapters.pii.places import organisations, places
from application.ports.detector import Span

Rule = Callable[[str], Iterable[Span]]

PIECE = 4_096
"""Characters that are searched before others get a turn on the event loop."""
OVERLAP = 512
REMEMBERED = 16_384
_DIGIT = re.compile(r"[0-9]")


class RuleDetector:
    """The rules behind the `Detector` port. What was found in a text is remembered by the text's hash (the last 16,384
    texts), for histories and passages come again and again; the text itself is not kept."""

    def __init__(self) -> None:
        people = People()
        people.load()
        self._always: tuple[Rule, ...] = (emails, private_keys, credentials, people, organisations, places)
        self._with_digits: tuple[Rule, ...] = (cards, ibans, national_ids, phones, addresses, dates)
        self._seen: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()

    async def find(self, text: str) -> Sequence[Span]:
        """See the port. A long text is searched in pieces that overlap; in between, others run."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._seen.get(key)
        if known is None:
            known = await self._find(text)
            self._seen[key] = known
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(key)
        return known

    async def _find(self, text: str) -> tuple[Span, ...]:
        if len(text) <= PIECE + OVERLAP:
            return self.find_now(text)
        spans = list(private_keys(text))  # the one kind that may be longer than the overlap
        for start in range(0, len(text), PIECE):
            first = max(0, start - OVERLAP)
            piece = text[first : start + PIECE + OVERLAP]
            spans += [Span(s.kind, s.start + first, s.end + first, s.score) for s in self.find_now(piece)]
            await asyncio.sleep(0)
        return resolve(spans)

    def find_now(self, text: str) -> tuple[Span, ...]:
        """The spans of a short text, at once."""
        folded = fold(text)
        rules = self._always
        if _DIGIT.search(folded.text):
            rules = self._with_digits + rules
        if ":" in folded.text or "." in folded.text:
            rules = (*rules, ip_addresses)
        spans = resolve(span for rule in rules for span in rule(folded.text))
        if folded.starts is None:
            return spans
        return tuple(Span(s.kind, *folded.origin(s.start, s.end), s.score) for s in spans)
