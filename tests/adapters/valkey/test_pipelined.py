"""Commands for Valkey wait in bounded number and size, and go in bounded batches."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.valkey.pipelined import BATCH_BYTES, MOST_BYTES, Pipelined


class NotingClient:
    """A client whose pipelines answer once `open` is set."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[Any, ...]]] = []
        self.open = asyncio.Event()

    def get_encoder(self) -> NotingClient:
        return self

    def encode(self, value: Any) -> bytes:
        return value if isinstance(value, bytes) else str(value).encode()

    def pipeline(self, *, transaction: bool) -> NotingPipeline:
        return NotingPipeline(self)


class NotingPipeline:
    def __init__(self, client: NotingClient) -> None:
        self._client, self._commands = client, list[tuple[Any, ...]]()

    def execute_command(self, *command: Any) -> None:
        self._commands.append(command)

    async def execute(self, *, raise_on_error: bool) -> list[bool]:
        await self._client.open.wait()
        self._client.batches.append(self._commands)
        return [True] * len(self._commands)


async def test_what_waits_is_bounded_in_bytes() -> None:
    client = NotingClient()
    client.open.set()
    pipelined = Pipelined(client)
    large = b"x" * (MOST_BYTES // 4)  # and its name and key besides
    answers = await asyncio.gather(*(pipelined.execute("SET", "k", large) for _ in range(8)), return_exceptions=True)
    assert answers[:3] == [True] * 3
    assert all(isinstance(answer, TimeoutError) and "too many" in str(answer) for answer in answers[3:])
    assert await pipelined.execute("SET", "k", large) is True


async def test_a_batch_is_bounded_in_bytes() -> None:
    client = NotingClient()
    client.open.set()
    pipelined = Pipelined(client)
    piece = b"x" * (BATCH_BYTES // 4)
    assert await asyncio.gather(*(pipelined.execute("SET", "k", piece) for _ in range(11))) == [True] * 11
    assert max(map(len, client.batches)) == 4
    assert await pipelined.execute("GET", "k") is True
