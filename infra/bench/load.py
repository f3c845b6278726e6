"""Many sockets over many tenants, all answered at once; then our ledger beside what Bedrock's side counted."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click
import httpx
import msgspec

from infra.bench.harness.chat_load import ask_all, close_all, open_sockets, percentile
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, installed
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


class Loaded(msgspec.Struct, kw_only=True):
    """One load: sockets, tenants, errors, texts that differ from their deltas, and tenants whose ledger differs."""

    sockets: int
    tenants: int
    answered: int
    errors: int
    texts_unequal: int
    first_token_p50_ms: float
    first_token_p99_ms: float
    tenants_unequal: int
    tokens: int


async def load_at_once(sockets: int, ours: Installed) -> tuple[Loaded, list[str]]:
    """All sockets at once; what was seen, and the errors in words."""
    tokens = ours.tokens(sockets)
    opened = await open_sockets(ours.url.replace("http", "ws", 1) + "/v1/chat", tokens)
    seen = await ask_all(opened, QUESTION, f"load-{sockets}")
    await close_all(opened)
    await asyncio.to_thread(ours.wait_for_costs)
    differing, total = await asyncio.to_thread(compare_ledgers, ours)
    firsts = [s.first_token for s in seen if s.exact]
    row = Loaded(
        sockets=sockets,
        tenants=len(ours.tenants),
        answered=sum(bool(s.completed) for s in seen),
        errors=sum(bool(s.error) for s in seen),
        texts_unequal=sum(bool(s.completed) and not s.exact for s in seen),
        first_token_p50_ms=round(percentile(firsts, 0.5) * 1e3, 1),
        first_token_p99_ms=round(percentile(firsts, 0.99) * 1e3, 1),
        tenants_unequal=differing,
        tokens=total,
    )
    return row, [s.error for s in seen if s.error]


def compare_ledgers(ours: Installed) -> tuple[int, int]:
    """(tenants whose tokens differ from the provider's count in any kind, tokens of all tenants in our ledger).

    Calls of InvokeModel (embeddings) carry no tenant on Bedrock's side, so they are compared as one sum."""
    theirs = httpx.get(f"{ours.bedrock_url}/control/totals", timeout=30).raise_for_status().json()
    differing, total = 0, 0
    embedded = 0
    for tenant, token in zip(ours.tenants, ours.tokens(len(ours.tenants), ["analyst"]), strict=True):
        answer = httpx.get(f"{ours.url}/v1/costs/summary", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        models = answer.raise_for_status().json()["models"]
        claude = {name: sum(m[name] for m in models if m["family"] != "titan-embed") for name in TOKENS}
        embedded += sum(m["input_tokens"] for m in models if m["family"] == "titan-embed")
        differing += claude != counted(theirs, tenant)
        total += sum(claude.values())
    differing += embedded != embedded_tokens(theirs)
    return differing, total + embedded


def counted(theirs: dict[str, Any], tenant: str) -> dict[str, int]:
    """The provider's count for a tenant."""
    models = theirs["tenants"].get(tenant, {})
    return {name: sum(int(m.get(name, 0)) for m in models.values()) for name in TOKENS}


def embedded_tokens(theirs: dict[str, Any]) -> int:
    """The provider's count of embedding tokens, all tenants together."""
    return sum(int(m.get("input_tokens", 0)) for name, m in theirs["models"].items() if "titan-embed" in name)


def run(counts: list[int], tenants: int) -> list[Loaded]:
    """A load for each count, on one installation."""
    rows = []
    with installed(tenants, DOCUMENTS) as ours:
        for count in counts:
            row, errors = asyncio.run(load_at_once(count, ours))
            rows.append(row)
            for error in sorted(set(errors))[:5]:
                print("error:", error)  # noqa: T201  # a benchmark says what went wrong
    return rows


@click.command()
@recordable
@click.option("--sockets", default="250,500", show_default=True, help="How many sockets at once, one load each.")
@click.option("--tenants", default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def load(sockets: str, tenants: int, as_json: bool) -> None:
    """Many sockets over many tenants, answered at once; then our ledger beside Bedrock's own count.

    Example: colloquy bench load --sockets 250,500 --tenants 50
    """
    rows = run([int(part) for part in sockets.split(",")], tenants)
    click.echo(json.dumps([msgspec.structs.asdict(row) for row in rows]) if as_json else table(rows))
    keep({f"p99 of p50, {row.sockets} sockets": row.first_token_p99_ms / row.first_token_p50_ms for row in rows})
    if any(row.errors or row.texts_unequal or row.tenants_unequal for row in rows):
        raise click.exceptions.Exit(1)
