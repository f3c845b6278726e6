"""`colloquy evaluate`: a file of questions to one assistant, or to two side by side, before users meet a change."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.main import with_data_dir

if TYPE_CHECKING:
    import httpx

    from api.cli.evaluation.figures import EvaluatedAnswer
    from api.cli.evaluation.kept import Run
    from api.cli.evaluation.questions import PutQuestion

ROLES = ("member", "auditor", "admin")
JUDGED = (
    "The step check_grounding was added to the plan of {}: to its time to the end, and to its cost. "
    "It finds no kept answers."
)


@click.command()
@with_data_dir
@click.option("--tenant", required=True, help="Whose assistants.")
@click.option(
    "--assistant", default="default", show_default=True, metavar="NAME[,OTHER]", help="One, or two to compare."
)
@click.option("--no-cache", is_flag=True, help="Neither look for kept answers nor keep any.")
@click.option("--as-it-is", is_flag=True, help="Add no check_grounding to a plan that has none.")
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with the answers there."
)
@click.option("--from-feedback", is_flag=True, help="Write the questions whose answers users rated down INTO the file.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.argument("questions", type=click.Path(dir_okay=False, path_type=Path))
def evaluate(
    tenant: str, assistant: str, no_cache: bool, as_it_is: bool, page: Path | None, from_feedback: bool, as_json: bool,
    questions: Path,
) -> None:  # fmt: skip
    """Put the QUESTIONS of a CSV file to assistants, and count what came of them.

    Its columns: `question`, and in `expected` the words or passages, separated by |, that must be found for it. The
    figures are kept, and shown beside those of the run before that asked the same (in brackets).

    Example: colloquy evaluate --tenant 0197... --assistant default,strict questions.csv --html report.html
    """
    if from_feedback:
        click.echo(f"{_write_feedback(tenant, questions)} questions whose answers were rated down: {questions}")
        return
    from api.cli.evaluation.questions import read_questions

    names = [name.strip() for name in assistant.split(",")]
    if not 1 <= len(names) <= 2 or not all(names) or len(set(names)) != len(names):
        raise RuntimeError("--assistant takes one name, or two with a comma between them")
    asked, versions, notes = asyncio.run(_run(tenant, names, read_questions(questions), not no_cache, not as_it_is))
    _tell(tenant, read_questions(questions), asked, versions, notes, page, as_json)


async def _run(
    tenant: str, names: Sequence[str], questions: Sequence[PutQuestion], use_cache: bool, judge: bool
) -> tuple[list[list[EvaluatedAnswer]], list[int], list[str]]:
    """The answers of each assistant, the version of its definition, and what is to be said of it."""
    from api.cli.connection import base_url, connect, credentials
    from api.cli.evaluation.asking import Evaluator
    from api.client import Colloquy
    from api.settings import read_settings

    token = credentials(tenant, ["member"], "evaluate")
    with connect(tenant, ROLES, "evaluate") as http, _asked_as(http, names, judge) as copies:
        async with Colloquy(base_url(read_settings()), lambda: token.token) as colloquy:
            evaluator = Evaluator(colloquy, http, use_cache)
            pairs = [evaluator.ask(name, copies[name][0], question) for question in questions for name in names]
            found = await asyncio.gather(*pairs)
        notes = [JUDGED.format(name) for name in names if copies[name][0] != name]
        return [found[place :: len(names)] for place in range(len(names))], [copies[n][1] for n in names], notes


@contextmanager
def _asked_as(http: httpx.Client, names: Sequence[str], judge: bool) -> Iterator[dict[str, tuple[str, int]]]:
    """What each assistant is asked as, and its version: itself, or, where its plan does not look whether answers are
    borne out and that is wished for, a copy that does, for as long as the block runs."""
    from api.cli.connection import checked
    from api.cli.evaluation.asking import CHECK
    from application.plan.plan import PRESETS

    copies: dict[str, tuple[str, int]] = {}
    made: list[str] = []
    try:
        for name in names:
            shown: dict[str, Any] = checked(http.get(f"/v1/assistants/{name}"))
            plan = PRESETS.get(shown["plan"], ()) if isinstance(shown["plan"], str) else tuple(shown["plan"])
            copies[name] = (name, shown["version"])
            if judge and shown["documents"] and CHECK not in plan:
                copy = f"evaluate-{secrets.token_hex(6)}"
                body = {k: v for k, v in shown.items() if k not in ("name", "version")} | {"plan": [*plan, CHECK]}
                checked(http.put(f"/v1/assistants/{copy}", json=body))
                made.append(copy)
                copies[name] = (copy, shown["version"])
        yield copies
    finally:
        for copy in made:
            http.delete(f"/v1/assistants/{copy}")


def _tell(
    tenant: str, questions: Sequence[PutQuestion], asked: Sequence[Sequence[EvaluatedAnswer]], versions: Sequence[int],
    notes: Sequence[str], page: Path | None, as_json: bool,
) -> None:  # fmt: skip
    import msgspec

    from api.cli.evaluation import kept, report
    from api.cli.evaluation.figures import sum_up
    from api.cli.evaluation.questions import fingerprint
    from api.settings import read_settings
    from application.clock import now

    folder, same, at = read_settings().data_path, fingerprint(questions), now()
    figures = [sum_up(answers[0].assistant, answers) for answers in asked]
    earlier = kept.runs_before(folder, tenant)
    before = [kept.last_of(earlier, one.assistant, same) for one in figures]
    then = [run.figures if run else None for run in before]
    runs = [
        kept.Run(at=at, questions=same, version=version, figures=one)
        for one, version in zip(figures, versions, strict=True)
    ]
    kept.keep(folder, tenant, earlier, runs)
    if page:
        page.write_text(report.as_page(tenant, f"{at:%Y-%m-%d %H:%M} UTC", notes, figures, then, asked), "utf-8")
    if as_json:
        body = {
            "tenant_id": tenant,
            "runs": [_entry(run, old, rows) for run, old, rows in zip(runs, before, asked, strict=True)],
        }
        click.echo(msgspec.json.encode({**body, "notes": notes}).decode())
        return
    click.echo(report.as_table(figures, then))
    for note in notes:
        click.echo(note)


def _entry(run: Run, before: Run | None, rows: Sequence[EvaluatedAnswer]) -> dict[str, Any]:
    import msgspec

    fields = msgspec.structs.asdict(run.figures)
    return {**fields, "version": run.version, "at": run.at, "before": before, "rows": rows}


def _write_feedback(tenant: str, path: Path) -> int:
    from api.cli.connection import connect
    from api.cli.evaluation.feedback import rated_down
    from api.cli.evaluation.questions import write_questions

    if path.exists():
        raise RuntimeError(f"{path} is there already: name a file that is not")
    with connect(tenant, ["auditor"], "evaluate") as http:
        rows = rated_down(http)
    write_questions(path, rows)
    return len(rows)
