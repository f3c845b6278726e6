"""Commands for Valkey wait in bounded number and size, and go in bounded batches."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.valkey.patience import LOOK_S, MOST_LOOKS, PUNCTUAL_LOOKS, Patience
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


def replies(number: int) -> list[asyncio.Future[bool]]:
    return [asyncio.get_running_loop().create_future() for _ in range(number)]


async def test_a_reply_is_given_up_after_its_own_time_and_not_with_those_before_it() -> None:
    now = [0.0]
    patience, (first, second, third) = Patience(lambda: now[0]), replies(3)

    def look(after_s: float) -> None:
        now[0] += after_s
        patience.look()

    patience.watch(first)
    look(LOOK_S)
    patience.watch(second)
    patience.watch(third)
    second.set_result(True)
    for _ in range(PUNCTUAL_LOOKS - 2):
        look(LOOK_S)
    assert not first.done()
    look(LOOK_S)
    assert isinstance(first.exception(), TimeoutError)
    assert not third.done()
    look(LOOK_S)
    assert isinstance(third.exception(), TimeoutError)
    assert second.result()


async def test_while_this_process_has_not_the_machine_nobody_is_given_up_but_not_for_ever() -> None:
    now = [0.0]
    patience, (reply,) = Patience(lambda: now[0]), replies(1)
    patience.watch(reply)
    for _ in range(MOST_LOOKS - 1):
        now[0] += 10 * LOOK_S
        patience.look()
    assert not reply.done()
    now[0] += 10 * LOOK_S
    patience.look()
    assert isinstance(reply.exception(), TimeoutError)


async def test_a_silent_server_answers_nobody_and_whoever_leaves_is_no_fault() -> None:
    pipelined = Pipelined(NotingClient())
    leaving = asyncio.ensure_future(pipelined.execute("GET", "k"))
    await asyncio.sleep(0)
    leaving.cancel()
    answers = await asyncio.gather(*(pipelined.execute("GET", "k") for _ in range(3)), leaving, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError] * 3 + [asyncio.CancelledError]
