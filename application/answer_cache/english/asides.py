"""An English question without greetings, apologies and sounds of thought, and a phrase put first at its end again."""

from __future__ import annotations

import re

_SOUND = re.compile(
    r"(?<![^\s,])(?:u{1,4}m{1,6}|u{1,4}h{1,6}|er{1,3}m{1,6}|h{1,4}m{1,6})\b[,.…]{0,4}\s{0,4}", re.IGNORECASE
)
_OPENING = re.compile(
    r"(?:(?:hi|hello|hey|greetings|(?:good )?(?:morning|afternoon|evening)|good day)(?: (?:there|team|all|everyone))?"
    r"|(?:i'?m )?sorry(?: to (?:bother|disturb|trouble) you)?|excuse me"
    r"|(?:a )?(?:silly|quick|stupid|dumb|short) (?:question|one)"
    r"|(?:i'?m |i was )?just (?:wondering|curious|checking)|so|well|ok|okay|er|thanks in advance)\b"
    r"(?:\s{0,4}[,.!:;–—-]{1,4}|(?=\s{1,4}(?:but|how|what|when|where|which|who|why|can|could|do|does|is|are|hi)\b))\s{0,4}(?:but\s{1,4})?",
    re.IGNORECASE,
)
_FRONTED = re.compile(
    r"(?P<front>(?:on|in|at|for|to|from|near|under|with|without|during|after|before|by|within)"
    r" (?!(?:which|what|whom|whose|how)\b)[^,?.!;:]{2,80}), "  # with such a word it is the question itself
    r"(?P<rest>(?:how|what|when|where|which|who|why|can|could|do|does|did|is|are|may|must|will|would|should)\b[^,?.!;:]{0,300})"
    r"(?P<end>[?.!]{0,4})",
    re.IGNORECASE,
)
MOST_OPENINGS = 4


def without_asides(question: str) -> str:
    """The question alone. What is only such words stays as it is."""
    left = _SOUND.sub("", question.strip())
    for _ in range(MOST_OPENINGS):
        opening = _OPENING.match(left)
        if opening is None or not left[opening.end() :].strip():
            break
        left = left[opening.end() :]
    fronted = _FRONTED.fullmatch(left)
    return f"{fronted['rest'].rstrip()} {fronted['front']}{fronted['end']}" if fronted else left or question
