"""Rules and the recogniser of names as one finder: the rules alone where the recogniser is away."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b

from adapters.pii.joined_names import union
from application.ports.models.detector import Detector, Incomplete, Span
from domain.refusals import DependencyUnavailable

REMEMBERED, REMEMBERED_SPANS = 16_384, 200_000


class WithNames:
    """What was found is remembered by a keyed hash of the text, for passages and histories come with each turn; the
    key is this process', and the text is not kept. `missed` is told of each text that the rules had alone."""

    def __init__(self, rules: Detector, names: Detector, missed: Callable[[], None]) -> None:
        self._rules, self._names, self._missed = rules, names, missed
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, Sequence[Span]] = OrderedDict()
        self._spans = 0

    async def find(self, text: str) -> Sequence[Span]:
        """See the port. `Incomplete` when the recogniser is away."""
        key = blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        rules = await self._rules.find(text)
        if not any(map(str.isalpha, text)):
            return rules
        try:
            found = union(rules, await self._names.find(text))
        except DependencyUnavailable:
            self._missed()
            return Incomplete(rules)
        self._remember(key, found)
        return found

    def _remember(self, key: bytes, spans: Sequence[Span]) -> None:
        self._spans += len(spans) - len(self._known.get(key, ()))
        self._known[key] = spans
        while len(self._known) > REMEMBERED or self._spans > REMEMBERED_SPANS:
            self._spans -= len(self._known.popitem(last=False)[1])
