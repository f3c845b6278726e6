"""From a file to a tool's answer, over real PostgreSQL and a real reading process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from adapters.tabular.reader import ProcessTableReader
from application.tenants.put_dataset import PutDatasetHandler
from application.tenants.put_tool import PutToolHandler
from application.tools.executors import Executors
from application.tools.toolbox import ToolBoxes
from domain.tenant.tool import Query, Tool
from tests.application.tools.harness import ADMIN, MEMBER, TURN, House, use
from tests.databases import open_datasets

SALES = b"""Region;Sold at;Price;Paid
north;2026-01-31T23:30:00-02:00;0.1;yes
north;2026-02-01T00:00:00Z;0.2;no
south;2026-02-03;1234567890123456789.25;yes
"""
SUMS = Tool(
    description="Sums of the sales by month.",
    input_schema={
        "type": "object",
        "properties": {"from": {"type": "string", "format": "date"}, "paid": {"type": ["boolean", "null"]}},
        "required": ["from"],
    },
    query=Query(
        dataset="Sales-2026",
        sql="""
        -- by month
        SELECT to_char(sold_at, 'YYYY-MM') AS month, region, sum(price) AS total, max(sold_at) AS last
        FROM "Sales-2026" AS s
        WHERE sold_at >= :from AND (:paid IS NULL OR paid = :paid)
        GROUP BY 1, 2 ORDER BY 2;
        """,
    ),
)


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with open_datasets(database) as datasets:
        house = House()
        house.handle_put_dataset = PutDatasetHandler(house.store, house.tenants, datasets, ProcessTableReader())
        house.put_tool = PutToolHandler(house.store, house.tenants, datasets, house.webhooks, house.sealer)
        house.boxes = ToolBoxes(house.tenants, Executors(datasets, house.webhooks, house.sealer))
        await house.open()
        yield house


@pytest.mark.real
async def test_from_a_file_to_a_tools_answer(house: House) -> None:
    put = await house.put_dataset(ADMIN, "Sales-2026", "sales.csv", SALES)
    assert [(column.name, column.type) for column in put.columns] == [
        ("region", "text"), ("sold_at", "timestamp"), ("price", "number"), ("paid", "boolean"),
    ]  # fmt: skip
    await house.put_tool(ADMIN, "sums", SUMS)
    box = await house.boxes.open(MEMBER, TURN, ["sums"])
    result = await box.call(use("sums", '{"from": "2026-02-01"}'))
    assert result.status == "completed", result.output
    assert '"total":1234567890123456789.25' in result.output  # to the last digit
    assert json.loads(result.output)["rows"] == [
        {"month": "2026-02", "region": "north", "total": 0.3, "last": "2026-02-01T01:30:00"},
        {"month": "2026-02", "region": "south", "total": 1234567890123456789.25, "last": "2026-02-03T00:00:00"},
    ]
    unpaid = await box.call(use("sums", '{"from": "2026-01-01", "paid": false}'))
    assert [row["total"] for row in json.loads(unpaid.output)["rows"]] == [0.2]
    refused = await box.call(use("sums", '{"from": "last month"}'))
    assert refused.status == "failed" and "does not fit" in refused.output
