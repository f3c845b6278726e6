"""Which of the passages that were found count in a turn, by the results of its plan's steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from application.plan.answering import Answering
from application.steps.retrieve import Excerpts, Grades, Ranking
from application.steps.step_results import result_of
from domain.session.events import Passage

SHORTEST_EXCERPT = 20  # characters; less says nothing on its own
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class KeptPassages:
    """Always the same tuple of retrieved ones goes in, numbered from 1 as the steps saw them; `most` are kept."""

    answering: Answering
    most: int = 6

    def whole(self, retrieved: Sequence[Passage]) -> tuple[Passage, ...]:
        """Those that are kept, whole and in their order; number them from 1 in the answer's prompt and citations."""
        return tuple(retrieved[n - 1] for n in self.numbers(len(retrieved)))

    def shortened(self, retrieved: Sequence[Passage]) -> tuple[Passage, ...]:
        """The same in the same order, shortened where `compress` did: for the prompt alone, never for citations."""
        found = result_of(self.answering.results, "compress", Excerpts)
        texts = {excerpt.n: excerpt.text for excerpt in found.excerpts} if found else {}
        return tuple(
            _shortened(retrieved[n - 1], texts[n]) if n in texts else retrieved[n - 1]
            for n in self.numbers(len(retrieved))
        )

    def numbers(self, retrieved: int) -> tuple[int, ...]:
        """Which of that many passages are kept, best first. One at least when the answer is to come from documents, for
        without any a model would answer from its memory."""
        if self.answering.settled or self.answering.step == "answer_directly":
            return ()
        ranking = result_of(self.answering.results, "rerank", Ranking)
        grades = result_of(self.answering.results, "grade_passages", Grades)
        named = [n for n in ranking.order if n <= retrieved] if ranking else []
        order = list(dict.fromkeys([*named, *range(1, retrieved + 1)]))
        dropped = set(grades.drop) if grades else set()
        kept = [n for n in order if n not in dropped] or order[:1]
        return tuple(kept[: self.most])


def _shortened(passage: Passage, excerpt: str) -> Passage:
    """The passage with the excerpt as its text, if every sentence of that is really in it; else as it is."""
    whole = _spaced(passage.text)
    sentences = [_spaced(s) for s in _SENTENCE_END.split(excerpt.strip()) if s.strip()]
    if len(excerpt.strip()) < SHORTEST_EXCERPT or len(excerpt) >= len(passage.text):
        return passage
    if not all(sentence in whole for sentence in sentences):
        return passage
    return msgspec.structs.replace(passage, text=excerpt.strip())


def _spaced(text: str) -> str:
    return " ".join(text.split())
