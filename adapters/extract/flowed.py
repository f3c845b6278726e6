"""Plain text of mails whose lines flow (RFC 3676): a line that ends in a blank goes on in the next one."""

from __future__ import annotations

import re

QUOTED = re.compile(r">*")
SIGNATURE = "-- "


def unflowed(text: str, *, delete_space: bool) -> str:
    """Paragraphs on lines of their own. With `delete_space` the blank belonged to the break and not to the text."""
    paragraphs: list[str] = []
    depth, open_line = 0, False
    for line in text.splitlines():
        marks = QUOTED.match(line)[0]  # type: ignore[index]  # nothing matches too
        said = line[len(marks) :]
        words = said[1:] if said.startswith(" ") else said
        flows = words.endswith(" ") and words != SIGNATURE
        words = words[:-1] if flows and delete_space else words
        if open_line and len(marks) == depth and words != SIGNATURE:
            paragraphs[-1] += words
        else:
            paragraphs.append(f"{marks} {words}" if marks else words)
        depth, open_line = len(marks), flows
    return "\n".join(map(str.rstrip, paragraphs))
