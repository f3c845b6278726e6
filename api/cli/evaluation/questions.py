"""A file of questions: CSV with a column `question`, and what an answer's passages must hold in `expected`."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

COLUMNS = ("question", "expected", "comment")
BETWEEN = "|"
FORMULA = ("=", "+", "-", "@")
MOST = 10_000
LONGEST = 32_000


class PutQuestion(msgspec.Struct, frozen=True):
    """What is asked, and the words or passages that must be found for it; none: only the answer is looked at."""

    text: str
    expected: tuple[str, ...] = ()


def read_questions(path: Path) -> list[PutQuestion]:
    """The questions of a file, in order; RuntimeError in words when it is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RuntimeError(f"{path} is no CSV in UTF-8: {error}") from error
    if not rows or "question" not in rows[0]:
        raise RuntimeError(f"{path} needs a first line with the column `question`, and a line for each question")
    found = [_question(row) for row in rows if (row.get("question") or "").strip()]
    if not found or len(found) > MOST or any(len(question.text) > LONGEST for question in found):
        raise RuntimeError(f"{path} needs 1 to {MOST} questions of at most {LONGEST} characters")
    return found


def write_questions(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Questions as such a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: _cell(row.get(name, "")) for name in COLUMNS} for row in rows)


def fingerprint(questions: Iterable[PutQuestion]) -> str:
    """The same for the same questions and nothing else: runs are compared that asked the same."""
    return hashlib.sha256(msgspec.json.encode(list(questions))).hexdigest()[:16]


def _question(row: Mapping[str, str | None]) -> PutQuestion:
    cells = [*(row.get("expected") or "").split(BETWEEN), *(row.get("passages") or "").split(BETWEEN)]
    return PutQuestion(_plain(row["question"] or ""), tuple(cell.strip() for cell in cells if cell.strip()))


def _cell(text: str) -> str:
    """A spreadsheet takes what begins so for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text
