"""What an evaluation found, as a table for a terminal and as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import jinja2

from api.cli.evaluation.figures import EvaluatedAnswer, Figures

ROWS: Mapping[str, str] = {
    "questions": "questions", "failed": "failed", "recall": "retrieval recall",
    "answered": "expected words in the answer",
    "grounded": "grounded answers", "checked": "answers checked for it", "refused": "refused",
    "cached_exact": "kept answers, exact", "cached_semantic": "kept answers, semantic",
    "citations": "citations an answer", "unsourced": "answers that cite nothing", "cost_usd": "cost (USD)",
    "ttft_p50_ms": "first token, p50 (ms)", "ttft_p95_ms": "first token, p95 (ms)",
}  # fmt: skip
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Evaluation of {{ names }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { border-bottom: 1px solid #ccc; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: #a00; }
td p { white-space: pre-wrap; margin: 0 0 .5rem; }
</style>
<h1>Evaluation of {{ names }}</h1>
<p>{{ at }}, tenant {{ tenant }}</p>
{% for note in notes %}<p>{{ note }}</p>{% endfor %}
<table><tr><th></th>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for label, cells in rows %}<tr><th>{{ label }}</th>
{% for cell in cells %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>
<table><tr><th>question</th>{% for name in assistants %}<th>{{ name }}</th>{% endfor %}</tr>
{% for question, answers in questions %}<tr><td>{{ question }}</td>
{% for one in answers %}<td><p>{{ one.answer or one.status }}</p>
{% if one.status != "completed" %}<b class="bad">{{ one.status }}</b> {% endif %}
{% if one.recall is not none %}recall {{ one.recall }} {% endif %}
{% if one.refused %}<b class="bad">refused</b> {% endif %}
{% if one.grounded is false %}<b class="bad">not grounded:</b> {{ one.unsupported | join("; ") }} {% endif %}
{% if one.cached %}kept ({{ one.cached }}) {% endif %}{{ one.ttft_ms }} ms, {{ one.cost_usd }} USD</td>{% endfor %}</tr>
{% endfor %}</table></html>
"""


def lines_of(figures: Sequence[Figures], before: Sequence[Figures | None]) -> list[tuple[str, list[str]]]:
    """A line a figure, a cell an assistant; with the figure of the run before in brackets where there is one."""
    return [
        (label, [_cell(name, now, then) for now, then in zip(figures, before, strict=True)])
        for name, label in ROWS.items()
    ]


def as_table(figures: Sequence[Figures], before: Sequence[Figures | None]) -> str:
    """For a terminal."""
    lines = [("", [f.assistant for f in figures]), *lines_of(figures, before)]
    label = max(len(name) for name, _ in lines)
    widths = [max(len(cells[place]) for _, cells in lines) for place in range(len(figures))]
    return "\n".join(
        f"{name:<{label}}  " + "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        for name, cells in lines
    )


def as_page(
    tenant: str, at: str, notes: Sequence[str], figures: Sequence[Figures], before: Sequence[Figures | None],
    asked: Sequence[Sequence[EvaluatedAnswer]],
) -> str:  # fmt: skip
    """One page; `asked` are each assistant's answers, in the order of the questions."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    names = [one.assistant for one in figures]
    return environment.from_string(PAGE).render(
        tenant=tenant, at=at, notes=notes, names=" and ".join(names), heads=names, assistants=names,
        rows=lines_of(figures, before), questions=[(row[0].question, row) for row in zip(*asked, strict=True)],
    )  # fmt: skip


def _cell(name: str, now: Figures, then: Figures | None) -> str:
    shown = _shown(getattr(now, name))
    return f"{shown} ({_shown(getattr(then, name))})" if then else shown


def _shown(value: float | Decimal | None) -> str:
    return "-" if value is None else str(value)
