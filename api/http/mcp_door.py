"""The Model Context Protocol over streamable HTTP: its clients search a tenant's documents and ask its assistants, by
the same commands as elsewhere."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import structlog
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.types import ASGIApp

from api.http.request.leaving import gone
from api.problems import refusal_named, refusal_of
from api.services import Services
from application.documents.search_documents import LONGEST, MOST
from application.exchanges.exchange import Exchange
from application.exchanges.hear import Heard
from application.sessions import feed_frames as f
from domain.access import Principal
from domain.refusals import EmptyPrompt, InvalidField, NotFound, PromptTooLong

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult

log = structlog.get_logger()
MAX_BODY = 256 * 1024
MAX_QUESTION = 32_000
FOUND = 10
MOST_COLLECTIONS = 64
SEARCH = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 1, "maxLength": LONGEST, "description": "What is looked for."},
        "k": {"type": "integer", "minimum": 1, "maximum": MOST, "default": FOUND, "description": "How many passages."},
        "collections": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": MOST_COLLECTIONS,
            "description": "In which collections of documents; in all that you may read if none is named.",
        },
    },
    "required": ["query"],
}
ASK = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "minLength": 1, "maxLength": MAX_QUESTION, "description": "The whole question."},
        "assistant": {"type": "string", "default": "default", "description": "Which of the assistants is asked."},
    },
    "required": ["question"],
}
SEARCH_SAYS = "Finds the passages of the organisation's documents that answer a query best, best first, as JSON."
ASK_SAYS = "Asks an assistant of the organisation, which answers from its documents and tools and cites them as [1]."


class Search(msgspec.Struct, frozen=True):
    """What `search_documents` takes."""

    query: str
    k: int = FOUND
    collections: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_COLLECTIONS)] = ()


class Ask(msgspec.Struct, frozen=True):
    """What `ask` takes."""

    question: str
    assistant: str = "default"


@post("/mcp", permission=("chat", "search"), status_code=200)
async def mcp_door(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> ASGIApp:
    """One message of a client, and its answer: nothing is remembered between two of them."""
    # The protocol's package takes a second to import: only where it is used, and in a thread.
    manager = await asyncio.to_thread(import_module, "mcp.server.streamable_http_manager")
    security = await asyncio.to_thread(import_module, "mcp.server.transport_security")
    door = manager.StreamableHTTPSessionManager(
        app=_server(services, request.user, request.receive),
        json_response=True,
        stateless=True,
        max_request_body_size=MAX_BODY,
        # Whoever comes here has a bearer, which no page of a stranger's can send.
        security_settings=security.TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async with door.run():
            await door.handle_request(scope, receive, send)

    return answer


def _server(services: Services, principal: Principal, receive: Any) -> Server[Any]:
    """The protocol's server for one principal."""
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolRequestParams, ListToolsResult, Tool, ToolAnnotations

    async def listed(*_: Any) -> ListToolsResult:
        reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        asks = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=True)
        return ListToolsResult(
            tools=[
                Tool(name="search_documents", description=SEARCH_SAYS, input_schema=SEARCH, annotations=reads),
                Tool(name="ask", description=ASK_SAYS, input_schema=ASK, annotations=asks),
            ]
        )

    async def called(_: Any, params: CallToolRequestParams) -> CallToolResult:
        try:
            return await _call(services, principal, params.name, params.arguments or {}, receive)
        except Exception as error:  # said to the model in words; only a refusal of ours has any
            refusal = refusal_of(error)
            if refusal.code == "internal":
                log.error("failed", error=type(error).__name__, exc_info=error)
            return _result(f"{refusal.detail} ({refusal.code})", {"code": refusal.code}, failed=True)

    return Server("colloquy", on_list_tools=listed, on_call_tool=called)


async def _call(
    services: Services, principal: Principal, name: str, given: dict[str, Any], receive: Any
) -> CallToolResult:
    match name:
        case "search_documents":
            search = _taken(given, Search)
            found = await services.documents.search_documents(
                principal, search.query, search.k, collections=search.collections
            )
            passages = msgspec.to_builtins(found)
            return _result(msgspec.json.encode(passages).decode(), {"passages": passages})
        case "ask":
            return await _ask(services, principal, _taken(given, Ask), receive)
        case _:
            raise NotFound("There are two tools: search_documents and ask.")


async def _ask(services: Services, principal: Principal, ask: Ask, receive: Any) -> CallToolResult:
    if not ask.question.strip():
        raise EmptyPrompt
    if len(ask.question) > MAX_QUESTION:
        raise PromptTooLong(f"A question has at most {MAX_QUESTION} characters.")
    asked = await services.exchanges.ask(principal, Exchange(assistant=ask.assistant, question=ask.question))
    end = await Heard(services.exchanges.follow, asked).unless(gone(receive))
    if isinstance(end, f.Failed):
        raise refusal_named(end.error)
    assert isinstance(end, f.Completed), "a turn has one of two ends"
    told = {"answer": end.text, "citations": end.citations, "session_id": asked.live.id.id}
    return _result(end.text, told)


def _taken(given: dict[str, Any], kind: type[Search] | type[Ask]) -> Any:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidField(str(error)[:300]) from None


def _result(text: str, told: dict[str, Any], *, failed: bool = False) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(text=text)], structured_content=told, is_error=failed)
