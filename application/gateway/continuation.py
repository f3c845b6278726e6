"""Going on with a text that another model began: where that can be done, and how the joint is made without a seam."""

from __future__ import annotations

from domain.models import row_of


def continues(model: str) -> bool:
    """Whether the model takes a text to go on with."""
    row = row_of(model)
    return row is not None and row.prefill


def prefill(said: str) -> str:
    """What the next model is given: a last message that ends in white space is refused."""
    return said.rstrip()


class Joint:
    """Takes away from the beginning of a continuation the white space that had been said already."""

    def __init__(self, said: str) -> None:
        self._left = said[len(prefill(said)) :]

    def join(self, text: str) -> str:
        """The part of the continuation's next piece that is new."""
        kept = 0
        while self._left and kept < len(text) and text[kept] == self._left[0]:
            self._left, kept = self._left[1:], kept + 1
        if kept < len(text):
            self._left = ""
        return text[kept:]
