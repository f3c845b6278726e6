"""`colloquy what-if`: what a tenant's recorded turns would have cost otherwise, from events alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import click

from api.cli.main import with_data_dir

if TYPE_CHECKING:
    from application.reconciliation.what_if import Change, WhatIfSums


@click.command("what-if")
@with_data_dir
@click.option("--tenant", required=True, help="Whose turns.")
@click.option(
    "--from", "since", help="RFC 3339; calls that were settled then or later (default: this month's beginning)."
)
@click.option("--to", "until", help="RFC 3339; and before then (default: this month's end).")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="FROM=TO",
    help="FROM: a model, a family (sonnet) or a step (step:rerank). TO: a model or a family. The first to fit counts.",
)
@click.option(
    "--plan", type=click.Choice(["lean", "standard", "thorough"]), help="Without the steps that it leaves out."
)
@click.option("--no-cache", is_flag=True, help="Without the caches of answers and the prompt cache.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def what_if(
    tenant: str,
    since: str | None,
    until: str | None,
    models: tuple[str, ...],
    plan: Literal["lean", "standard", "thorough"] | None,
    no_cache: bool,
    as_json: bool,
) -> None:
    """What recorded turns would have cost with other models, another plan or no caches. Nothing is called.

    Without a change it says what they did cost, to the last digit.

    Example: colloquy what-if --tenant 0192d0f5-... --from 2026-11-01T00:00:00Z --model sonnet=haiku --json
    """
    from application.reconciliation.what_if import Change
    from domain.refusals import Refusal

    change = Change(models=tuple(_pair(text) for text in models), plan=plan or "", no_cache=no_cache)
    try:
        body = asyncio.run(_asked(tenant, since, until, change))
    except Refusal as refusal:
        raise RuntimeError(refusal.detail) from refusal
    click.echo(_json(body) if as_json else "\n".join(_words(body)))


def _pair(text: str) -> tuple[str, str]:
    source, equals, target = text.partition("=")
    if not (source and equals and target):
        raise RuntimeError(f"--model takes FROM=TO, such as sonnet=haiku or step:rerank=haiku, and not {text!r}")
    return source, target


async def _asked(tenant: str, since: str | None, until: str | None, change: Change) -> dict[str, Any]:
    from api.cli.projections import installation
    from api.composition.reconcile_wiring import open_cost_reads
    from api.http.costs import plain
    from api.http.request.paging import checked_range
    from application.acting_tenant import act_for
    from application.reconciliation.what_if import check_change
    from projections.cost_query import CostFilter

    check_change(change)
    begin, end = checked_range(since, until)
    settings = installation()
    act_for(tenant)
    async with open_cost_reads(settings) as costs:
        outcome = await costs.what_if(tenant, CostFilter(since=begin, until=end), change)
    shown: dict[str, Any] = plain({"tenant_id": tenant, "from": begin, "to": end, **_fields(outcome)})
    return shown


def _fields(outcome: WhatIfSums) -> dict[str, Any]:
    import msgspec

    fields = msgspec.structs.asdict(outcome)
    fields["difference_usd"] = outcome.what_if_usd - outcome.recorded_usd
    fields["parts"] = [msgspec.structs.asdict(part) for part in outcome.parts]
    return fields


def _json(body: dict[str, Any]) -> str:
    import msgspec

    return msgspec.json.encode(body).decode()


def _words(body: dict[str, Any]) -> list[str]:
    from domain.usage import family_of

    lines = [
        f"{part['step']:<22} {family_of(part['model']):<12} {part['calls']:>7} calls  {part['recorded_usd']:>16}"
        f" -> {part['what_if_usd']:>16} USD  {family_of(part['what_if_model']) or '(left out)'}"
        for part in body["parts"]
    ]
    if body["answer_caches_usd"] != "0":
        lines.append(f"answers from caches would have added {body['answer_caches_usd']} USD")
    lines.append(
        f"{body['calls']} calls cost {body['recorded_usd']} USD, and would have cost {body['what_if_usd']} USD:"
        f" a difference of {body['difference_usd']} USD"
    )
    lines += [f"assumed: {text}" for text in body["assumes"]]
    if body["steps_never_run"]:
        lines.append(f"not in the sum, for they never ran: {', '.join(body['steps_never_run'])}")
    return lines
