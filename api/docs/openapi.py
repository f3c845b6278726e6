"""The OpenAPI 3.1 document of the HTTP routes: the framework's reading of the handlers, with rights and problems."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.serialization import encode_json, get_serializer

from api.docs.shapes import OPENAI, RAW, SHAPES, UPLOADS, Json, OpenAiError
from api.problems import PROBLEM_JSON, TABLE, Problem
from api.services import Services

TITLE, VERSION = "Colloquy", "1"
ABOUT = """JSON over HTTP. Errors are problem documents (RFC 9457) with a stable `code` and a `trace_id`; another
tenant's id and an id that does not exist answer alike. Lists page by `cursor`, which takes `next`, and `limit`, 1 to
1000. Money is a decimal string in US dollars, times are RFC 3339 in UTC, ids are UUIDv7. Chats are a WebSocket of their
own, `chat.v1`: see /docs/chat."""
PROBLEM = {"$ref": "#/components/schemas/Problem"}
BEARER = {"bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key `ck_...`."}}
# What any route may answer: limits, and a server that is starting, leaving or busy.
ALWAYS, PROTECTED, WITH_BODY = (400, 429, 503), (401, 403), (413, 415)
REF = "#/components/schemas/{name}"
UPLOAD = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "required": ["file"],
}


def openapi_document(handlers: Iterable[HTTPRouteHandler]) -> dict[str, Any]:
    """The document of these handlers."""
    by_operation = {
        (method.lower(), _written(path)): handler
        for handler in handlers
        for path in handler.paths
        for method in handler.http_methods
    }
    document = _as_the_framework_reads(
        [_unowned(handler) for handler in {h.fn: h for h in by_operation.values()}.values()]
    )
    document["info"]["description"] = ABOUT
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _schemas(Problem)["Problem"]
    document["components"]["securitySchemes"] = BEARER
    for path, operations in document["paths"].items():
        for method in [name for name in operations if (name, path) in by_operation]:
            _refine(operations[method], method, path, by_operation[method, path], schemas)
    return document


def _unowned(handler: HTTPRouteHandler) -> HTTPRouteHandler:
    """A copy that belongs to no app. Whoever registers a handler owns it from then on: its guards, its failures and its
    dependencies are the owner's, so that the app's own must never be given away."""
    copied = copy(handler)
    copied.owner = None
    return copied


def _written(path: str) -> str:
    """`/v1/files/{id:str}` as OpenAPI writes it."""
    return "/".join(part.partition(":")[0] + "}" if ":" in part else part for part in path.split("/"))


def _as_the_framework_reads(handlers: list[HTTPRouteHandler]) -> dict[str, Any]:
    async def the_services() -> None:
        return None

    app = Litestar(
        route_handlers=handlers,
        dependencies={"services": Provide(the_services)},
        openapi_config=OpenAPIConfig(title=TITLE, version=VERSION, use_handler_docstrings=True),
        signature_namespace={"Services": Services, "Any": Any},
        logging_config=None,
    )
    document: dict[str, Any] = msgspec.json.decode(encode_json(app.openapi_schema.to_schema(), get_serializer()))
    return document


def _refine(
    operation: dict[str, Any], method: str, path: str, handler: HTTPRouteHandler, schemas: dict[str, Any]
) -> None:
    operation["operationId"] = handler.handler_name
    operation["tags"] = [handler.fn.__module__.rpartition(".")[2]]
    operation["summary"] = " ".join((handler.fn.__doc__ or "").split())
    operation.pop("description", None)
    if (method, path) in UPLOADS:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": UPLOAD}}}
    if (method, path) in RAW:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    public = bool(handler.opt.get("public"))
    if not public:
        named = handler.opt["permission"]
        operation["security"] = [{"bearer": []}]
        operation["x-permission"] = [named] if isinstance(named, str) else list(named)
    if (method, path) in SHAPES:
        good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        good["content"] = {media: {"schema": _shape(kind, schemas)} for media, kind in SHAPES[method, path].items()}
    answers = {status: answer for status, answer in operation["responses"].items() if not status.startswith("4")}
    content = {PROBLEM_JSON: {"schema": PROBLEM}}
    if path.startswith(OPENAI):
        content = {Json: {"schema": _shape(OpenAiError, schemas)}}
    failures = _failures(operation, path, public)
    operation["responses"] = answers | {str(status): _problem(status, content) for status in failures}


def _failures(operation: dict[str, Any], path: str, public: bool) -> list[int]:
    """The statuses of problems that an operation may answer."""
    found = {*ALWAYS}
    if not public or "{" in path:  # a link is a credential too
        found |= {*PROTECTED}
    if "{" in path or "requestBody" in operation or path.startswith(OPENAI):  # a body names things too
        found |= {404}
    if "requestBody" in operation:
        found |= {*WITH_BODY}
    if operation.get("requestBody") or "{" in path:
        found |= {409}
    return sorted(found)


def _problem(status: int, content: dict[str, Any]) -> dict[str, Any]:
    codes = sorted(code for code, (known, _) in TABLE.items() if known == status)
    answer: dict[str, Any] = {
        "description": f"A problem: {', '.join(f'`{code}`' for code in codes)}",
        "content": content,
    }
    if status in (429, 503):
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return answer


def _shape(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; those it refers to are put beside the others."""
    if kind is str:
        return {"type": "string"}
    schemas |= _schemas(kind)
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return schema


def _schemas(kind: Any) -> dict[str, Any]:
    _, parts = msgspec.json.schema_components([kind], ref_template=REF)
    return dict(parts)
