"""`colloquy bench ...`: the benchmarks; each compares with a baseline in the same run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click
import msgspec

from infra.bench.costs import costs
from infra.bench.documents import documents
from infra.bench.harness.table import table
from infra.bench.pages import pages
from infra.bench.results import RESULTS, keep, read, recordable, trends


@click.group()
def bench() -> None:
    """Measure, as ratios against a baseline in the same run.

    Example: colloquy bench events
    """


@bench.command()
@recordable
@click.option("--database-url", help="A database to measure on (default: a durable one of its own).")
@click.option("--sessions", default=64, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="How often each takes its turn; the median counts.")
@click.option("--seconds", default=2.0, show_default=True, help="How long a turn lasts.")
@click.option("--json", "as_json", is_flag=True)
def events(database_url: str | None, sessions: int, rounds: int, seconds: float, as_json: bool) -> None:
    """Events a second into the event store, beside the library as it comes.

    Example: colloquy bench events --rounds 5
    """
    from infra.bench.events import compare
    from infra.local.installation import throwaway_data_dir
    from infra.local.stack import running

    def run(url: str) -> list[Any]:
        pairs: list[Any] = []
        for batch in (10, 1):
            pairs += asyncio.run(compare(url, sessions=sessions, batch=batch, rounds=rounds, seconds=seconds))
        return pairs

    if database_url:
        rows = run(database_url)
    else:
        alone = frozenset({"nats", "valkey", "aws", "bedrock"})
        with throwaway_data_dir() as data_dir, running(data_dir, fast=False, without=alone) as stack:
            rows = run(stack.endpoints.database_url)
    ratios = [
        round(ours.events_per_s / theirs.events_per_s, 1) for theirs, ours in zip(rows[::2], rows[1::2], strict=True)
    ]
    keep({"in batches of 10": ratios[0], "one by one": ratios[1]})
    if as_json:
        click.echo(json.dumps({"rows": [msgspec.structs.asdict(r) for r in rows], "ratios": ratios}))
    else:
        click.echo(table(rows))
        click.echo(f"ours / library: {ratios[0]} times in batches of 10, {ratios[1]} times one by one")


@bench.command()
@recordable
@click.option("--sockets", default="250,500", show_default=True, help="How many sockets at once, one load each.")
@click.option("--tenants", default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def load(sockets: str, tenants: int, as_json: bool) -> None:
    """Many sockets over many tenants, answered at once; then our ledger beside Bedrock's own count.

    Example: colloquy bench load --sockets 250,500 --tenants 50
    """
    from infra.bench.load import run

    rows = run([int(part) for part in sockets.split(",")], tenants)
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({f"p99 of p50, {row.sockets} sockets": row.first_token_p99_ms / row.first_token_p50_ms for row in rows})
    if any(row.errors or row.texts_unequal or row.tenants_unequal for row in rows):
        raise click.exceptions.Exit(1)


bench.add_command(costs)
bench.add_command(documents)
bench.add_command(pages)


@bench.command()
@recordable
@click.option("--sockets", default=50, show_default=True)
@click.option("--tenants", default=10, show_default=True)
@click.option("--seconds", default=30.0, show_default=True, help="How long NATS is stopped.")
@click.option("--json", "as_json", is_flag=True)
def outage(sockets: int, tenants: int, seconds: float, as_json: bool) -> None:
    """Stop NATS under load: no turn may fail, and views and costs must be complete afterwards.

    Example: colloquy bench outage --seconds 30
    """
    from infra.bench.outage import run

    row = run(sockets, tenants, seconds)
    click.echo(json.dumps(msgspec.structs.asdict(row)) if as_json else table([row]))
    keep({"failed turns": row.failed / row.turns, "caught up in, of the outage": row.caught_up_s / row.stopped_s})
    if row.failed or row.tenants_unequal or row.turns_missing_in_views:
        raise click.exceptions.Exit(1)


@bench.command()
@recordable
@click.option("--streams", default="1,50,250,500", show_default=True, help="How many at once, one comparison each.")
@click.option(
    "--arrivals",
    default="steady,burst",
    show_default=True,
    help="steady: each stream asks again when answered; burst: all ask at the same instant.",
)
@click.option("--rounds", default=3, show_default=True, help="How often each takes its turn; the median counts.")
@click.option("--json", "as_json", is_flag=True)
def stream(streams: str, arrivals: str, rounds: int, as_json: bool) -> None:
    """What the server adds to a stream, beside a bare pipe (Litestar and aioboto3 as they come) in the same run.

    Example: colloquy bench stream --streams 1,250 --arrivals steady
    """
    from infra.bench.stream import ARRIVALS, compare

    ways = [way for way in ARRIVALS if way in arrivals.split(",")]
    counts = [int(part) for part in streams.split(",")]
    found = asyncio.run(compare(ways, counts, rounds, lambda line: click.echo(line, err=True)))
    keep(
        {
            f"{each.rows[1].arrival} {each.rows[1].streams}, {name}": value
            for each in found
            for name, value in (
                ("CPU a delta", each.cpu),
                ("first token p50", each.first_token_p50),
                ("first token p99", each.first_token_p99),
            )
        }
    )
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(each) for each in found]))
        return
    click.echo(table([row for each in found for row in each.rows]))
    for each in found:
        ours = each.rows[1]
        click.echo(
            f"{ours.arrival} {ours.streams}: ours / pipe: CPU a delta {each.cpu:.2f}, "
            f"first token p50 {each.first_token_p50:.2f}, p99 {each.first_token_p99:.2f}"
        )


@bench.command()
@recordable
@click.option("--only", default="", help="Only faults whose name holds this, such as `mid-stream`.")
@click.option("--json", "as_json", is_flag=True)
def faults(only: str, as_json: bool) -> None:
    """The fault wall: every way a model can fail, and what the client saw, lost, waited and paid.

    Example: colloquy bench faults --only throttled
    """
    from infra.bench.faults.fault_wall import run

    rows = run(only)
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({"cells that hold": sum(row.ok for row in rows) / len(rows)} if rows else {})
    if not all(row.ok for row in rows):
        raise click.exceptions.Exit(1)


@bench.command()
@recordable
@click.option("--turns", default=1000, show_default=True)
@click.option("--sockets", default=50, show_default=True)
@click.option("--tenants", default=4, show_default=True)
@click.option("--kills", default=3, show_default=True, help="How often the API process is killed with -9 meanwhile.")
def ledger(turns: int, sockets: int, tenants: int, kills: int) -> None:
    """Turns with faults, cancels and kills: our ledger beside the provider's count, then reconciled.

    Example: colloquy bench ledger --turns 200 --kills 1
    """
    from infra.bench.ledger.benchmark import run, shown

    outcome = run(turns, sockets, tenants, kills)
    click.echo(shown(outcome))
    tokens = sum(side.tokens for side in outcome.sides)
    keep(
        {
            "tokens apart before": sum(side.apart_before for side in outcome.sides) / tokens,
            "tokens apart after": sum(side.apart_after for side in outcome.sides) / tokens,
        }
    )
    if not outcome.passed:
        raise click.exceptions.Exit(1)


@bench.command()
@recordable
@click.option("--sockets", default=200, show_default=True, help="Turns at once.")
@click.option("--turns", default=20, show_default=True, help="For how many turns there is money.")
@click.option("--processes", default=2, show_default=True, help="API processes that share the budget.")
def budget(sockets: int, turns: int, processes: int) -> None:
    """Many turns at once against a budget for few: what was spent, and whether any was admitted after.

    Example: colloquy bench budget --processes 1
    """
    from infra.bench.budget import run

    waves, outcome = run(sockets, turns, processes)
    click.echo(table(waves))
    click.echo(table([outcome]))
    keep({"spent of the limit": outcome.spent_share})
    for claim, held in outcome.verdicts():
        click.echo(f"{'PASS' if held else 'FAIL'}  {claim}")
    if not all(held for _, held in outcome.verdicts()):
        raise click.exceptions.Exit(1)


@bench.command()
@recordable
@click.option("--rounds", default=3, show_default=True, help="How often each plan runs; the median counts.")
def plans(rounds: int) -> None:
    """What each plan adds: its wall time beside its longest chain and the sum of its steps.

    Example: colloquy bench plans --rounds 1
    """
    from infra.bench.plans import run

    rows, added_us = run(rounds)
    click.echo(table(rows))
    click.echo(f"lean adds {added_us:,.0f} us before its call leaves")
    keep({f"{row.plan}, wall of its longest chain": row.wall_of_chain for row in rows})


@bench.command()
@recordable
@click.option("--pairs/--replay", "pairs", default=True, help="Judge pairs of questions, or replay a workload.")
@click.option("--turns", default=240, show_default=True, help="Length of the workload.")
def caches(pairs: bool, turns: int) -> None:
    """The answer caches: wrong hits on near misses and hits on paraphrases; or a workload with and without them.

    Needs the sentence model (`make embedding`).

    Example: colloquy bench caches --replay
    """
    from infra.bench.caches.benchmark import judge_pairs, run_replay

    if pairs:
        judged = judge_pairs()
        click.echo(table(judged))
        wrong = {f"{row.way}, wrong hits": row.wrong_share for row in judged}
        keep(wrong | {f"{row.way}, paraphrases hit": row.paraphrases_hit for row in judged})
        return
    replay = run_replay(turns)
    click.echo(table([replay]))
    keep({"p50 lower": replay.p50_lower, "cost lower": replay.cost_lower})


@bench.command()
@recordable
@click.option("--sentences", default=2_000, show_default=True)
@click.option("--seed", default=7, show_default=True)
def redaction(sentences: int, seed: int) -> None:
    """Recall and F2 for each kind of private value, beside Presidio where it is installed, and the cost of a delta.

    Example: colloquy bench redaction --seed 8
    """
    from infra.bench.redaction import benchmark, foreign_benchmark

    lines, ratios = asyncio.run(benchmark.run("measure", sentences, seed))
    click.echo("\n".join(lines))
    lines, more = asyncio.run(foreign_benchmark.run(seed=seed))
    click.echo("\n".join(lines))
    keep(ratios | more)


@bench.command("attack-sql")
@recordable
@click.option("--queries", default=2_000, show_default=True)
@click.option("--rows", default=20_000, show_default=True, help="Of the dataset that is asked.")
@click.option("--limit-s", default=5.0, show_default=True, help="How long one question may take.")
@click.option("--json", "as_json", is_flag=True)
def attack_sql(queries: int, rows: int, limit_s: float, as_json: bool) -> None:
    """Hostile tool queries of two tenants: PostgreSQL's memory, the longest question, and a third tenant's searches.

    Example: colloquy bench attack-sql --queries 500 --limit-s 1
    """
    from infra.bench.attack_sql import run

    outcome, longest = run(queries, rows, limit_s)
    keep(
        {
            "longest of the limit": outcome.longest_s / outcome.limit_s,
            "others, beside before": outcome.others_during_ms / outcome.others_before_ms,
        }
    )
    if as_json:
        click.echo(json.dumps(msgspec.structs.asdict(outcome)))
    else:
        click.echo(table([outcome]))
        click.echo(f"longest: {longest.family}: {longest.sql[:120]}" if longest else "")
        for claim, held in outcome.verdicts():
            click.echo(f"{'PASS' if held else 'FAIL'}  {claim}")
    if not all(held for _, held in outcome.verdicts()):
        raise click.exceptions.Exit(1)


@bench.command()
@recordable
@click.option("--texts", default=10_000, show_default=True)
@click.option("--first", default=0, show_default=True, help="The number of the first text.")
@click.option("--whole", default=4, show_default=True, help="Texts of each kind whose whole redaction is measured.")
def texts(texts: int, first: int, whole: int) -> None:
    """How long any text up to a prompt's limit holds the event loop, and what redacting 30,000 characters takes.

    Example: colloquy bench texts --texts 1000
    """
    from infra.bench.texts import HOLD_MS, REDACTION_MS, run

    rows = run(texts, first, whole)
    click.echo(table(rows))
    hold, redaction = max(row.hold_ms for row in rows), max(row.redaction_ms for row in rows)
    click.echo(f"longest hold {hold} ms of CPU, longest redaction of 30,000 characters {redaction} ms of CPU")
    keep({"hold of what it may be": hold / HOLD_MS, "redaction of what it may be": redaction / REDACTION_MS})
    if hold > HOLD_MS or redaction > REDACTION_MS:
        raise click.exceptions.Exit(1)


@bench.command()
@click.argument("names", nargs=-1)
@click.option("--svg", "picture", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Draw it there.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), help="Another file of results.")
@click.option("--json", "as_json", is_flag=True)
def history(names: tuple[str, ...], picture: Path | None, results: Path, as_json: bool) -> None:
    """How the recorded ratios went from commit to commit: of the benchmarks NAMES, or of all.

    Example: colloquy bench history events --svg events.svg
    """
    from infra.bench.trend import rows, svg

    found = trends(read(results), names)
    if not found:
        raise click.ClickException("Nothing is recorded: run a benchmark with --record.")
    if picture:
        picture.write_text(svg(found))
    click.echo(json.dumps(msgspec.to_builtins(found)) if as_json else table(rows(found)))
