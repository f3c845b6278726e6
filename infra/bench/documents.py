"""`colloquy bench documents`: how quickly documents become findable, and how well search finds them."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from api.cli.main import with_data_dir
from application.clock import monotonic
from infra.bench.results import keep, recordable

if TYPE_CHECKING:
    import httpx

    from infra.bench.cisi import Cisi

WAYS = {"words": "BM25 alone", "meaning": "vectors alone", "both": "the fusion"}
MOST = 50


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """How quickly files became findable."""

    files: int
    documents: int
    seconds: float
    documents_per_s: float


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How well one way of ranking answers the collection's questions, and how long it takes (ms)."""

    ranking: str
    ndcg_at_10: float
    p50_ms: float
    p95_ms: float


@click.command()
@recordable
@with_data_dir
@click.option("--cisi", "directory", required=True, type=click.Path(exists=True, path_type=Path),
              help="The folder with CISI.ALL, CISI.QRY and CISI.REL.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
def documents(directory: Path, as_json: bool) -> None:
    """Documents a second into a fresh tenant, and nDCG@10 of search beside each of its two rankings alone.

    The vectors are as good as the embedding behind them: `make embedding` gives the local stand-in a real one.

    Example: colloquy bench documents --cisi cisi/
    """
    from api.cli.connection import checked, connect
    from domain.access import PLATFORM_TENANT
    from infra.bench.cisi import load

    cisi = load(directory)
    with connect(PLATFORM_TENANT, ["operator"]) as operator:
        tenant = checked(operator.post("/v1/tenants", json={"name": "CISI"}))["tenant_id"]
    with connect(tenant, ["editor", "member"]) as client:
        ingested, numbers = _ingest(client, cisi)
        rankings = [_rank(client, cisi, numbers, by) for by in WAYS]
    keep({f"nDCG@10, {row.ranking}": row.ndcg_at_10 for row in rankings})
    if as_json:
        rows = [msgspec.to_builtins(ranking) for ranking in rankings]
        click.echo(json.dumps({"ingested": msgspec.to_builtins(ingested), "rankings": rows, "tenant_id": tenant}))
        return
    click.echo(f"{ingested.documents} documents in {ingested.seconds} s: {ingested.documents_per_s} documents/s")
    for row in rankings:
        said = f"nDCG@10 {row.ndcg_at_10:.4f}   p50 {row.p50_ms:.1f} ms   p95 {row.p95_ms:.1f} ms"
        click.echo(f"{row.ranking:>14}   {said}")


def _ingest(client: httpx.Client, cisi: Cisi) -> tuple[Ingested, dict[str, list[int]]]:
    """One file a document; which numbers of the collection each document id stands for (some abstracts are twice)."""
    from api.cli.uploading import upload_all, wait_until_read

    with tempfile.TemporaryDirectory() as folder:
        for number, (title, author, abstract) in cisi.documents.items():
            (Path(folder) / f"{number}.md").write_text(f"# {title}\n\n{author}\n\n{abstract}\n")
        files = [str(Path(folder) / f"{number}.md") for number in cisi.documents]
        began = monotonic()
        outcomes = list(upload_all(client, files))
        wait_until_read(client, outcomes, lambda _: None)
        seconds = monotonic() - began
    failed = [outcome for outcome in outcomes if outcome.status != "indexed"]
    if failed:
        raise RuntimeError(f"{len(failed)} documents failed, the first because of {failed[0].reason}")
    numbers: dict[str, list[int]] = {}
    for number, outcome in zip(cisi.documents, outcomes, strict=True):
        numbers.setdefault(str(outcome.document_id), []).append(number)
    ingested = Ingested(
        files=len(files),
        documents=len(numbers),
        seconds=round(seconds, 2),
        documents_per_s=round(len(numbers) / seconds, 1),
    )
    return ingested, numbers


def _rank(client: httpx.Client, cisi: Cisi, numbers: dict[str, list[int]], by: str) -> Quality:
    """Ask every question; a document ranks where its best passage does."""
    from api.cli.connection import checked
    from infra.bench.collection import ndcg

    scores, times = [], []
    for number, question in cisi.questions.items():
        began = time.perf_counter()
        answer: dict[str, Any] = checked(client.post("/v1/search", json={"query": question, "k": MOST, "by": by}))
        times.append((time.perf_counter() - began) * 1000)
        ranked = dict.fromkeys(n for passage in answer["passages"] for n in numbers[passage["document_id"]])
        scores.append(ndcg(list(map(str, ranked)), set(map(str, cisi.relevant[number]))))
    return Quality(
        ranking=WAYS[by],
        ndcg_at_10=round(statistics.mean(scores), 4),
        p50_ms=round(statistics.median(times), 1),
        p95_ms=round(statistics.quantiles(times, n=20)[-1], 1),
    )
