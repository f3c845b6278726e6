"""Writes of many sessions share a transaction that DynamoDB takes: bounded in items and in bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.dynamodb.shared_transactions import MOST_BYTES, MOST_ITEMS, SharedTransactions, write_of


class NotingClient:
    """Keeps what is written, once `open` is set."""

    def __init__(self) -> None:
        self.transactions: list[list[dict[str, Any]]] = []
        self.open = asyncio.Event()

    async def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:  # AWS's own name
        await self.open.wait()
        self.transactions.append(TransactItems)


def update(key: int, size: int) -> dict[str, Any]:
    return {"Key": {"pk": {"S": f"k{key}"}}, "ExpressionAttributeValues": {":v": {"B": b"x" * size}}}


def bytes_of(transaction: list[dict[str, Any]]) -> int:
    return sum(len(item["Update"]["ExpressionAttributeValues"][":v"]["B"]) for item in transaction)


async def test_a_transaction_is_bounded_in_items_and_bytes() -> None:
    client = NotingClient()
    shared = SharedTransactions(client)
    writes = [write_of([update(n, 300_000)]) for n in range(40)] + [write_of([update(n, 10)]) for n in range(100, 400)]
    calls = [asyncio.create_task(shared.call(write)) for write in writes]
    await asyncio.wait(calls, timeout=0)
    client.open.set()
    await asyncio.gather(*calls)
    assert sum(map(len, client.transactions)) == 340
    assert max(map(len, client.transactions)) <= MOST_ITEMS
    assert max(map(bytes_of, client.transactions)) <= MOST_BYTES
