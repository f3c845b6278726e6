"""Every command that the documentation names is there, with the options that it names: runbooks are read at night."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from api.cli.main import cli
from tests.architecture.made_docs import ROOT

RUNBOOKS = sorted((ROOT / "infra" / "docs" / "runbooks").glob("*.md"))
OTHERS = [ROOT / "README.md", *sorted((ROOT / "infra" / "docs").glob("*.md"))]
SPANS = re.compile(r"```[a-z]*\n(.*?)```|`([^`]+)`", re.DOTALL)
ASSIGNED = re.compile(r"^[A-Z][A-Z0-9_]*=\S*\s+")
MADE = re.compile(r"^([a-z-]+):", re.MULTILINE)
ELSEWHERE = ("|", "&&", ";", ">", "#")
"""Where a command ends and the shell's words, or a remark, begin."""


def typed(page: Path) -> list[str]:
    """Commands of a page: the code that begins with a program's name, whatever is assigned before it."""
    found = []
    for block, span in SPANS.findall(page.read_text()):
        for line in (block or span.replace("\n", " ")).replace("\\\n", " ").splitlines():
            said = line.strip().removeprefix("$ ").removeprefix(".venv/bin/")
            while ASSIGNED.match(said):
                said = ASSIGNED.sub("", said)
            found.append(said)
    return [said for said in found if re.match(r"(colloquy|make) [a-z]", said)]


def words_of(said: str) -> list[str]:
    """The command's own words, optional ones and choices as if they were given."""
    plain = re.sub(r"\[([^\]]*)\](\.\.\.)?", r"\1", said.replace("...", "").replace("…", ""))
    words = shlex.split(plain, comments=True)
    ends = [number for number, word in enumerate(words) if word in ELSEWHERE]
    return words[: ends[0]] if ends else words


def refused(words: list[str]) -> str:
    """Why the program would not take these words; empty when it would."""
    command: click.Command = cli
    path, left = "colloquy", words
    while isinstance(command, click.Group) and left and not left[0].startswith("-"):
        inner = command.get_command(click.Context(command), left[0])
        if inner is None and left[0].isupper():
            return ""  # one of several
        if inner is None:
            return f"{path} has no command {left[0]}"
        command, path, left = inner, f"{path} {left[0]}", left[1:]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help", "-h"}
    known |= {"--data-dir"}
    asked = {word.partition("=")[0] for word in left if word.startswith("-") and len(word) > 1}
    return f"{path} has no {', '.join(sorted(asked - known))}" if asked - known else ""


@pytest.mark.parametrize(
    ("pages", "least"),
    [
        pytest.param(RUNBOOKS, 25, id="runbooks"),
        pytest.param(OTHERS, 60, marks=pytest.mark.long, id="others"),  # benchmarks are slow to load
    ],
)
def test_what_the_documentation_says_to_type_can_be_typed(pages: list[Path], least: int) -> None:
    targets = set(MADE.findall((ROOT / "Makefile").read_text()))
    wrong, seen = [], 0
    for path in pages:
        for said in typed(path):
            program, *words = words_of(said)
            seen += 1
            if program == "make":
                gone = [word for word in words[:1] if word not in targets]
                why = f"there is no target {gone[0]}" if gone else ""
            else:
                why = refused(words)
            if why:
                wrong.append(f"{path.relative_to(ROOT)}: `{said}`: {why}")
    assert not wrong and seen >= least


def test_a_command_or_an_option_that_is_not_there_is_found() -> None:
    assert refused(["projections", "rebuild", "costs"]) == refused(["restore", "F", "--beside", "X"]) == ""
    assert refused(["projections", "heal"]) and refused(["restore", "F", "--besides", "X"]) and refused(["heal"])
