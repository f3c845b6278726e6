"""The table of the session view: its keys, its index, and its making."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import Typed
from adapters.dynamodb.failures import answering
from application.acting_tenant import acting_tenant, bears
from application.ports.sessions.session_items import ItemSpace

SESSION = "session"
TURN = "turn#"
BY_OWNER = "by_owner"
READY_S = 60.0


def key(space: ItemSpace, session_id: str, turn_id: str = "") -> dict[str, Typed]:
    """The key of a session's item or a turn's: it begins with the tenant, as policies on leading keys want it."""
    return {
        "pk": {"S": f"{acting_tenant(space.tenant)}#{space.generation}#{session_id}"},
        "sk": {"S": TURN + turn_id if turn_id else SESSION},
    }


def owner(space: ItemSpace, user: str) -> str:
    """The key of a user's sessions in the index."""
    return f"{acting_tenant(space.tenant)}#{space.generation}#{user}"


def is_of(space: ItemSpace, item: dict[str, Typed]) -> bool:
    """Whether an item that was found is its reader's, by the key that it lies under: an index has keys of its own."""
    return bears(space.tenant, item["pk"]["S"])


KEYS = (("pk", "HASH"), ("sk", "RANGE"))
INDEX_KEYS = (("owner", "HASH"), ("session_id", "RANGE"))


async def check_table(client: Any, table: str) -> None:
    """See that the table is there, with its keys and its index; RuntimeError says what is wrong."""
    try:
        found = (await client.describe_table(TableName=table))["Table"]
    except ClientError as error:
        raise RuntimeError(f"the table {table} cannot be used: {error}") from None
    indexes = {index["IndexName"]: index["KeySchema"] for index in found.get("GlobalSecondaryIndexes", ())}
    if _schema(found["KeySchema"]) != KEYS or _schema(indexes.get(BY_OWNER, ())) != INDEX_KEYS:
        raise RuntimeError(f"the table {table} has other keys than it must: {KEYS}, and {INDEX_KEYS} of {BY_OWNER}")


def _schema(keys: Iterable[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key["AttributeName"], key["KeyType"]) for key in keys)


async def provision_table(client: Any, table: str) -> None:
    """Make the table with its index when it is not there, and wait until it can be used."""
    with answering():
        try:
            await client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "owner", "session_id")
                ],
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": BY_OWNER,
                        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in INDEX_KEYS],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
        async with asyncio.timeout(READY_S):
            await client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


async def drop_table(client: Any, table: str) -> None:
    """Take a table away, if it is there: one that a copy had."""
    try:
        await client.delete_table(TableName=table)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
