"""How far jobs stand back, beside deadlines that go by the clock; what looks at a database that is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.extract.pool import WALL
from api.cli.jobs import AWAITED, BEHIND
from api.cli.main import cli


def weight(nice: int) -> float:
    """What Linux weighs it at: a tenth of a processor more or less a step, which is a factor of 1.25."""
    return 1024 / 1.25**nice


def test_a_reader_beside_somebody_who_answers_comes_to_its_own_end_before_the_clock_ends_it() -> None:
    share = weight(AWAITED) / (weight(AWAITED) + weight(0))
    assert share * WALL >= 1
    assert weight(BEHIND) / weight(0) >= 0.1, "a call of a second's work is done within ten"


@pytest.mark.parametrize(
    "command", [["migrate", "--plan"], ["backup", "there"], ["restore", ".", "--beside", "copy"]], ids=lambda c: c[0]
)
def test_what_looks_at_the_database_says_when_there_is_none(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("COLLOQUY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLLOQUY_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(cli, command)
    assert isinstance(done.exception, RuntimeError) and "nothing is running on" in str(done.exception)
