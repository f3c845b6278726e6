"""`colloquy bench ingest`: documents a second to findable, what each stage and process takes, streams beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import click
import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from application.clock import monotonic
from infra.bench import docstrings
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, create_tenant, installed
from infra.bench.harness.processes import cpu_of_all
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable
from infra.bench.stream import Colloquy, StandInControl, StreamRow, measure
from infra.local.bedrock import minilm
from infra.local.parts import INSTANT

LENGTH = 1_000
"""Characters of a document, about: one passage, such as an abstract, an entry of a handbook, a mail."""
AT_ONCE = 16
POLL_S = 0.25
READ_S = 400.0
TENANTS = 10


class IngestRate(msgspec.Struct, frozen=True, kw_only=True):
    """Documents a second: brought and read at the same time, and read alone when all of them wait."""

    provider: str
    documents: int
    findable_per_s: float
    read_per_s: float


class PartOfDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a document takes of a process (CPU), or spends in a stage of its reading (time, waiting included)."""

    provider: str
    of: str
    ms: float
    share: float


class StreamsBeside(msgspec.Struct, frozen=True, kw_only=True):
    """First tokens of streams, alone and while documents are brought and read."""

    streams: int
    alone_p50_ms: float
    beside_p50_ms: float
    alone_p99_ms: float
    beside_p99_ms: float
    errors: int
    documents_per_s: float


class IngestFindings(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run."""

    ingested: list[IngestRate]
    cpu: list[PartOfDocument]
    stages: list[PartOfDocument]
    beside: list[StreamsBeside]


class Editor:
    """Brings documents into a tenant of its own, and waits until they are found."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http, self._few = http, asyncio.Semaphore(AT_ONCE)

    async def bring(self, texts: Sequence[str]) -> None:
        """All of them, several at once."""
        await asyncio.gather(*(self._bring(number, text) for number, text in enumerate(texts)))

    async def _bring(self, number: int, text: str) -> None:
        form = aiohttp.FormData()
        form.add_field("file", text.encode(), filename=f"note {number}.txt")
        async with self._few, self._http.post("/v1/documents", data=form) as answer:
            answer.raise_for_status()

    async def until_read(self) -> None:
        """Until none waits any longer."""
        async with asyncio.timeout(READ_S):
            while await self._list("pending"):  # noqa: ASYNC110  # it is another process's work
                await asyncio.sleep(POLL_S)
        if failed := await self._list("failed"):
            raise RuntimeError(f"a document failed: {failed[0]['reason']}")

    async def count_read(self) -> int:
        """How many are found by now, a thousand at most."""
        return len(await self._list("indexed", 1_000))

    async def _list(self, status: str, limit: int = 1) -> list[Any]:
        async with self._http.get("/v1/documents", params={"status": status, "limit": limit}) as answer:
            answer.raise_for_status()
            documents: list[Any] = (await answer.json())["documents"]
        return documents


@asynccontextmanager
async def editor(ours: Installed) -> AsyncIterator[Editor]:
    """Of a new tenant."""
    tenant = await asyncio.to_thread(create_tenant, ours, {})
    (token,) = replace(ours, tenants=[tenant]).tokens(1, ["editor"])
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(ours.url, headers=headers, timeout=aiohttp.ClientTimeout(60)) as http:
        yield Editor(http)


def texts(count: int) -> list[str]:
    """So many different texts of other people's making: the documentation that Python brings along, joined and begun
    with a number of their own where there is not enough of it."""
    joined: list[str] = []
    for _, text in docstrings.load().documents.values():
        if joined and len(joined[-1]) < LENGTH:
            joined[-1] += f"\n\n{text[:LENGTH]}"
        else:
            joined.append(text[:LENGTH])
    return [f"Note {number}.\n\n{joined[number % len(joined)]}" for number in range(count)]


@click.command()
@recordable
@click.option("--documents", default=1_000, show_default=True, help="Each twice: brought and read at once, then apart.")
@click.option("--sentences", default=200, show_default=True, help="The same with the local sentence model; 0: not.")
@click.option("--streams", default=50, show_default=True, help="Streams under way beside; 0: none.")
@click.option("--json", "as_json", is_flag=True)
def ingest(documents: int, sentences: int, streams: int, as_json: bool) -> None:
    """Documents a second until they are found, with a provider that answers at once and with the local sentence model;
    where their time goes; first tokens of streams beside it.

    Example: colloquy bench ingest --documents 500 --streams 0
    """
    found = IngestFindings(ingested=[], cpu=[], stages=[], beside=[])
    asyncio.run(_with_provider("instant", documents, streams, found, **{INSTANT: "1"}))
    if sentences and not minilm.find_weights():
        click.echo("The sentence model is not installed (`make embedding`): what it leaves is not measured.", err=True)
    elif sentences:
        asyncio.run(_with_provider("sentence model", sentences, 0, found))
    keep({f"documents/s, {row.provider}": row.findable_per_s for row in found.ingested})
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found)))
        return
    click.echo("\n\n".join(table(rows) for rows in (found.ingested, found.cpu, found.stages, found.beside) if rows))


