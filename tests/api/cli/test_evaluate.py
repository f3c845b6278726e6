"""What came of a file of questions is counted, kept without its texts, and compared with the run before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli.evaluation import kept, report
from api.cli.evaluation.feedback import rated_down
from api.cli.evaluation.figures import EvaluatedAnswer, sum_up
from api.cli.evaluation.questions import PutQuestion, fingerprint, read_questions, write_questions
from application.clock import new_id

GOOD = EvaluatedAnswer(
    assistant="a", question="q", status="completed", answer="<b>30 days</b>", recall=1.0, answered=0.5, grounded=True,
    citations=2, cost_usd=Decimal("0.001"), ttft_ms=100,
)  # fmt: skip


def test_a_file_of_questions_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    write_questions(path, [{"question": "=1+1?", "expected": "30 days | a refund", "comment": 'wrong, "said" ada'}])
    assert path.read_text("utf-8").splitlines()[1].startswith("'=1+1?"), "a spreadsheet runs nothing"
    assert read_questions(path) == [PutQuestion("=1+1?", ("30 days", "a refund"))]
    path.write_text("\ufeffpassages,question\nunopened|coffee,What?\n,\n", "utf-8")
    assert read_questions(path) == [PutQuestion("What?", ("unopened", "coffee"))]
    for wrong in ("", "ask\nWhat?\n", "question\n\n"):
        path.write_text(wrong)
        with pytest.raises(RuntimeError, match="question"):
            read_questions(path)
    path.write_bytes(b"question\n\xff\xfe\n")
    with pytest.raises(RuntimeError, match="UTF-8"):
        read_questions(path)


def test_shares_are_of_what_they_can_be_told_of() -> None:
    bad = EvaluatedAnswer(
        assistant="a", question="r", status="completed", grounded=False, refused=True, cached="exact", ttft_ms=300
    )
    lost = EvaluatedAnswer(assistant="a", question="s", status="model_unavailable")
    found = sum_up("a", [GOOD, bad, lost])
    assert (found.questions, found.failed, found.recall, found.grounded, found.checked) == (3, 1, 1.0, 0.5, 2)
    assert (found.refused, found.cached_exact, found.unsourced, found.citations) == (0.5, 0.5, 0.5, 1.0)
    assert (found.cost_usd, found.ttft_p50_ms, found.ttft_p95_ms) == (Decimal("0.001"), 200, 300)
    none = sum_up("a", [lost])
    assert (none.recall, none.grounded, none.refused, none.ttft_p50_ms) == (None, None, 0.0, 0)


def test_runs_are_kept_without_texts_and_compared_with_the_same_questions(tmp_path: Path) -> None:
    tenant, same = new_id(), fingerprint([PutQuestion("q")])
    assert same != fingerprint([PutQuestion("q", ("x",))])
    run = kept.Run(at=datetime(2026, 1, 1, tzinfo=UTC), questions=same, version=3, figures=sum_up("a", [GOOD]))
    kept.keep(tmp_path, tenant, [], [run])
    (file,) = (tmp_path / kept.FOLDER).iterdir()
    assert "30 days" not in file.read_text()
    file.write_bytes(file.read_bytes() + b"{damaged\n")
    before = kept.runs_before(tmp_path, tenant)
    assert before == [run] and kept.last_of(before, "a", same) == run
    assert kept.last_of(before, "b", same) is None and kept.last_of(before, "a", "other") is None
    table = report.as_table([run.figures, run.figures], [None, run.figures])
    assert "1.0 (1.0)" in table
    page = report.as_page(tenant, "today", ["a <note>"], [run.figures], [None], [[GOOD]])
    assert "&lt;b&gt;30 days" in page and "<script" not in page and "a &lt;note&gt;" in page
    with pytest.raises(RuntimeError):
        kept.keep(tmp_path, "../elsewhere", [], [run])


def test_answers_that_were_rated_down_become_questions() -> None:
    def event(kind: str, **data: Any) -> Mapping[str, Any]:
        return {"kind": kind, "stream": "t/session/s", "data": data}

    rated = [("1", "down"), ("2", "up"), ("3", "down"), ("3", "up"), ("4", "down")]
    given = [event("feedback.given.1", turn_id=turn, rating=r, comment="why") for turn, r in rated]
    begun = [event("turn.started.1", turn_id=turn, text=f"question {turn}") for turn in "123"]

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        events = given if asked["kind"].startswith("feedback") else begun
        start = int(asked.get("cursor", 0))
        following = str(start + 2) if start + 2 < len(events) else None
        return httpx.Response(200, json={"events": events[start : start + 2], "next": following})

    with httpx.Client(base_url="http://test", transport=httpx.MockTransport(answer)) as http:
        assert rated_down(http) == [{"question": "question 1", "expected": "", "comment": "why"}]
