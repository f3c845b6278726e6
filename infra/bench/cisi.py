"""The CISI test collection (1,460 abstracts of information science, 112 questions)."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from infra.bench.collection import Collection

RECORD = re.compile(r"^\.I ", re.M)
FIELD = re.compile(r"^\.([TAWXB])\s*$", re.M)


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


def collection(directory: Path) -> Collection:
    """The same, in the form that search is measured by."""
    cisi = load(directory)
    return Collection(
        name="CISI",
        documents={str(n): (t, f"# {t}\n\n{author}\n\n{text}\n") for n, (t, author, text) in cisi.documents.items()},
        questions={str(number): question for number, question in cisi.questions.items()},
        relevant={str(number): {str(one) for one in answers} for number, answers in cisi.relevant.items()},
    )
