"""What a model says, on its way to the user: hidden kinds are kept back, placeholders restored, nothing is active."""

from __future__ import annotations

import re
from collections.abc import Mapping

from application.ports.models.detector import Detector
from application.redaction.active_content import ActiveContentFilter
from application.redaction.placeholders import Restorer
from domain.refusals import PiiBlocked

CONTEXT = 160
"""Characters already said that are looked at again, for the words that tell what a value is."""
LONGEST = 8_192
"""What is held back at most: a private key."""
LOOKED_AT = 400
_TOKEN = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af]+")
_PLAIN = re.compile(r"(?!pass|key|sec|tok|code|pin|senh|clav|wacht|mot|has[lł])[a-zà-öø-ÿ]{4,}[.,;!?]*")
"""A word that is no part of a value and introduces none: what stands before it can be judged."""


class OutputFilter:
    """One answer. `hidden` maps kinds to `mask` or `block`; when it is empty nothing is held back but what the
    restorer and the filter of active content hold."""

    def __init__(
        self,
        detector: Detector,
        hidden: Mapping[str, str],
        restorer: Restorer,
        active: ActiveContentFilter | None = None,
    ) -> None:
        self._detector = detector
        self._hidden = hidden
        self._restorer, self._active = restorer, active
        self._said = ""
        self._held = ""
        self._look_at = 0

    async def feed(self, delta: str) -> str:
        """The next piece from the model; what may be shown now. `PiiBlocked` when it says what is blocked."""
        if not self._hidden:
            return self._inert(self._restorer.feed(delta))
        self._held += delta
        if len(self._held) < self._look_at:
            return ""
        released = await self._release(_tail(self._held), over=False)
        # What is held and long is a value that goes on: looked at after each delta it would take time by its square.
        self._look_at = len(self._held) + len(self._held) // 4 if len(self._held) > LOOKED_AT else 0
        return self._inert(self._restorer.feed(released))

    async def flush(self) -> str:
        """The answer is over: what was still held back."""
        rest = await self._release(len(self._held), over=True) if self._hidden else ""
        text = self._inert(self._restorer.feed(rest) + self._restorer.flush())
        return text + self._active.flush() if self._active else text

    def _inert(self, text: str) -> str:
        return self._active.feed(text) if self._active else text

    async def _release(self, cut: int, *, over: bool) -> str:
        """What stands before `cut`, cleaned; less, when a value begins before it and may go on after it."""
        if cut <= 0:
            return ""
        lead = len(self._said)
        whole = self._said + self._held
        out: list[str] = []
        done = lead
        spans = [span for span in await self._detector.find(whole) if span.kind in self._hidden and span.end > lead]
        for span in spans:
            start = max(span.start, done)
            if span.start >= lead + cut:
                break
            if not over and span.end >= lead + cut and len(self._held) < LONGEST:
                cut = start - lead
                break
            out += (whole[done:start], self._replacement(span.kind))
            done = span.end
        cut = max(cut, done - lead)
        out.append(whole[done : lead + cut])
        self._said = _context(whole[: lead + cut])
        self._held = whole[lead + cut :]
        return "".join(out)

    def _replacement(self, kind: str) -> str:
        if self._hidden[kind] == "block":
            raise PiiBlocked(f"The answer holds private data of a kind that is not allowed here: {kind}.")
        return f"[{kind.upper()}]"


def _tail(text: str) -> int:
    """Where the tail begins that may be the beginning of a value: the last word, and before it every word that is not
    plain."""
    tokens = list(_TOKEN.finditer(text, max(0, len(text) - LOOKED_AT)))
    if not tokens:
        return len(text)
    cut = len(text)
    for token in reversed(tokens):
        if token.end() < len(text) and _PLAIN.fullmatch(token[0]):
            return cut
        cut = token.start()
    return cut if len(text) <= LOOKED_AT else len(text) - CONTEXT


def _context(text: str) -> str:
    """The last words, whole."""
    tail = text[-CONTEXT:]
    return tail[tail.find(" ") + 1 :] if len(text) > CONTEXT else tail
