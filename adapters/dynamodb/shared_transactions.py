"""Writes of many sessions at once: those that wait share a transaction, for a request costs far more than an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from adapters.dynamodb.failures import answering
from adapters.sharing import Batcher

TRIPS = 4
MOST_ITEMS = 100
MOST_BYTES = 2_000_000
"""A transaction takes 100 items and 4 MB in all, whose sum is counted roughly here.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""


class SessionWrite(msgspec.Struct):
    """The updates of one session's items, its own first, and about how many bytes they are."""

    updates: Sequence[dict[str, Any]]
    size: int


class SharedTransactions(Batcher[SessionWrite, None]):
    """`call` writes the items of one session, together or not at all: `DependencyUnavailable`
    when the store is away, botocore's ClientError when it refuses, as it does on a condition that does not hold."""

    def __init__(self, client: Any) -> None:
        super().__init__(TRIPS)
        self._client = client

    def size(self, asked: SessionWrite) -> int:
        """See `Batcher`."""
        return asked.size

    def fits(self, batch: Sequence[SessionWrite], asked: SessionWrite) -> bool:
        """See `Batcher`. An item may be written once in a transaction."""
        together = (*batch, asked)
        return (
            all(write.updates[0]["Key"] != asked.updates[0]["Key"] for write in batch)
            and sum(len(write.updates) for write in together) <= MOST_ITEMS
            and sum(write.size for write in together) <= MOST_BYTES
        )

    def is_item_error(self, error: Exception) -> bool:
        """See `Batcher`."""
        return isinstance(error, ClientError)

    async def send_batch(self, batch: Sequence[SessionWrite]) -> Sequence[None]:
        """See `Batcher`."""
        writes = [{"Update": update} for write in batch for update in write.updates]
        with answering():
            await self._client.transact_write_items(TransactItems=writes)
        return [None] * len(batch)


def write_of(updates: Sequence[dict[str, Any]]) -> SessionWrite:
    """The write of these updates."""
    contents = [
        content
        for update in updates
        for value in update["ExpressionAttributeValues"].values()
        for content in value.values()
    ]
    return SessionWrite(updates, sum(len(content) for content in contents if isinstance(content, str | bytes)))
