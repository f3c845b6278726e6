"""Whatever is sent, the answer is typed: a status below 500, a code of the contract, and a trace id."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from api.problems import TABLE
from api.services import Services
from application.ports.tenants.tenants import TenantRow
from tests.api.harness import asgi, bearer, operator, replaced
from tests.fakes.in_memory_directory import InMemoryDirectory

JSON = {"Content-Type": "application/json"}
DEEP = 100_000
BODIES: dict[str, bytes] = {
    "empty": b"",
    "white space": b"  ",
    "half an object": b'{"name": ',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "a text": b'"name"',
    "no name": b"{}",
    "name null": b'{"name": null}',
    "name a number": b'{"name": 7}',
    "name an object": b'{"name": {"$ne": ""}}',
    "name empty": b'{"name": ""}',
    "name white": b'{"name": "   "}',
    "name of 10,000": json.dumps({"name": "a" * 10_000}).encode(),
    "name with NUL": b'{"name": "a\\u0000b"}',
    "name with a raw NUL": b'{"name": "a\0b"}',
    "name with a control": b'{"name": "a\\u001bb"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "a raw surrogate": b'{"name": "\xed\xa0\x80"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "NaN": b'{"name": NaN}',
    "1e400": b'{"name": 1e400}',
    "a huge number": b'{"name": ' + b"9" * 10_000 + b"}",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep lists in a field": b'{"name": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep lists in an unknown field": b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b', "name": 7}',
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "open lists": b"[" * DEEP,
    "two megabytes": b'{"name": "' + b"a" * 2_000_000 + b'"}',
}


def check(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer that is one."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] in TABLE and problem["status"] == answer.status_code and problem["trace_id"]
    assert "Traceback" not in answer.text and "/api/" not in answer.text
    return problem


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_hostile_bodies(client: httpx.AsyncClient, services: Services, body: bytes) -> None:
    check(await client.post("/v1/tenants", content=body, headers=operator(services) | JSON))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("half an object", "invalid_json"),
        ("name a number", "invalid_field"),
        ("name with NUL", "invalid_character"),
        ("not UTF-8", "invalid_json"),
        ("a lone surrogate", "invalid_json"),
        ("deep lists", "too_deep"),
        ("two megabytes", "payload_too_large"),
    ],
)
async def test_codes_of_bodies(client: httpx.AsyncClient, services: Services, body: str, code: str) -> None:
    answer = await client.post("/v1/tenants", content=BODIES[body], headers=operator(services) | JSON)
    assert check(answer)["code"] == code


ASSISTANTS: dict[str, Any] = {
    "plan unknown": {"plan": "everything"},
    "plan a number": {"plan": 1},
    "plan of numbers": {"plan": [1]},
    "plan empty": {"plan": []},
    "plan with a path": {"plan": ["../x"]},
    "steps twice": {"plan": ["a", "a"]},
    "instructions null": {"instructions": None},
    "instructions too long": {"instructions": "a" * 20_001},
    "instructions with NUL": {"instructions": "a\0"},
    "tools a text": {"tools": "sql"},
    "tools too many": {"tools": [f"t{n}" for n in range(65)]},
    "documents a text": {"documents": "yes"},
    "threshold above one": {"cache": {"threshold": 1.5}},
    "threshold negative": {"cache": {"threshold": -0.1}},
    "ttl negative": {"cache": {"ttl_s": -1}},
    "ttl 2**70": {"cache": {"ttl_s": 2**70}},
    "ttl a fraction": {"cache": {"ttl_s": 1.5}},
    "cache a list": {"cache": []},
    "a model with white space": {"models": {"fast": "a b"}},
    "pii of an unknown kind": {"pii": {"shoe_size": "mask"}},
    "pii of an unknown action": {"pii": {"email": "shout"}},
    "pii a list": {"pii": ["email"]},
}


@pytest.mark.parametrize("body", ASSISTANTS.values(), ids=ASSISTANTS.keys())
async def test_hostile_assistants(client: httpx.AsyncClient, services: Services, body: Any) -> None:
    tenant = (await client.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))).json()["tenant_id"]
    admin = bearer(services, ["admin"], tenant)
    answer = await client.put("/v1/assistants/default", json=body, headers=admin)
    assert check(answer)["code"] in ("invalid_field", "invalid_character")
    assert (await client.get("/v1/assistants/default", headers=admin)).json()["version"] == 0


PATHS = [
    "/v1/assistants/%00",
    "/v1/assistants/a%00b",
    "/v1/assistants/%ff%fe",
    "/v1/assistants/%ed%a0%80",
    "/v1/assistants/..%2f..%2fetc%2fpasswd",
    "/v1/assistants/" + "a" * 5_000,
    "/v1/assistants/%F0%9F%98%80",
    "/v1/tenants/1/2/3",
    "//v1//nothing",
    "/v1/nothing?x=%00",
    "/%2e%2e/",
]


@pytest.mark.parametrize("path", PATHS)
async def test_hostile_paths(client: httpx.AsyncClient, services: Services, path: str) -> None:
    check(await client.get(path, headers=bearer(services, ["admin"])))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1001",
        "limit=" + "9" * 400,
        "limit=ten",
        "limit=",
        "cursor=nonsense",
        "cursor=%00",
        "cursor=%27%20OR%201%3D1",
        "cursor=" + "a" * 5_000,
    ],
)
async def test_hostile_queries(client: httpx.AsyncClient, services: Services, query: str) -> None:
    check(await client.get(f"/v1/tenants?{query}", headers=operator(services)))


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"]
)
async def test_other_content_types_are_415(client: httpx.AsyncClient, services: Services, kind: str) -> None:
    answer = await client.post(
        "/v1/tenants", content=b'{"name": "a"}', headers=operator(services) | {"Content-Type": kind}
    )
    assert check(answer)["code"] == "unsupported_media_type"
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"]
)
async def test_json_by_any_of_its_names(client: httpx.AsyncClient, services: Services, kind: str) -> None:
    answer = await client.post(
        "/v1/tenants", content=b'{"name": "a"}', headers=operator(services) | {"Content-Type": kind}
    )
    assert answer.status_code == 201


async def test_the_wrong_method_is_405_with_allow(client: httpx.AsyncClient, services: Services) -> None:
    answer = await client.delete("/v1/tenants", headers=operator(services))
    check(answer)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, OPTIONS, POST"


class BrokenDirectory(InMemoryDirectory):
    """Fails as only our own faults do."""

    async def page(self, *, after: str | None, limit: int) -> list[TenantRow]:
        raise ValueError("secret=hunter2")


async def test_our_own_faults_tell_nothing(services: Services) -> None:
    transport = asgi(replaced(services, directory=BrokenDirectory()))
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        answer = await client.get("/v1/tenants", headers=operator(services))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "hunter2" not in answer.text
