"""Texts to vectors: by the sentence model in a process of its own when it is installed, else by hashed n-grams."""

from __future__ import annotations

import array
import asyncio
import itertools
import math
import os
import random
import sys
from collections.abc import Sequence

import msgspec

from infra.local.bedrock import hashed_ngrams, minilm
from infra.local.bedrock.upstream import Upstream
from infra.local.child import python

BATCH = 4  # more at once is no faster: the work is done by matrices that are large enough already
WAITING = 4_096
PROCESSES = min(2, os.cpu_count() or 1)


class TooManyWaiting(Exception):
    """More texts wait than are let in."""


class HashedEmbeddings:
    """Vectors without a model."""

    name = "hashed n-grams"

    async def embed(self, text: str, dimensions: int) -> Sequence[float]:
        """A unit vector."""
        return hashed_ngrams.embed(text, dimensions)

    async def close(self) -> None:
        """Nothing is open."""


class InstantEmbeddings:
    """Vectors that cost next to nothing, as a provider's cost this machine nothing: any direction, one a text."""

    name = "instant, any direction"

    async def embed(self, text: str, dimensions: int) -> Sequence[float]:
        """A unit vector that says nothing of the text."""
        drawn = random.Random(text).random
        vector = [drawn() - 0.5 for _ in range(dimensions)]
        length = math.sqrt(sum(x * x for x in vector))
        return [x / length for x in vector]

    async def close(self) -> None:
        """Nothing is open."""


Waiter = asyncio.Future[list[float]]


class MiniLMEmbeddings:
    """The sentence model in processes of its own, the second only when texts wait. Short texts go first, so that a
    question does not wait behind the documents that are being added."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._waiting: asyncio.PriorityQueue[tuple[int, int, str, Waiter]] = asyncio.PriorityQueue(WAITING)
        self._count = itertools.count()
        self._workers: set[asyncio.Task[None]] = set()

    async def embed(self, text: str, dimensions: int) -> list[float]:
        """A unit vector: the model's 384 numbers, filled up with zeros or cut and normalised anew. TooManyWaiting, or
        ConnectionError when the model's process died."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((len(text), next(self._count), text, waiter))
        except asyncio.QueueFull:
            raise TooManyWaiting from None
        if len(self._workers) < PROCESSES and self._waiting.qsize() > len(self._workers) * BATCH:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._ended)
        return fit(await waiter, dimensions)

    async def close(self) -> None:
        """Stop the processes; whoever still waits gets ConnectionError."""
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        while not self._workers and not self._waiting.empty():
            _fail(self._waiting.get_nowait()[3])
        if not worker.cancelled() and worker.exception():
            print(f"the sentence model's process has ended: {worker.exception()!r}", file=sys.stderr, flush=True)

    async def _work(self) -> None:
        """Batch after batch. The process ends when its input closes, so it cannot outlive this one."""
        process = await asyncio.create_subprocess_exec(
            *python(minilm.__name__), stdin=-1, stdout=-1, env={"OPENBLAS_NUM_THREADS": "1", **os.environ}
        )
        batch: list[tuple[int, int, str, Waiter]] = []
        try:
            while True:
                batch = [await self._waiting.get()]
                while len(batch) < BATCH and not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                vectors = await _ask(process, [text for _, _, text, _ in batch])
                for (*_, waiter), vector in zip(batch, vectors, strict=True):
                    if not waiter.done():
                        waiter.set_result(vector)
        finally:
            for *_, waiter in batch:
                _fail(waiter)
            if process.returncode is None:
                process.kill()
            await process.wait()


def _fail(waiter: Waiter) -> None:
    if not waiter.done():
        waiter.set_exception(ConnectionError("the sentence model's process has ended"))


async def _ask(process: asyncio.subprocess.Process, texts: list[str]) -> list[list[float]]:
    """One batch through the process, in the framing of `minilm.serve`."""
    assert process.stdin and process.stdout
    message = msgspec.msgpack.encode(texts)
    process.stdin.write(minilm.LENGTH.pack(len(message)) + message)
    await process.stdin.drain()
    (length,) = minilm.LENGTH.unpack(await process.stdout.readexactly(minilm.LENGTH.size))
    numbers = array.array("f", await process.stdout.readexactly(length)).tolist()
    return [numbers[i : i + minilm.DIMENSIONS] for i in range(0, len(numbers), minilm.DIMENSIONS)]


class UpstreamEmbeddings:
    """Vectors of a model behind the stand-in."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream, self.name = upstream, f"{upstream.embedding_model} at {upstream.url}"

    async def embed(self, text: str, dimensions: int) -> list[float]:
        """A unit vector, filled up or cut; Refused when there is none."""
        return fit(list(await self._upstream.embed(text)), dimensions)

    async def close(self) -> None:
        """The upstream has an owner of its own."""


Embeddings = HashedEmbeddings | InstantEmbeddings | MiniLMEmbeddings | UpstreamEmbeddings


def best_embeddings(*, hashed: bool = False, instant: bool = False, upstream: Upstream | None = None) -> Embeddings:
    """Those of the model that settings name; else the sentence model when all that it needs is installed, unless hashed
    or instant ones are wished for."""
    if instant:
        return InstantEmbeddings()
    if upstream and upstream.embedding_model:
        return UpstreamEmbeddings(upstream)
    return MiniLMEmbeddings() if not hashed and minilm.find_weights() else HashedEmbeddings()


def fit(vector: list[float], dimensions: int) -> list[float]:
    """A unit vector of another length: zeros change no angle; what is cut off is made up for by normalising."""
    kept = vector[:dimensions]
    length = math.sqrt(sum(x * x for x in kept)) or 1.0
    return [x / length for x in kept] + [0.0] * (dimensions - len(kept))
