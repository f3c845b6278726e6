"""Tools and datasets are tried when they are put: what could never work is refused with its reason."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.refusals import DocumentRefused, InvalidCharacter, InvalidField, NotFound
from domain.tenant.tool import Query, Tool, Webhook
from tests.application.tools.harness import ADMIN, LOOK_UP, ORDERS, TENANT, TOTALS, House


@pytest.fixture
async def house() -> House:
    house = House()
    await house.open()
    await house.put_dataset(ADMIN, "orders", "orders.csv", ORDERS)
    return house


def changed(tool: Tool, **fields: Any) -> Tool:
    return msgspec.structs.replace(tool, **fields)


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


async def test_a_tool_has_versions(house: House) -> None:
    assert (await house.put_tool(ADMIN, "totals", TOTALS))[1] == 1
    assert (await house.put_tool(ADMIN, "totals", TOTALS))[1] == 1
    assert (await house.put_tool(ADMIN, "totals", changed(TOTALS, description="Sums.")))[1] == 2
    assert (await house.tenants.settings(TENANT)).tools["totals"].description == "Sums."


@pytest.mark.parametrize("name", ["", "a b", "a.b", "-a", "a" * 65, "ä", "a/b", "a\0"])
async def test_names_that_converse_does_not_take(house: House, name: str) -> None:
    with pytest.raises(InvalidField, match="name"):
        await house.put_tool(ADMIN, name, LOOK_UP)


HOOK = Webhook(url="https://hooks.example.com/")
ASK = Query(dataset="orders", sql="SELECT id FROM orders")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"description": ""}, "description"),
        ({"description": " "}, "description"),
        ({"description": "x" * 5_000}, "description"),
        ({"webhook": None}, "exactly one"),
        ({"query": ASK}, "exactly one"),
        ({"webhook": Webhook(url="http://hooks.example.com/")}, "https"),
        ({"webhook": Webhook(url="")}, r"webhook\.url"),
        ({"webhook": Webhook(url="https://" + "x" * 3_000)}, r"webhook\.url"),
        ({"input_schema": {}}, "object"),
        ({"input_schema": {"type": "array"}}, "object"),
        ({"input_schema": schema(a=True)}, "properties"),
        ({"input_schema": {"type": "object", "properties": []}}, "properties"),
        ({"input_schema": schema(**{"a b": {}})}, "properties"),
        ({"input_schema": schema(**{"x" * 65: {}})}, "properties"),
        ({"input_schema": schema(a={"type": "integr"})}, "input_schema"),
        ({"input_schema": schema(a={"minimum": "x"})}, "input_schema"),
        ({"input_schema": schema(a={"pattern": "("})}, "input_schema"),
        ({"input_schema": schema(a={"pattern": "(?=a)b"})}, "input_schema"),
        ({"input_schema": schema(a={"$ref": "https://example.com/schema"})}, "ref"),
        ({"input_schema": schema(a={"$ref": "file:///etc/passwd"})}, "ref"),
        ({"input_schema": schema(a={"$ref": "#/nowhere"})}, "nowhere"),
        ({"input_schema": schema(a={"$ref": "#"})}, "ref"),
        ({"input_schema": schema(a={"$ref": "#/properties/a"})}, "too large"),
        ({"input_schema": schema(a={"$id": "http://x/"})}, "id"),
        ({"input_schema": {"$schema": "http://127.0.0.1/x", "type": "object"}}, "input_schema"),
        ({"input_schema": schema(a={"enum": ["x" * 40_000]})}, "at most"),
    ],
)
async def test_definitions_that_cannot_be(house: House, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidField, match=said):
        await house.put_tool(ADMIN, "tool", changed(LOOK_UP, **fields))
    assert (await house.tenants.settings(TENANT)).tools == {}


async def test_a_nul_is_kept_nowhere(house: House) -> None:
    with pytest.raises(InvalidCharacter):
        await house.put_tool(ADMIN, "tool", changed(LOOK_UP, description="a\0"))


async def test_references_that_double_each_time_are_too_much(house: House) -> None:
    parts: dict[str, Any] = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)}
    hostile = {"type": "object", "$defs": parts | {"a40": {}}, "$ref": "#/$defs/a0"}
    with pytest.raises(InvalidField, match="too large"):
        await house.put_tool(ADMIN, "tool", changed(LOOK_UP, input_schema=hostile))


async def test_references_inside_are_fine(house: House) -> None:
    inside = schema(a={"$ref": "#/$defs/b"}) | {"$defs": {"b": {"type": "string", "pattern": "^(a+)+$"}}}
    await house.put_tool(ADMIN, "tool", changed(LOOK_UP, input_schema=inside))


async def test_what_a_schema_says_elsewhere_is_read_as_well(house: House) -> None:
    with pytest.raises(InvalidCharacter):
        await house.put_tool(ADMIN, "tool", changed(LOOK_UP, input_schema=schema(a={"description": "a\0b"})))
    await house.put_tool(ADMIN, "tool", changed(LOOK_UP, input_schema=schema(a={"pattern": r"\\u0000"})))
    anything = schema(a={"type": "array", "items": True}, b={"type": "array"})
    await house.put_tool(ADMIN, "tool", changed(TOTALS, query=ASK, input_schema=anything))


@pytest.mark.parametrize(
    ("dataset", "sql", "said"),
    [
        ("nope", "SELECT 1 FROM nope", "no dataset nope"),
        ("orders", "SELECT nope FROM orders", "nope"),
        ("orders", "SELECT id FROM orders WHERE region = :area", ":area"),
        ("orders", "DELETE FROM orders", "one SELECT"),
        ("orders", "SELECT id FROM customers", "only the dataset orders"),
        ("orders", "SELECT pg_sleep(1) FROM orders", "pg_sleep"),
        ("a b", "SELECT 1", r"query\.dataset"),
        ("orders", "", r"query\.sql"),
        ("orders", "SELECT id FROM orders WHERE id = 1" + " OR id = 1" * 1_000, r"query\.sql"),
    ],
)
async def test_queries_that_cannot_be(house: House, dataset: str, sql: str, said: str) -> None:
    with pytest.raises(InvalidField, match=said):
        await house.put_tool(ADMIN, "tool", changed(TOTALS, query=Query(dataset=dataset, sql=sql)))


async def test_a_dataset_is_replaced_whole(house: House) -> None:
    again = await house.put_dataset(ADMIN, "orders", "orders.csv", b"only\nx\n")
    assert (again.version, again.rows, [column.name for column in again.columns]) == (2, 1, ["only"])


@pytest.mark.parametrize("name", ["", "1a", "a.b", "a b", "a" * 64, "_a"])
async def test_names_that_sql_cannot_say(house: House, name: str) -> None:
    with pytest.raises(InvalidField, match="name"):
        await house.put_dataset(ADMIN, name, "x.csv", ORDERS)


async def test_a_file_that_is_wrong_changes_nothing(house: House) -> None:
    with pytest.raises(DocumentRefused, match="Line 3"):
        await house.put_dataset(ADMIN, "orders", "x.csv", b"a,b\n1,2\n3\n")
    assert (await house.tenants.settings(TENANT)).datasets["orders"].version == 1


async def test_a_tenant_that_is_none_has_no_datasets() -> None:
    with pytest.raises(NotFound):
        await House().put_dataset(ADMIN, "orders", "x.csv", ORDERS)
