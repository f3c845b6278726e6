"""The table of the session view: its keys, its index, and its making."""

from __future__ import annotations

import asyncio
from typing import Any

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import Typed
from adapters.dynamodb.failures import answering
from application.acting_tenant import acting_tenant
from application.ports.session_items import ItemSpace

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
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": BY_OWNER,
                        "KeySchema": [
                            {"AttributeName": "owner", "KeyType": "HASH"},
                            {"AttributeName": "session_id", "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
        async with asyncio.timeout(READY_S):
            await client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
