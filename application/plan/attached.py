"""What the files that are attached to a turn bring into its prompt: passages within a budget, pictures, and notes of
what could not be read."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from application.ports.documents.extractor import Extracted, places_of
from application.ports.models.model import Picture
from domain.session.events import Passage
from domain.usage import estimate_tokens

AROUND = 12
"""Tokens of a passage's mark and title."""
PARTLY = "only those parts of it are given that fit and seem to matter to the question"
_WORD = re.compile(r"\w{3,}")


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """Passages are numbered in the prompt before all others, `notes` are lines about files by their names."""

    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether there is anything to read, if only that a file could not be read."""
        return bool(self.passages or self.notes)


NOTHING_ATTACHED = Attached()


class ReadFile(msgspec.Struct, frozen=True):
    """A file and what it says."""

    file_id: str
    name: str
    says: Extracted


def fitted(files: Sequence[ReadFile], question: str, budget: int) -> Attached:
    """As much of the files as `budget` tokens hold, each file's passages in their order. Files that are small leave
    their share to the others; of one that does not fit come the passages with most words of the question first."""
    whole = {file.file_id: _passages(file) for file in files}
    taken: dict[str, tuple[Passage, ...]] = {}
    left, to_come = budget, len(files)
    for file in sorted(files, key=lambda one: _cost(whole[one.file_id])):
        taken[file.file_id] = _best(whole[file.file_id], question, left // to_come)
        left, to_come = left - _cost(taken[file.file_id]), to_come - 1
    return Attached(
        passages=tuple(passage for file in files for passage in taken[file.file_id]),
        notes=tuple(f"{f.name}: {PARTLY}" for f in files if len(taken[f.file_id]) < len(whole[f.file_id])),
    )


def _passages(file: ReadFile) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            passage_id=f"{file.file_id}:{start}",
            document_id=file.file_id,
            title=file.name,
            text=file.says.text[start:end],
            start=start,
            end=end,
            score=1.0,
            page=place.page,
            row=place.row,
            heading=place.heading,
        )
        for (start, end), place in zip(file.says.spans, places_of(file.says), strict=True)
    )


def _best(passages: tuple[Passage, ...], question: str, budget: int) -> tuple[Passage, ...]:
    if _cost(passages) <= budget:
        return passages
    wanted = set(_WORD.findall(question.lower()))
    shared = [len(wanted.intersection(_WORD.findall(passage.text.lower()))) for passage in passages]
    kept = []
    for place in sorted(range(len(passages)), key=lambda place: (-shared[place], place)):
        cost = _cost(passages[place : place + 1])
        if cost <= budget:
            budget -= cost
            kept.append(place)
    return tuple(passages[place] for place in sorted(kept))


def _cost(passages: Sequence[Passage]) -> int:
    return sum(estimate_tokens(passage.text) + AROUND for passage in passages)
