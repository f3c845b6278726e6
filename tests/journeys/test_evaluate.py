"""Questions are put to assistants through the real path, and nothing is left of what was asked."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli.connection import checked
from api.cli.evaluate import evaluate
from api.cli.evaluation.questions import write_questions
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed
from tests.journeys.conftest import reading

pytestmark = pytest.mark.real


def test_two_assistants_answer_side_by_side(ours: Installed, tmp_path: Path) -> None:
    """And again: the figures of the run before stand beside the new ones, and nothing is left of what was asked."""
    tenant, path = ours.tenants[0], tmp_path / "questions.csv"
    word = max(" ".join(DOCUMENTS.values()).split(), key=len)
    write_questions(path, [{"question": QUESTION, "expected": word[:4]}, {"question": "Who is the king of France?"}])
    with reading(ours, "admin") as http:
        checked(http.put("/v1/assistants/strict", json={"instructions": "Be brief.", "plan": "standard"}))
    command = [
        "--tenant",
        tenant,
        "--data-dir",
        str(ours.data_dir),
        "--assistant",
        "default,strict",
        "--json",
        str(path),
    ]
    first, second = (json.loads(CliRunner().invoke(evaluate, command, catch_exceptions=False).output) for _ in range(2))
    for runs in (first["runs"], second["runs"]):
        assert [run["assistant"] for run in runs] == ["default", "strict"]
        assert all((run["questions"], run["failed"], run["checked"]) == (2, 0, 2) for run in runs)
        assert all(run["recall"] == 1.0 and Decimal(run["cost_usd"]) > 0 and run["ttft_p50_ms"] > 0 for run in runs)
    assert [run["before"] for run in first["runs"]] == [None, None]
    assert [run["before"]["figures"]["questions"] for run in second["runs"]] == [2, 2]
    with reading(ours, "member", "admin", user="evaluate") as http:
        assert checked(http.get("/v1/sessions?consistent=true"))["sessions"] == []
