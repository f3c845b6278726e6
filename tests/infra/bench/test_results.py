"""Benchmarks keep their ratios beside the commit they are of, and show how they went."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click import Context
from click.testing import CliRunner

from infra.bench.cli import COMMANDS, bench
from infra.bench.results import append, commit_of, keep, read, recordable, trends
from infra.bench.trend import bars, svg

ROOT = Path(__file__).parents[3]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def toy(results: Path) -> click.Command:
    @click.command()
    @recordable
    def toy() -> None:
        keep({"ours": 0.123456}, results)

    return toy


def test_what_is_recorded_is_a_line_with_its_commit_and_no_run_is_recorded_unasked(results: Path) -> None:
    assert CliRunner().invoke(toy(results), []).exit_code == 0
    assert not results.exists()
    for _ in range(2):
        assert CliRunner().invoke(toy(results), ["--record"]).exit_code == 0
    first, second = [json.loads(line) for line in results.read_text().splitlines()]
    assert first["ratios"] == second["ratios"] == {"ours": 0.1235}
    assert (first["bench"], first["commit"]) == ("toy", "unknown")  # a folder without a repository
    assert first["at"].endswith("+00:00")


def test_a_trend_is_a_ratio_from_run_to_run(results: Path) -> None:
    for value in (2.0, 4.0, 3.0):
        append(results, "events", {"small": value, "large": 1})
    append(results, "stream", {"CPU": 0.5})
    assert [(t.bench, t.ratio, t.values) for t in trends(read(results), ["events"])] == [
        ("events", "large", (1, 1, 1)),
        ("events", "small", (2, 4, 3)),
    ]
    assert bars((2.0, 4.0, 3.0)) == "▁█▅"
    shown = CliRunner().invoke(bench, ["history", "events", "--results", str(results)])
    assert shown.exit_code == 0
    assert "-25.0%" in shown.output
    assert "stream" not in shown.output


def test_a_picture_is_lawful_whatever_a_ratio_is_called(results: Path) -> None:
    append(results, "events", {'<"&>': 1.0, "steady": 2.0})
    append(results, "events", {'<"&>': 1.5, "steady": 2.0})
    picture = ElementTree.fromstring(svg(trends(read(results))))  # noqa: S314 # our own
    points = [float(point.get("cy", "nan")) for point in picture.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(points) == 4
    assert points[0] > points[1], "more is higher"
    assert points[2] == points[3]


def test_a_line_that_is_no_result_is_named(results: Path) -> None:
    append(results, "events", {"small": 1})
    results.write_text(results.read_text() + "nonsense\n")
    with pytest.raises(ValueError, match="line 2"):
        read(results)


def test_nothing_recorded_says_what_to_do(results: Path) -> None:
    shown = CliRunner().invoke(bench, ["history", "--results", str(results)])
    assert shown.exit_code == 1
    assert "--record" in shown.output


def test_each_benchmark_can_be_recorded() -> None:
    commands = {name: bench.get_command(Context(bench), name) for name in COMMANDS}
    flags = {name: {o for p in command.params for o in p.opts} for name, command in commands.items() if command}
    assert flags.keys() == COMMANDS.keys()
    exercises = {"history", "smoke", "soak", "upgrade", "restore-drill", "first-answer"}
    assert {name for name, options in flags.items() if "--record" not in options} == exercises


def test_the_commit_is_that_of_the_checkout() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    assert len(commit_of(ROOT).removesuffix("+changes")) == 10