async def _with_provider(provider: str, count: int, streams: int, found: IngestFindings, **settings: str) -> None:
    tenants = TENANTS if streams else 1
    with installed(
        tenants, DOCUMENTS, replicas=1, front=False, databases=1, hashed_embeddings=False, **settings
    ) as ours:
        async with editor(ours) as warm:
            await warm.bring(texts(2 * AT_ONCE))
            await warm.until_read()
        await _measure(ours, provider, texts(count), found)
        if streams:
            found.beside.append(await _beside(ours, streams, texts(4 * count)))


async def _measure(ours: Installed, provider: str, given: Sequence[str], found: IngestFindings) -> None:
    cpu, spent = _cpu(ours), await asyncio.to_thread(_stages, ours)
    async with editor(ours) as at_once:
        began = monotonic()
        await at_once.bring(given)
        await at_once.until_read()
        findable = len(given) / (monotonic() - began)
    taken = {name: (now - cpu[name]) / len(given) for name, now in _cpu(ours).items()}
    waited = {n: (now - spent[n]) / len(given) for n, now in (await asyncio.to_thread(_stages, ours)).items()}
    async with editor(ours) as apart:
        reader = ours.pids["ingest"]
        os.kill(reader, signal.SIGSTOP)
        try:
            await apart.bring(given)
        finally:
            os.kill(reader, signal.SIGCONT)
        began = monotonic()
        await apart.until_read()
        read = len(given) / (monotonic() - began)
    row = IngestRate(
        provider=provider, documents=len(given), findable_per_s=round(findable, 1), read_per_s=round(read, 1)
    )
    found.ingested.append(row)
    found.cpu.extend(_shares(provider, taken))
    found.stages.extend(_shares(provider, waited))


def _shares(provider: str, seconds: dict[str, float]) -> list[PartOfDocument]:
    """Largest first; what is nothing is left out."""
    total = sum(seconds.values()) or 1.0
    return [
        PartOfDocument(provider=provider, of=name, ms=round(1e3 * took, 2), share=round(took / total, 3))
        for name, took in sorted(seconds.items(), key=lambda each: -each[1])
        if took > 0
    ]


def _cpu(ours: Installed) -> dict[str, float]:
    """CPU seconds of each part with all that came of it, and of this client."""
    parts = {name: cpu_of_all(pid) for name, pid in ours.pids.items() if name != "guardian"}
    return parts | {"client": sum(os.times()[:2])}


def _stages(ours: Installed) -> dict[str, float]:
    """Seconds by stage, as the reader of documents says them on its own port."""
    (target,) = [
        group["targets"][0]
        for file in (ours.data_dir / "run" / "metrics").glob("*.json")
        for group in json.loads(file.read_text())
        if "ingest" in file.name
    ]
    families = text_string_to_metric_families(httpx.get(f"http://{target}/metrics", timeout=10).text)
    (family,) = [each for each in families if each.name == "colloquy_document_stage_seconds"]
    return {sample.labels["stage"]: sample.value for sample in family.samples}


async def _beside(ours: Installed, streams: int, given: Sequence[str]) -> StreamsBeside:
    """Streams that are always under way, first alone, then for as long while documents come."""
    bedrock = StandInControl(ours.bedrock_url)
    bedrock.pace(50, 20)
    server = Colloquy(ours.url, ours.pids["api"], ours.tokens(streams))
    (socket,) = await server.open(1)
    spread = (await server.ask(socket, "warm-up")).whole_s
    await socket.close()

    async def measured() -> StreamRow:
        return await measure(server, bedrock, "steady", streams, spread)

    alone = await measured()
    async with editor(ours) as beside:
        began = monotonic()
        bringing = asyncio.create_task(beside.bring(given))
        with_documents = await measured()
        bringing.cancel()
        await asyncio.gather(bringing, return_exceptions=True)
        took = monotonic() - began
        brought = await beside.count_read()
    return StreamsBeside(
        streams=streams,
        alone_p50_ms=alone.first_token_p50_ms,
        beside_p50_ms=with_documents.first_token_p50_ms,
        alone_p99_ms=alone.first_token_p99_ms,
        beside_p99_ms=with_documents.first_token_p99_ms,
        errors=alone.errors + with_documents.errors,
        documents_per_s=round(brought / took, 1),
    )
