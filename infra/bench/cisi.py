"""The CISI test collection (1,460 abstracts of information science, 112 questions) and how answers are scored."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

RECORD = re.compile(r"^\.I ", re.M)
FIELD = re.compile(r"^\.([TAWXB])\s*$", re.M)
DEPTH = 10


class Cisi(msgspec.Struct, frozen=True):
    """Documents as (title, author, abstract) and questions by their numbers, and which documents answer a question."""

    documents: dict[int, tuple[str, str, str]]
    questions: dict[int, str]
    relevant: dict[int, set[int]]


def load(directory: Path) -> Cisi:
    """Read CISI.ALL, CISI.QRY and CISI.REL; only questions that have judgements are kept."""
    relevant: dict[int, set[int]] = {}
    for line in (directory / "CISI.REL").read_text().splitlines():
        question, document = map(int, line.split()[:2])
        relevant.setdefault(question, set()).add(document)
    documents = {
        number: (" ".join(f.get("T", "").split()), " ".join(f.get("A", "").split()), f.get("W", ""))
        for number, f in _records(directory / "CISI.ALL").items()
    }
    questions = {
        number: " ".join(f"{f.get('T', '')} {f.get('W', '')}".split())
        for number, f in _records(directory / "CISI.QRY").items()
        if number in relevant
    }
    return Cisi(documents, questions, relevant)


def _records(path: Path) -> dict[int, dict[str, str]]:
    """Records by number; a field that comes twice is joined."""
    found: dict[int, dict[str, str]] = {}
    for record in RECORD.split(path.read_text(encoding="utf-8", errors="replace"))[1:]:
        number, rest = record.split("\n", 1)
        fields = found.setdefault(int(number), {})
        parts = FIELD.split(rest)[1:]
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            fields[name] = f"{fields[name]}\n{text.strip()}" if name in fields else text.strip()
    return found


def ndcg(ranked: Sequence[int], relevant: Collection[int]) -> float:
    """Normalised discounted cumulative gain of the first ten with binary gains (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(place + 2) for place, document in enumerate(ranked[:DEPTH]) if document in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(DEPTH, len(relevant))))
