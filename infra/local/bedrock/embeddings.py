"""Texts to vectors: by the sentence model in a process of its own when it is installed, else by hashed n-grams."""

from __future__ import annotations

import array
import asyncio
import math
import os
import sys

import msgspec

from infra.local.bedrock import hashed_ngrams, minilm

BATCH = 32
WAITING = 4_096


class TooManyWaiting(Exception):
    """More texts wait than are let in."""


class HashedEmbeddings:
    """Vectors without a model."""

    name = "hashed n-grams"

    async def embed(self, text: str, dimensions: int) -> list[float]:
        """A unit vector."""
        return hashed_ngrams.embed(text, dimensions)

    async def close(self) -> None:
        """Nothing is open."""


class MiniLMEmbeddings:
    """The sentence model; whatever waits while it works goes into its next batch."""

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[str, asyncio.Future[list[float]]]] = asyncio.Queue(WAITING)
        self._worker: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def embed(self, text: str, dimensions: int) -> list[float]:
        """A unit vector: the model's 384 numbers, filled up with zeros or cut and normalised anew."""
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        waiter: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((text, waiter))
        except asyncio.QueueFull:
            raise TooManyWaiting from None
        return fit(await waiter, dimensions)

    async def close(self) -> None:
        """Stop the process and let nobody wait for it."""
        if self._worker:
            self._worker.cancel()
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _work(self) -> None:
        """Batch after batch. The process ends when its input closes, so it cannot outlive this one."""
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1")}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", minilm.__name__, stdin=-1, stdout=-1, env=environment
        )
        batch: list[tuple[str, asyncio.Future[list[float]]]] = []
        try:
            while True:
                batch = [await self._waiting.get()]
                while len(batch) < BATCH and not self._waiting.empty():
                    batch.append(self._waiting.get_nowait())
                vectors = await self._ask([text for text, _ in batch])
                for (_, waiter), vector in zip(batch, vectors, strict=True):
                    if not waiter.done():
                        waiter.set_result(vector)
        finally:
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            for _, waiter in batch:
                if not waiter.done():
                    waiter.set_exception(ConnectionError("the sentence model's process has ended"))

    async def _ask(self, texts: list[str]) -> list[list[float]]:
        assert self._process and self._process.stdin and self._process.stdout
        message = msgspec.msgpack.encode(texts)
        self._process.stdin.write(minilm.LENGTH.pack(len(message)) + message)
        await self._process.stdin.drain()
        (length,) = minilm.LENGTH.unpack(await self._process.stdout.readexactly(minilm.LENGTH.size))
        numbers = array.array("f", await self._process.stdout.readexactly(length)).tolist()
        return [numbers[i : i + minilm.DIMENSIONS] for i in range(0, len(numbers), minilm.DIMENSIONS)]


Embeddings = HashedEmbeddings | MiniLMEmbeddings


def best_embeddings() -> Embeddings:
    """The sentence model when all that it needs is installed."""
    return MiniLMEmbeddings() if minilm.find_weights() else HashedEmbeddings()


def fit(vector: list[float], dimensions: int) -> list[float]:
    """A unit vector of another length: zeros change no angle; what is cut off is made up for by normalising."""
    if dimensions >= len(vector):
        return vector + [0.0] * (dimensions - len(vector))
    kept = vector[:dimensions]
    length = math.sqrt(sum(x * x for x in kept)) or 1.0
    return [x / length for x in kept]
