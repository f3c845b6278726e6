"""A generation is dropped page by page: what goes is never in memory as a whole, nor are the texts of it ever read."""

from __future__ import annotations

from typing import Any

from adapters.dynamodb.session_items import DynamoSessionItems

PAGES, A_PAGE = 40, 30


class PagingClient:
    """A table of many pages; remembers what was asked, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gone: set[str] = set()

    async def scan(
        self, *, ExclusiveStartKey: dict[str, Any] | None = None, **asked: Any
    ) -> dict[str, Any]:  # AWS's own names
        assert asked["ProjectionExpression"] == "pk, sk"
        number = int(ExclusiveStartKey["pk"]["S"]) if ExclusiveStartKey else 0
        self.asked.append("scan")
        more = {"LastEvaluatedKey": {"pk": {"S": str(number + 1)}}} if number + 1 < PAGES else {}
        return {"Items": [{"pk": {"S": f"{number}"}, "sk": {"S": f"{n}"}} for n in range(A_PAGE)]} | more

    async def batch_write_item(self, *, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:  # the same
        self.asked.append("delete")
        keys = [request["DeleteRequest"]["Key"] for requests in RequestItems.values() for request in requests]
        self.gone |= {f"{key['pk']['S']}/{key['sk']['S']}" for key in keys}
        return {}


async def test_pages_go_as_they_come() -> None:
    client = PagingClient()
    assert await DynamoSessionItems(client, "t").drop_generation(3) == PAGES * A_PAGE == len(client.gone)
    assert client.asked == ["scan", "delete", "delete"] * PAGES
