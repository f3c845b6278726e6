"""A collection that every Python brings along: the first sentence of a documentation string asks for the rest of it."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from infra.bench.collection import Collection

SHORTEST = 200
"""Characters of an answer."""
FEWEST_WORDS = 4
"""Of a question."""
MOST = 1_000
"""Questions."""
_END = re.compile(r"\.\s|\n\n")
_UNREAD = re.compile(r"/(?:test|tests|idlelib|lib2to3|turtledemo|site-packages|__phello__)/|/(?:pydoc_data|encodings)/")


def load() -> Collection:
    """The documentation of the standard library, in the order of its files. Nothing is imported: sources are parsed."""
    documents: dict[str, str] = {}
    questions: dict[str, str] = {}
    asked: set[str] = set()
    for name, text in _documented(Path(sysconfig.get_path("stdlib"))):
        first, answer = (*_END.split(text, maxsplit=1), "")[:2]
        question, answer = " ".join(first.split()), answer.strip()
        if len(answer) < SHORTEST or len(question.split()) < FEWEST_WORDS or question in asked:
            continue
        asked.add(question)
        documents[name] = answer
        questions[name] = question
    chosen = list(questions)[:: max(1, len(questions) // MOST)][:MOST]
    version = ".".join(map(str, sys.version_info[:3]))
    return Collection(
        name=f"documentation of Python {version}",
        documents={name: ("", text) for name, text in documents.items()},
        questions={name: questions[name] for name in chosen},
        relevant={name: {name} for name in chosen},
    )


def _documented(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.py")):
        if _UNREAD.search(path.as_posix()):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{path.relative_to(folder).as_posix()}:{node.lineno}", inspect.cleandoc(text)
