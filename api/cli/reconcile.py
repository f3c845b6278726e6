"""`colloquy reconcile`: our ledger against Bedrock's own log of calls, and what was estimated corrected by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from api.cli.main import with_data_dir

if TYPE_CHECKING:
    from api.settings import Settings
    from application.reconciliation.report import Finding, Report
    from application.reconciliation.reprice import Repriced
    from domain.usage import Usage

T = TypeVar("T")
SHOWN = 10_000
"""Differing calls in the JSON object; more are counted only."""
STAND_INS_LOGS = "bedrock/invocation-logs"
GRACE_S = 900.0
LOCAL_GRACE_S = 180.0


@click.command()
@with_data_dir
@click.option("--from", "since", help="RFC 3339; calls that started then or later (default: this month's beginning).")
@click.option("--to", "until", help="RFC 3339; and before then (default: now).")
@click.option(
    "--days", type=click.IntRange(1, 92), help="Instead of --from: the last so many days, for a clock to run."
)
@click.option("--tenant", default="", help="Only this tenant's calls.")
@click.option("--apply/--dry-run", default=True, help="Store corrections (the default), or only say what differs.")
@click.option(
    "--logs",
    envvar="COLLOQUY_INVOCATION_LOGS",
    help="A folder, or s3://BUCKET/PREFIX (default: the logs of the local stand-in).",
)
@click.option(
    "--grace",
    "grace_s",
    type=float,
    help=f"Seconds for which a call may be under way, or its line (default {GRACE_S:.0f}; of the stand-in"
    f" {LOCAL_GRACE_S:.0f}).",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def reconcile(
    since: str | None,
    until: str | None,
    days: int | None,
    tenant: str,
    apply: bool,
    logs: str | None,
    grace_s: float | None,
    as_json: bool,
) -> None:
    """Compare our ledger with Bedrock's invocation logs, and correct what was estimated.

    Exits 0 when every call of the period is explained: it has its line, or is closed by what the log says.

    \b
    Example: colloquy reconcile --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z
             colloquy reconcile --days 3
    """
    from api.cli.projections import installation

    settings = installation()
    place = logs or _stand_ins_logs(settings)
    grace = grace_s if grace_s is not None else GRACE_S if logs else LOCAL_GRACE_S
    findings: list[Finding] = []

    def found(finding: Finding) -> None:
        if not as_json:
            click.echo(line_of(finding))
        elif len(findings) < SHOWN:
            findings.append(finding)

    async def work() -> tuple[Report, Repriced]:
        from api.composition.reconcile_wiring import open_reconcile
        from application.acting_tenant import EVERY, act_for
        from application.reconciliation.reprice import Reprice

        begin, end = _period(since, until, days)
        act_for(EVERY)
        async with open_reconcile(settings, place) as run:
            report = await run(begin, end, found=found, tenant=tenant, apply=apply, grace_s=grace)
            return report, await Reprice(run.store, run.lanes)(begin, end, tenant=tenant, apply=apply)

    report, repriced = _sentence_for_refusals(work)
    click.echo(_json(report, repriced, findings) if as_json else summary_of(report))
    if repriced.calls and not as_json:
        click.echo(words_of(repriced))
    if not report.explained:
        raise click.exceptions.Exit(1)


def _period(since: str | None, until: str | None, days: int | None) -> tuple[datetime, datetime]:
    """What is compared, and nothing of the future."""
    from api.http.request.paging import checked_range
    from application.clock import now

    if since and days:
        raise click.UsageError("name either a beginning (--from) or so many --days")
    begin, end = checked_range((now() - timedelta(days=days)).isoformat() if days else since, until)
    return begin, max(begin, min(end, now()))


def _sentence_for_refusals(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    from domain.refusals import Refusal

    try:
        return asyncio.run(work())
    except Refusal as refusal:
        raise RuntimeError(refusal.detail) from refusal


def _stand_ins_logs(settings: Settings) -> str:
    folder = settings.data_path / STAND_INS_LOGS
    if not folder.is_dir():
        raise RuntimeError(f"no invocation logs in {folder}: name them with --logs or COLLOQUY_INVOCATION_LOGS")
    return str(folder)


def _json(report: Report, repriced: Repriced, findings: list[Finding]) -> str:
    import msgspec

    differing = report.corrected + report.settled + report.missing + report.extra
    body = {
        **_plain(report),
        "explained": report.explained,
        "repriced": _plain(repriced),
        "differences": [_plain(finding) for finding in findings],
        "differences_left_off": differing - len(findings),
    }
    return msgspec.json.encode(body).decode()


def _plain(struct: Any) -> dict[str, Any]:
    import msgspec

    from api.http.costs import plain

    fields = {
        name: msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else plain(value)
        for name, value in msgspec.structs.asdict(struct).items()
    }
    return {{"since": "from", "until": "to"}.get(name, name): value for name, value in fields.items()}


def words_of(repriced: Repriced) -> str:
    """What became of calls for which a price of their tenant's own holds."""
    return (
        f"{repriced.calls} calls brought to their tenant's own price: {repriced.old_usd:f} -> {repriced.new_usd:f} USD;"
        f" {repriced.waiting} wait until they are counted"
    )


def line_of(finding: Finding) -> str:
    """A differing call, for people: what the ledger says, then what the log says."""
    from domain.usage import family_of

    what = "found by model, time and size" if finding.by_size else ""
    parts = (
        f"{finding.kind:<9} {finding.reason:<13} {finding.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        finding.tenant or "(no tenant)",
        f"{finding.step or '?'} {family_of(finding.model)} {finding.call_id or finding.request_id}",
        f"{_tokens(finding.ledger)} -> {_tokens(finding.logged)}",
        f"{finding.ledger_usd:f} -> {finding.logged_usd:f} USD",
        what,
    )
    return "  ".join(part for part in parts if part)


def _tokens(usage: Usage | None) -> str:
    """Input, output, and what the prompt cache gave and took where it did."""
    if usage is None:
        return "nothing"
    cached = usage.cache_read_tokens, usage.cache_write_tokens
    return f"{usage.input_tokens}+{usage.output_tokens}" + (f" (cache {cached[0]}/{cached[1]})" if any(cached) else "")


def summary_of(report: Report) -> str:
    """The sums, for people."""
    lines = [
        f"{report.calls} calls: {report.matched} matched, {report.corrected} corrected,"
        f" {report.settled} settled that nobody had, {report.unbilled} refused, {report.missing} missing in the log,"
        f" {report.under_way} too young to be judged",
        f"log: {report.extra} lines without a call, {report.foreign} not ours, {report.unreadable} unreadable;"
        f" of the ledger {report.damaged} facts or calls could not be read;"
        f" {report.by_size} embeddings were matched by model, time and size, for their lines name no call",
        f"ledger {report.ledger_usd:f} USD, log {report.logged_usd:f} USD;"
        f" drift {report.drift_before_usd:f} USD before, {report.drift_usd:f} USD now",
    ]
    return "\n".join(lines if report.applied else [*lines, "nothing was stored (--dry-run)"])
