"""The session view's items in DynamoDB: a session and its turns change together, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import Typed, Update, plain, typed
from adapters.dynamodb.failures import answering
from adapters.dynamodb.shared_transactions import SharedTransactions, write_of
from adapters.dynamodb.table import BY_OWNER, SESSION, TURN, is_of, key, owner
from application.ports.sessions.session_items import (
    PAGE_BYTES,
    ItemPage,
    ItemSpace,
    SessionChange,
    Stale,
    Value,
    item_size,
)
from domain.refusals import DependencyUnavailable

OWN_KEYS = ("pk", "sk", "owner", "generation")
DELETES_AT_ONCE = 25
KEYS_ALONE = "pk, sk"
ATTEMPTS = 8


class DynamoSessionItems:
    """See the port. `client` is an aioboto3 DynamoDB client; the table is made by `provision_table`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client, self._table = client, table
        self._writes = SharedTransactions(client)

    async def apply(self, space: ItemSpace, change: SessionChange) -> None:
        """See the port."""
        writes = [self._session_update(space, change), *_turn_updates(self._table, space, change)]
        try:
            await self._writes.call(write_of(writes))
        except ClientError as error:
            old = _refused_item(error)
            if old is None:
                raise
            stored = int(old["version"]["N"]) if "version" in old else 0
            if stored != change.after or "erased" not in old:
                raise Stale(stored) from error
            await self.erase(space, change.session_id, change.version)

    def _session_update(self, space: ItemSpace, change: SessionChange) -> dict[str, Any]:
        update = Update()
        update.set({"session_id": change.session_id, "generation": space.generation, "version": change.version})
        update.set(change.session).set_once(change.defaults).add("turns", change.new_turns)
        if user := change.session.get("user"):
            update.set({"owner": owner(space, str(user))})
        condition = "attribute_not_exists(pk)"
        if change.after:
            condition = (
                f"{update.name('version')} = {update.value(change.after)}"
                f" AND attribute_not_exists({update.name('erased')})"
            )
        return {
            **update.request(self._table, key(space, change.session_id)),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    async def erase(self, space: ItemSpace, session_id: str, version: int) -> None:
        """See the port. The marker comes first: from then on nothing is shown, whatever happens to this process."""
        own = key(space, session_id)
        marker: dict[str, Value] = {"erased": True, "version": version, "generation": space.generation}
        with answering():
            try:
                await self._client.put_item(
                    TableName=self._table,
                    Item=own | {name: typed(value) for name, value in marker.items()},
                    ConditionExpression="attribute_not_exists(#v) OR #v < :v",
                    ExpressionAttributeNames={"#v": "version"},
                    ExpressionAttributeValues={":v": typed(version)},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                pass  # it is there already, at this version or a later one
            turns = _key_condition("pk = :pk AND sk > :turn", pk=own["pk"], turn={"S": TURN})
            async for keys in self._pages("query", ProjectionExpression=KEYS_ALONE, **turns):
                await self._delete(keys)

    async def fetch(self, space: ItemSpace, session_id: str) -> dict[str, Value] | None:
        """See the port."""
        with answering():
            found = await self._client.get_item(TableName=self._table, Key=key(space, session_id), ConsistentRead=True)
        item = found.get("Item")
        return None if item is None or "erased" in item or not is_of(space, item) else _attributes(item)

    async def page(self, space: ItemSpace, user: str, *, before: str | None, limit: int) -> ItemPage:
        """See the port."""
        values = {"o": {"S": owner(space, user)}}
        condition = "#o = :o"
        if before:
            condition, values["b"] = condition + " AND session_id < :b", {"S": before}
        asked = _key_condition(condition, **values) | {
            "IndexName": BY_OWNER, "ScanIndexForward": False, "ExpressionAttributeNames": {"#o": "owner"},
        }  # fmt: skip
        return await self._some(space, limit, **asked)

    async def turns(self, space: ItemSpace, session_id: str, *, after: str | None, limit: int) -> ItemPage:
        """See the port."""
        pk = key(space, session_id)["pk"]
        asked = _key_condition("pk = :pk AND sk > :after", pk=pk, after={"S": TURN + (after or "")})
        return await self._some(space, limit, ConsistentRead=True, **asked)

    async def scan(self, generation: int) -> AsyncIterator[tuple[str, str, dict[str, Value]]]:
        """See the port."""
        with answering():
            async for item in self._items("scan", **_of_generation(generation)):
                tenant, _, session_id = item["pk"]["S"].split("#", 2)
                turn_id = item["sk"]["S"].removeprefix(TURN) if item["sk"]["S"] != SESSION else ""
                yield f"{tenant}/session/{session_id}", turn_id, _attributes(item)

    async def drop_generation(self, generation: int) -> int:
        """See the port."""
        dropped = 0
        with answering():
            async for keys in self._pages("scan", ProjectionExpression=KEYS_ALONE, **_of_generation(generation)):
                await self._delete(keys)
                dropped += len(keys)
        return dropped

    async def _some(self, space: ItemSpace, limit: int, **asked: Any) -> ItemPage:
        found: list[dict[str, Value]] = []
        size = 0
        with answering():
            async for item in self._items("query", Limit=limit + 1, **asked):
                if len(found) == limit or size >= PAGE_BYTES:
                    return ItemPage(found, more=True)
                if is_of(space, item):
                    found.append(_attributes(item))
                    size += item_size(found[-1])
        return ItemPage(found, more=False)

    async def _items(self, operation: str, **asked: Any) -> AsyncIterator[dict[str, Typed]]:
        async for page in self._pages(operation, **asked):
            for item in page:
                yield item

    async def _pages(self, operation: str, **asked: Any) -> AsyncIterator[list[dict[str, Typed]]]:
        while True:
            page = await getattr(self._client, operation)(TableName=self._table, **asked)
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    async def _delete(self, items: list[dict[str, Typed]]) -> None:
        requests = [{"DeleteRequest": {"Key": {"pk": item["pk"], "sk": item["sk"]}}} for item in items]
        for start in range(0, len(requests), DELETES_AT_ONCE):
            left = requests[start : start + DELETES_AT_ONCE]
            for attempt in range(ATTEMPTS):
                answer = await self._client.batch_write_item(RequestItems={self._table: left})
                left = answer.get("UnprocessedItems", {}).get(self._table, [])
                if not left:
                    break
                await asyncio.sleep(0.05 * 2**attempt)
            else:
                raise DependencyUnavailable("DynamoDB throttles deletions.", retry_after_s=5)


def _turn_updates(table: str, space: ItemSpace, change: SessionChange) -> list[dict[str, Any]]:
    return [
        Update()
        .set({"turn_id": turn_id, "generation": space.generation, **attributes})
        .request(table, key(space, change.session_id, turn_id))
        for turn_id, attributes in change.turns.items()
    ]


def _key_condition(expression: str, **values: Typed) -> dict[str, Any]:
    return {
        "KeyConditionExpression": expression,
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


def _of_generation(generation: int) -> dict[str, Any]:
    return {
        "FilterExpression": "#g = :g",
        "ExpressionAttributeNames": {"#g": "generation"},
        "ExpressionAttributeValues": {":g": typed(generation)},
    }


def _attributes(item: dict[str, Typed]) -> dict[str, Value]:
    return {name: plain(value) for name, value in item.items() if name not in OWN_KEYS}


def _refused_item(error: ClientError) -> dict[str, Typed] | None:
    """The session's item as it is, when its condition was what cancelled the transaction."""
    reasons = error.response.get("CancellationReasons") or [{}]
    if reasons[0].get("Code") != "ConditionalCheckFailed":
        return None
    item: dict[str, Typed] = reasons[0].get("Item") or {}
    return item
