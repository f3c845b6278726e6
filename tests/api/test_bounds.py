"""Whatever a client or an admin gives has a bound: each text, list and map of each frame and body, found by import."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import Meta

from api.connections import client_frames as f
from api.server.app import routed
from application.sessions.frame_limits import MAX_FRAME
from domain.refusals import Refusal
from tests.api.harness import asgi, bearer, browsing, make_services

BODIES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "AssistantBody": ("PUT", "/v1/assistants/a", "admin", {}),
    "ToolBody": ("PUT", "/v1/tools/a", "admin", {"description": "x", "input_schema": {"type": "object"}}),
    "Budget": ("PUT", "/v1/budget", "admin", {}),
    "SearchQuery": ("POST", "/v1/search", "member", {"query": "x"}),
    "NewTitle": ("PATCH", "/v1/sessions/01977c9e-1111-7000-8000-000000000001", "member", {"title": "x"}),
    "Fork": ("POST", "/v1/sessions/01977c9e-1111-7000-8000-000000000001/fork", "member", {"version": 1}),
    "CollectionBody": ("PUT", "/v1/collections/a", "admin", {}),
    "DocumentChange": (
        "PATCH",
        "/v1/documents/01977c9e-1111-7000-8000-000000000001",
        "editor",
        {"collection": "x"},
    ),
    "Texts": ("POST", "/console/markdown", "member", {"texts": []}),
    "SignIn": ("POST", "/console/sign-in", "member", {"secret": "x"}),
    "ChatRequest": ("POST", "/v1/chat/completions", "member", {"model": "x", "messages": []}),
    "EmbeddingRequest": ("POST", "/v1/embeddings", "member", {"input": "x"}),
    "NewErasure": ("POST", "/v1/erasures", "admin", {"user": "x"}),
    "Retention": ("PUT", "/v1/retention", "admin", {}),
    "NewApiKey": ("POST", "/v1/api-keys", "admin", {"name": "x", "user": "y"}),
    "NewServiceAccount": ("POST", "/v1/service-accounts", "admin", {"name": "x", "roles": ["member"]}),
    "NewServiceKey": ("POST", "/v1/service-accounts/01977c9e-1111-7000-8000-000000000001/keys", "admin", {}),
    "NewIncident": ("POST", "/v1/incidents", "member", {"title": "x", "text": "x"}),
    "NewStatus": ("PATCH", "/v1/incidents/01977c9e-1111-7000-8000-000000000001", "admin", {"status": "closed"}),
    "IncidentWebhook": ("PUT", "/v1/incident-webhook", "admin", {}),
    "NewTenant": ("POST", "/v1/tenants", "operator", {"name": "x"}),
    "TenantChange": ("PATCH", "/v1/tenants/01977c9e-1111-7000-8000-000000000001", "operator", {"active": True}),
    "Revoked": ("POST", "/v1/tokens/revoke", "admin", {"jti": "x"}),
    "ParkedStream": ("POST", "/v1/operations/parked/retry", "operator", {"name": "x", "stream": "y"}),
}
"""How each body is sent, as whom, and a small one."""
FRAMES: dict[str, dict[str, Any]] = {
    "session.open": {},
    "turn.create": {"id": "a", "text": "x"},
    "turn.cancel": {"turn_id": "t"},
    "feedback.create": {"turn_id": "t", "rating": "up"},
    "tool.confirm": {"turn_id": "t", "call": "c", "allow": True},
    "ping": {},
}
LOOKED_AT_LATER = {
    "session.open.assistant",
    "session.open.session_id",
    "turn.cancel.turn_id",
    "feedback.create.turn_id",
    "tool.confirm.turn_id",
    "tool.confirm.call",
}
"""Names that are of something or of nothing: nothing keeps them."""
LARGE = 200_000


def bodies(app: Litestar) -> dict[str, type[msgspec.Struct]]:
    """Every struct that a route decodes from its body."""
    found = {}
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            data = handler.parsed_fn_signature.parameters.get("data")
            if data is not None:
                kind = data.annotation
                while get_origin(kind) is Annotated or isinstance(kind, types.GenericAlias):
                    kind = get_args(kind)[0]
                found[kind.__name__] = kind
    return found


def fields_of(kind: Any, path: str) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """(path, kind, what bounds it) of every text, list and map in a type."""
    notes: tuple[Any, ...] = ()
    if get_origin(kind) is Annotated:
        kind, *given = get_args(kind)
        notes = tuple(given)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        for one in inner:
            yield from fields_of(Annotated[one, *notes] if notes else one, path)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        for name in kind.__struct_fields__:
            yield from fields_of(hints[name], f"{path}.{name}")
    elif kind is str or origin in (tuple, list, dict):
        yield path, origin or kind, notes
        for one in inner:
            if one is not Ellipsis:
                yield from fields_of(one, f"{path}[]")


def every_type() -> dict[str, Any]:
    app = routed()
    return {**f.CLIENT_FRAMES, **bodies(app)}


@pytest.mark.parametrize(("name", "kind"), every_type().items())
def test_every_text_list_and_map_says_how_much_it_takes(name: str, kind: Any) -> None:
    unbounded = [
        path
        for path, _, notes in fields_of(kind, name)
        if not any(isinstance(note, Meta) and note.max_length is not None for note in notes)
    ]
    assert unbounded == []


def test_every_type_is_tried() -> None:
    assert every_type().keys() == BODIES.keys() | FRAMES.keys()


def too_large(kind: Any, name: str) -> Iterator[tuple[str, Callable[[dict[str, Any]], None]]]:
    """For each field of a struct, how to make it too large in a small one."""
    for path, of, _ in fields_of(kind, name):
        if "[]" in path:
            continue
        *way, last = path.removeprefix(f"{name}.").split(".")
        value: Any = "x" * LARGE
        if of in (tuple, list):
            value = [f"n{n}" for n in range(20_000)]
        elif of is dict:
            value = {f"k{n}": "v" for n in range(20_000)}

        def enlarge(body: dict[str, Any], way: list[str] = way, last: str = last, value: Any = value) -> None:
            for part in way:
                body = body.setdefault(part, {"dataset": "d", "sql": "s"} if part == "query" else {})
            body[last] = value

        yield path, enlarge


FRAME_CASES = [
    pytest.param(name, enlarge, id=path)
    for name, kind in f.CLIENT_FRAMES.items()
    for path, enlarge in too_large(kind, name)
    if path not in LOOKED_AT_LATER
]


@pytest.mark.parametrize(("name", "enlarge"), FRAME_CASES)
def test_no_field_of_a_frame_takes_too_much(name: str, enlarge: Callable[[dict[str, Any]], None]) -> None:
    frame = {"type": name, **FRAMES[name]}
    f.read_frame(json.dumps(frame))
    enlarge(frame)
    text = json.dumps(frame, separators=(",", ":"))
    with pytest.raises(Refusal):
        f.read_frame(text[:MAX_FRAME])


BODY_CASES = [
    pytest.param(name, enlarge, id=path)
    for name, kind in every_type().items()
    if name in BODIES
    for path, enlarge in too_large(kind, name)
]


@pytest.mark.parametrize(("name", "enlarge"), BODY_CASES)
async def test_no_field_of_a_body_takes_too_much(name: str, enlarge: Callable[[dict[str, Any]], None]) -> None:
    method, path, role, body = BODIES[name]
    body = json.loads(json.dumps(body))
    enlarge(body)
    services = make_services()
    tenant = {"tenant": "_platform"} if role == "operator" else {}
    transport = asgi(services)
    page = path.startswith("/console/")
    headers = await browsing(services, [role]) if page else bearer(services, [role], **tenant)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        answer = await client.request(method, path, json=body, headers=headers)
    said = answer.json().get("error") or answer.json()
    assert (answer.status_code, said["code"]) == (400, "invalid_field"), answer.text


async def test_a_body_as_a_whole_has_a_bound_too() -> None:
    services = make_services()
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        body = {"description": "x", "input_schema": {"type": "object", "title": "y" * 2_000_000}}
        answer = await client.put("/v1/tools/a", json=body, headers=bearer(services, ["admin"]))
    assert answer.status_code == 413
