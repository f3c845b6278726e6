"""Tools and datasets over HTTP: what is put is shown, to admins alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.app import create_app
from api.services import Services
from tests.api.house import bearer, make_services
from tests.tools.house import LOOK_UP, ORDERS, TOTALS, House


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def services(house: House, tmp_path: Path) -> Services:
    await house.open()
    return make_services(
        tmp_path, store=house.store, tenants=house.tenants, sealer=house.sealer, put_tool=house.put_tool,
        put_dataset=house.handle_put_dataset,
    )  # fmt: skip


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services))
    headers = bearer(services, ["admin"])
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy", headers=headers) as found:
        yield found


def body(tool: Any, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = msgspec.to_builtins(tool)
    return {name: value for name, value in (given | changes).items() if value is not None}


async def put_orders(client: httpx.AsyncClient, content: bytes = ORDERS, name: str = "orders.csv") -> httpx.Response:
    return await client.put("/v1/datasets/orders", files={"file": (name, content)})


async def test_a_dataset_and_a_tool_that_asks_it(client: httpx.AsyncClient) -> None:
    put = await put_orders(client)
    assert put.status_code == 200
    assert put.json() == {
        "name": "orders", "version": 1, "rows": 3,
        "columns": [
            {"name": "id", "type": "integer"}, {"name": "region", "type": "text"}, {"name": "total", "type": "number"},
        ],
    }  # fmt: skip
    assert (await client.get("/v1/datasets/orders")).json() == put.json()
    put = await client.put("/v1/tools/totals", json=body(TOTALS))
    assert put.status_code == 200, put.text
    shown = put.json()
    assert (shown["name"], shown["version"], shown["effects"]) == ("totals", 1, False)
    assert shown["query"]["dataset"] == "orders" and shown["webhook"] is None and shown["signing_secret"] is None
    assert (await client.get("/v1/tools/totals")).json() == shown


async def test_a_webhook_and_its_secret(client: httpx.AsyncClient) -> None:
    put = (await client.put("/v1/tools/look_up", json=body(LOOK_UP))).json()
    assert put["signing_secret"].startswith("whsec_") and put["webhook"] == {"url": "https://hooks.example.com/orders"}
    assert (await client.get("/v1/tools/look_up")).json() == put


@pytest.mark.parametrize("path", ["/v1/tools/nope", "/v1/datasets/nope"])
async def test_what_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("role", ["member", "editor", "analyst", "auditor"])
async def test_admins_alone(client: httpx.AsyncClient, services: Services, role: str) -> None:
    headers = bearer(services, [role])
    for method, path in (("GET", "/v1/tools/x"), ("PUT", "/v1/tools/x"), ("GET", "/v1/datasets/x")):
        assert (await client.request(method, path, headers=headers, json=body(LOOK_UP))).status_code == 403
    assert (await client.put("/v1/datasets/x", headers=headers, files={"file": ("x", ORDERS)})).status_code == 403


async def test_another_tenant_sees_none_of_it(client: httpx.AsyncClient, services: Services, house: House) -> None:
    other = "01977c9e-9999-7000-8000-000000000001"
    await house.open(other)
    await put_orders(client)
    await client.put("/v1/tools/look_up", json=body(LOOK_UP))
    headers = bearer(services, ["admin"], other)
    for path in ("/v1/tools/look_up", "/v1/datasets/orders"):
        assert (await client.get(path, headers=headers)).status_code == 404
    refused = await client.put("/v1/tools/totals", json=body(TOTALS), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")


@pytest.mark.parametrize(
    "tool",
    [
        {}, [], "x", {"description": 7}, body(LOOK_UP, webhook={"url": "http://example.com/"}),
        body(LOOK_UP, webhook={}),
        body(LOOK_UP, query={"dataset": "orders", "sql": "SELECT 1 FROM orders"}), body(LOOK_UP, webhook=None),
        body(LOOK_UP, input_schema={"type": "nonsense"}), body(LOOK_UP, effects="perhaps"), body(TOTALS),
    ],
)  # fmt: skip
async def test_tools_that_are_refused(client: httpx.AsyncClient, tool: Any) -> None:
    answer = await client.put("/v1/tools/x", json=tool)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field"), answer.text


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.csv", b"", 400, "empty_file"),
        ("a.csv", b"a,b\n1\n", 400, "unreadable"),
        ("a.parquet", b"a,b\n1,2\n", 400, "type_mismatch"),
        ("a.xlsx", b"PK\x03\x04xxxx", 415, "unsupported_media_type"),
        ("a.csv", b"a\n" + b"1\n" * 10_000, 413, "payload_too_large"),
    ],
)
async def test_files_that_are_refused(
    client: httpx.AsyncClient, name: str, content: bytes, status: int, code: str
) -> None:
    answer = await put_orders(client, content, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/v1/datasets/orders")).status_code == 404


async def test_a_body_that_is_no_form(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/datasets/orders", json={"rows": []})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
