"""The documents of the API are whole, made of what there is, and pages of them need nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from api.client import resources
from api.connections import client_frames
from api.docs.asyncapi import NOTICES, chat_document
from api.docs.pages import LEFT_OUT
from api.docs.shapes import OPENAI
from api.server.app import all_routes
from application.sessions import feed_frames
from tests.valid_frames import checked

METHODS = ("get", "put", "post", "patch", "delete")


@pytest.fixture(scope="module")
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/docs/openapi.json")).json()
    return found


async def test_every_route_is_described_with_its_rights_and_problems(document: dict[str, Any]) -> None:
    described = {(method, path) for path, found in document["paths"].items() for method in found if method in METHODS}
    open_to_all = {
        path for path, found in document["paths"].items() if any("security" not in o for o in found.values())
    }
    assert {path for path in open_to_all if "{" not in path} == {"/health/live", "/health/ready", "/metrics"}
    served = {
        (method.lower(), re.sub(r":\w+}", "}", path))
        for handler in all_routes()
        if isinstance(handler, HTTPRouteHandler)
        for path in handler.paths
        for method in handler.http_methods
        if not path.startswith(LEFT_OUT)
    }
    assert described == served and len(served) > 40
    for method, path in described:
        operation = document["paths"][path][method]
        answers = operation["responses"]
        assert operation["summary"] and {"400", "429", "503"} <= answers.keys(), path
        assert "security" not in operation or ("401" in answers and operation["x-permission"]), path
        for status, answer in answers.items():
            content = answer.get("content", {})
            failure = "application/json" if path.startswith(OPENAI) else "application/problem+json"
            assert status[0] == "2" or content.keys() == {failure}, (path, status)
            if status[0] == "2" and status != "204" and "application/json" in content:
                assert content["application/json"]["schema"] or path.endswith("/export"), (
                    f"{path} says nothing of its answer"
                )
    ids = [document["paths"][path][method]["operationId"] for method, path in described]
    assert len(set(ids)) == len(ids)


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {str(value["$ref"])} if "$ref" in value else set().union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


async def test_what_a_document_refers_to_is_in_it(document: dict[str, Any]) -> None:
    for whole in (document, chat_document()):
        for reference in references(whole):
            place: Any = whole
            for part in reference.removeprefix("#/").split("/"):
                place = place[part]


def test_every_frame_is_described_and_no_other_is_valid() -> None:
    kinds = [str(kind.__struct_config__.tag) for kind in (*NOTICES, *feed_frames.AnyFrame.__args__)]
    messages = chat_document()["components"]["messages"]
    assert {message["name"] for message in messages.values()} == {*kinds, *client_frames.CLIENT_FRAMES}
    pong = {"type": "pong", "seq": 1, "session_id": "s", "at": "2026-01-01T00:00:00Z"}
    assert checked(pong) == pong
    for wrong in ({"type": "turn.sang"}, pong | {"seq": "1"}, pong | {"colour": 1}, {"type": "pong"}):
        with pytest.raises(AssertionError):
            checked(wrong)


READ_BY_CLIENTS = {
    ("get", "/v1/documents/{document_id}"): resources.Document,
    ("post", "/v1/documents"): resources.Document,
    ("post", "/v1/search"): resources.Found,
    ("get", "/v1/costs/summary"): resources.Costs,
}
LEFT_TO_OTHER_ROUTES = {"title", "reason", "passages", "warnings", "encoding", "collection", "version", "progress"}
LEFT_TO_OTHER_ROUTES |= {"replaced_at"}


def kinds_of(schema: dict[str, Any], known: dict[str, Any]) -> set[str]:
    """The JSON types that a schema allows."""
    if "$ref" in schema:
        return kinds_of(known[schema["$ref"].rpartition("/")[2]], known)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return {kind for choice in choices for kind in kinds_of(choice, known)}
    given = schema.get("type") or {str: "string", int: "integer"}[type(schema.get("enum", [""])[0])]
    return {given} if isinstance(given, str) else set(given)


def compared(mine: dict[str, Any], of: dict[str, Any], theirs: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    """The fields that a client reads and that a description does not have, or has with another type."""
    mine = of[mine["$ref"].rpartition("/")[2]] if "$ref" in mine else mine
    theirs = known[theirs["$ref"].rpartition("/")[2]] if "$ref" in theirs else theirs
    if "items" in mine:
        yield from compared(mine["items"], of, theirs["items"], known)
    for name, field in mine.get("properties", {}).items():
        other = theirs.get("properties", {}).get(name)
        if other is None:
            yield name
        elif kinds_of(other, known) - {"null"} != kinds_of(field, of) - {"null"}:
            yield f"{name}: {kinds_of(field, of)}, not {kinds_of(other, known)}"
        else:
            yield from compared(field, of, other, known)


async def test_the_client_library_reads_what_is_described(document: dict[str, Any]) -> None:
    known = document["components"]["schemas"]
    for (method, path), kind in READ_BY_CLIENTS.items():
        (mine,), of = msgspec.json.schema_components([kind])
        answers = document["paths"][path][method]["responses"]
        (good,) = [answer for status, answer in answers.items() if status[0] == "2"]
        missing = set(compared(mine, of, good["content"]["application/json"]["schema"], known))
        assert missing == (LEFT_TO_OTHER_ROUTES if (method, path) == ("post", "/v1/documents") else set()), path


async def test_pages_are_read_without_scripts_and_other_hosts(client: httpx.AsyncClient) -> None:
    for path, holds in (("/docs", "/v1/search"), ("/docs/chat", "turn.completed")):
        page = await client.get(path)
        assert page.status_code == 200 and holds in page.text
        assert "<script" not in page.text and "<style" not in page.text and " style=" not in page.text
        assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
        assert "default-src 'none'; style-src 'self'" in page.headers["content-security-policy"]
    assert (await client.get("/docs/docs.css")).headers["content-type"].startswith("text/css")
    described = (await client.get("/docs/chat.json")).json()
    assert described["asyncapi"].startswith("3.") and described == json.loads(json.dumps(chat_document()))


async def test_describing_the_routes_changes_none_of_them(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    """The framework's reading of the handlers happens beside the app: they keep their guard and their failures."""
    protected = [(m, path) for path, found in document["paths"].items() for m in found if "security" in found[m]]
    assert len(protected) > 40
    for method, path in protected:
        refused = await client.request(method, path.replace("{", "").replace("}", ""))
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer"), (method, path)
    assert (await client.get("/health/ready")).status_code == 200
