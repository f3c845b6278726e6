"""Every HTTP route against its own description: whatever is sent, no answer is a 5xx, and none is undocumented."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import Installed, create_tenant
from tests.journeys.conftest import chatting, set_pace

pytestmark = pytest.mark.real
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("member", "editor", "analyst", "auditor", "admin")
USER = "reader-of-contracts"
WITHIN_S = 30
SLICE, WHOLE = 3, 40
LAST = ("delete", "patch", "post", "put", "get")  # what takes away comes last


@dataclass
class Tried:
    """A tenant of its own with something of each kind in it, and how one calls as whom."""

    url: str
    schema: Any
    bearers: dict[str, str]
    known: dict[str, list[str]]


def bearer(ours: Installed, tenant: str, *roles: str) -> str:
    from api.composition.token_wiring import token_issuer
    from api.settings import read_settings

    issuer = token_issuer(read_settings(data_dir=str(ours.data_dir)))
    return f"Bearer {issuer.issue(tenant=tenant, user=USER, roles=roles, ttl_s=900).token}"


@pytest.fixture(scope="module")
def tried(ours: Installed) -> Tried:
    tenant = create_tenant(ours, DOCUMENTS)
    bearers = {"tenant": bearer(ours, tenant, *ROLES), "platform": bearer(ours, "_platform", "operator")}
    set_pace(ours, first_token_ms=1, token_ms=0)
    with httpx.Client(base_url=ours.url, headers={"Authorization": bearers["tenant"]}, timeout=WITHIN_S) as http:
        rows = http.put("/v1/datasets/orders", files={"file": ("orders.csv", b"id,total\n1,9.5\n")})
        query = {"dataset": "orders", "sql": "SELECT total FROM orders WHERE id = :id"}
        schema = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
        tool = http.put("/v1/tools/total", json={"description": "A total.", "input_schema": schema, "query": query})
        helper = http.put("/v1/assistants/helper", json={"plan": "lean"})
        board = http.put("/v1/collections/board", json={"roles": ["editor"]})
        assert [answer.status_code for answer in (rows, tool, helper, board)] == [200, 200, 200, 200]
        document = http.get("/v1/documents").json()["documents"][0]["document_id"]
        described = http.get("/docs/openapi.json").json()
    sessions = [asyncio.run(spoken(ours, bearers["tenant"].removeprefix("Bearer "))) for _ in range(2)]
    known = {
        "session_id": sessions,
        "document_id": [document],
        "name": ["orders", "total", "helper", "default", "costs", "board"],
    }
    return Tried(ours.url, schemathesis.openapi.from_dict(described), bearers, known)


async def spoken(ours: Installed, token: str) -> str:
    async with chatting(ours, token) as chat:
        await chat.open()
        await chat.ask("q", QUESTION)
    return chat.session_id


def operations(tried: Tried) -> list[Any]:
    found = [result.ok() for result in tried.schema.get_all_operations()]
    found = [operation for operation in found if operation.path != "/mcp"]  # its own library speaks, and its own client
    return sorted(found, key=lambda operation: -LAST.index(operation.method.lower()))


def try_operation(tried: Tried, operation: Any, examples: int) -> None:
    """So many requests, some lawful and some not, half of them for what there is."""
    permissions = operation.definition.raw.get("x-permission")
    who = "platform" if permissions and "tenant:provision" in permissions else "tenant"
    headers = {"Authorization": tried.bearers[who]} if permissions else {}
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

    @seed(11)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def attempt(data: Any) -> None:
        case = data.draw(st.sampled_from(modes).flatmap(lambda mode: operation.as_strategy(generation_mode=mode)))
        for name in case.path_parameters or {}:
            if name in tried.known and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(tried.known[name]))
        answer = case.call(base_url=tried.url, headers=headers, timeout=WITHIN_S)
        case.validate_response(answer, checks=CHECKS)

    attempt()


def test_a_slice_of_every_route_answers_as_it_is_described(tried: Tried) -> None:
    assert_all(tried, SLICE)


@pytest.mark.contract
def test_every_route_answers_as_it_is_described(tried: Tried) -> None:
    """All of it takes minutes: `COLLOQUY_CONTRACT_PART=1/3` tries a third of the routes."""
    part, parts = map(int, os.environ.get("COLLOQUY_CONTRACT_PART", "1/1").split("/"))
    assert_all(tried, int(os.environ.get("COLLOQUY_CONTRACT_EXAMPLES", WHOLE)), part, parts)


def assert_all(tried: Tried, examples: int, part: int = 1, parts: int = 1) -> None:
    wrong = []
    for operation in operations(tried)[part - 1 :: parts]:
        try:
            try_operation(tried, operation, examples)
        except BaseExceptionGroup as failures:  # all of them are told at once
            wrong += [f"{operation.label}: {type(one).__name__}: {one}" for one in failures.exceptions]
        except Exception as failure:
            wrong.append(f"{operation.label}: {type(failure).__name__}: {failure}")
    assert not wrong, "\n\n".join(wrong)


def test_who_says_nothing_of_himself_is_told_so_everywhere(tried: Tried) -> None:
    for operation in operations(tried):
        if operation.definition.raw.get("security"):
            path = operation.path.replace("{", "").replace("}", "")
            answer = httpx.request(operation.method, f"{tried.url}{path}", timeout=WITHIN_S)
            said = answer.json().get("error", answer.json())  # OpenAI's clients read theirs
            assert answer.status_code == 401 and said["code"] in ("unauthorized", "invalid_api_key"), operation.label
