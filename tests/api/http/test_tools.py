"""Tools and datasets over HTTP: what is put is shown, to admins alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from api.services import Services
from application.tenants.delete_assistant import DeleteAssistantHandler
from application.tenants.put_assistant import PutAssistantHandler
from tests.api.harness import asgi, bearer, make_services
from tests.application.tools.harness import LOOK_UP, ORDERS, TOTALS, House


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def services(house: House, tmp_path: Path) -> Services:
    await house.open()
    return make_services(
        tmp_path, store=house.store, known=house.tenants, sealer=house.sealer, put_tool=house.put_tool,
        put_dataset=house.handle_put_dataset, delete_tool=house.delete_tool, delete_dataset=house.delete_dataset,
        put_assistant=PutAssistantHandler(house.store, house.tenants),
        delete_assistant=DeleteAssistantHandler(house.store, house.tenants),
    )  # fmt: skip


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = asgi(services)
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
    asked = [("GET", "/v1/tools/x"), ("PUT", "/v1/tools/x"), ("GET", "/v1/datasets/x")]
    asked += [("DELETE", f"/v1/{kind}/x") for kind in ("tools", "datasets", "assistants")]
    for method, path in asked:
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


async def test_what_is_in_use_is_not_deleted_and_it_is_said_by_whom(client: httpx.AsyncClient) -> None:
    await put_orders(client)
    await client.put("/v1/tools/totals", json=body(TOTALS))
    for name in ("clerk", "auditor"):
        assert (await client.put(f"/v1/assistants/{name}", json={"tools": ["totals"]})).status_code == 200
    for path, users in (("/v1/tools/totals", "auditor, clerk"), ("/v1/datasets/orders", "totals")):
        refused = await client.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
        assert users in refused.json()["detail"]
    await client.put("/v1/assistants/clerk", json={})
    assert (await client.delete("/v1/assistants/auditor")).status_code == 204
    assert (await client.get("/v1/assistants/auditor")).json()["code"] == "assistant_not_found"
    for path in ("/v1/tools/totals", "/v1/datasets/orders"):
        gone = await client.delete(path)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await client.get(path)).status_code == (await client.delete(path)).status_code == 404


async def test_the_assistant_that_every_tenant_has_stays(client: httpx.AsyncClient) -> None:
    refused = await client.delete("/v1/assistants/default")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert (await client.delete("/v1/assistants/nobody")).status_code == 404
    assert (await client.get("/v1/assistants/default")).status_code == 200


async def test_what_is_put_again_is_no_older_one(client: httpx.AsyncClient) -> None:
    versions = []
    for _ in range(2):
        dataset = (await put_orders(client)).json()
        tool = (await client.put("/v1/tools/totals", json=body(TOTALS))).json()
        assistant = (await client.put("/v1/assistants/clerk", json={})).json()
        versions.append([one["version"] for one in (dataset, tool, assistant)])
        for path in ("/v1/assistants/clerk", "/v1/tools/totals", "/v1/datasets/orders"):
            assert (await client.delete(path)).status_code == 204
    assert versions == [[1, 1, 1], [3, 3, 3]]


@pytest.mark.parametrize(
    ("content", "column", "became"),
    [
        (b"id,total\n1,2\n", "region", "missing"),
        (b"id,region,Total\n1,north,\n", "total", "text"),
        (b"id,region,total\n1,north,much\n", "total", "text"),
        (b"id,region,total\n1,7,2\n", "region", "integer"),
    ],
)
async def test_a_dataset_that_would_break_a_tool_is_not_put(
    client: httpx.AsyncClient, content: bytes, column: str, became: str
) -> None:
    await put_orders(client)
    await client.put("/v1/tools/totals", json=body(TOTALS))
    refused = await put_orders(client, content)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert all(word in refused.json()["detail"] for word in ("totals", column, became))
    assert (await client.get("/v1/datasets/orders")).json()["version"] == 1


@pytest.mark.parametrize("content", [b"region,total,more\nnorth,2,x\n", b"total,region\n7,north\n"])
async def test_what_no_tool_asks_for_may_change(client: httpx.AsyncClient, content: bytes) -> None:
    await put_orders(client)
    await client.put("/v1/tools/totals", json=body(TOTALS))
    assert (await put_orders(client, content)).json()["version"] == 2


async def test_a_secret_is_changed_by_wish_and_never_comes_back(client: httpx.AsyncClient) -> None:
    async def put(**webhook: Any) -> str:
        given = {"url": "https://hooks.example.com/orders", **webhook}
        shown = (await client.put("/v1/tools/look_up", json=body(LOOK_UP, webhook=given))).json()
        assert (await client.get("/v1/tools/look_up")).json() == shown and "rotate" not in str(shown)
        return str(shown["signing_secret"])

    first = await put()
    assert await put() == first == await put(url="https://hooks.example.com/new")
    second = await put(rotate_secret=True)
    assert await put() == second
    third = await put(rotate_secret=True)
    await client.delete("/v1/tools/look_up")
    assert len({first, second, third, await put()}) == 4


async def test_a_tool_says_of_its_answers_what_it_wishes(client: httpx.AsyncClient) -> None:
    async def put(**changes: Any) -> tuple[bool, bool]:
        shown = (await client.put("/v1/tools/look_up", json=body(LOOK_UP, **changes))).json()
        return shown["personal"], shown["live"]

    assert await put() == (True, True)
    assert await put(personal=False) == (False, True)
    assert await put(personal=False, live=False) == (False, False)
