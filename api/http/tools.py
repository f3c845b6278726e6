"""A tenant's tools, as its admins define them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.services import Services
from application.tenants.put_tool import MAX_SECRET, WantedServer
from application.tools.webhook_signature import shown_secret, signing_secret
from domain.access import Principal
from domain.refusals import NotFound
from domain.tenant.tool import Mcp, Query, Tool, Webhook
from domain.tenant.tool_definitions import MAX_DESCRIPTION, MAX_SQL, MAX_URL, MOST_SERVER_TOOLS


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a webhook's server is. With `rotate_secret` requests are signed with a new secret from now on."""

    url: Annotated[str, Meta(max_length=MAX_URL)]
    rotate_secret: bool = False


class QueryBody(Query, frozen=True, kw_only=True):
    """A query as an admin gives it."""

    dataset: Annotated[str, Meta(max_length=63)]
    sql: Annotated[str, Meta(max_length=MAX_SQL)]


class HeaderBody(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is sent to a server; without a value that which was put before."""

    name: Annotated[str, Meta(max_length=64)]
    value: Annotated[str, Meta(max_length=MAX_SECRET)] = ""


class McpBody(msgspec.Struct, frozen=True, kw_only=True):
    """A server that speaks the Model Context Protocol, and which of its tools are taken."""

    url: Annotated[str, Meta(max_length=MAX_URL)]
    tools: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=MOST_SERVER_TOOLS)]
    header: HeaderBody | None = None


class ToolBody(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as an admin defines it."""

    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] = ""
    input_schema: Annotated[dict[Annotated[str, Meta(max_length=200)], Any], Meta(max_length=64)] = {}
    effects: bool = False
    confirm: bool = False
    personal: bool | None = None
    live: bool | None = None
    query: QueryBody | None = None
    webhook: WebhookBody | None = None
    mcp: McpBody | None = None


class ServerToolShown(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of a server, as the server described it."""

    name: str
    description: str
    input_schema: dict[str, Any]
    effects: bool


class McpShown(msgspec.Struct, frozen=True, kw_only=True):
    """A server, its tools, and the name of the secret header."""

    url: str
    tools: list[str]
    header: str | None
    described: list[ServerToolShown]


class WebhookShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where a webhook's server is."""

    url: str


class ToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A tool. `personal` and `live` are as they count, said or not. `signing_secret` is what a webhook's server checks
    our requests with (Standard Webhooks)."""

    name: str
    version: int
    description: str
    input_schema: dict[str, Any]
    effects: bool
    confirm: bool
    personal: bool
    live: bool
    query: Query | None
    webhook: WebhookShown | None
    mcp: McpShown | None
    signing_secret: str | None


@get("/v1/tools/{name:str}", permission="tenant:configure")
async def show_tool(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> ToolAnswer:
    """One tool of the caller's tenant."""
    tenant = await services.tenants.known.settings(request.user.tenant)
    if name not in tenant.tools:
        raise NotFound
    return await _answer(services, request.user.tenant, name, tenant.tools[name], tenant.tool_versions[name])


@put("/v1/tools/{name:str}", permission="tenant:configure")
async def put_tool(
    name: FromPath[str],
    data: JSONBody[ToolBody],
    request: Request[Principal, Any, Any],
    services: NamedDependency[Services],
) -> ToolAnswer:
    """Define one, whole."""
    fields = msgspec.structs.asdict(data)
    webhook = Webhook(url=data.webhook.url) if data.webhook else None
    rotate = data.webhook is not None and data.webhook.rotate_secret
    query = Query(dataset=data.query.dataset, sql=data.query.sql) if data.query else None
    tool = Tool(**fields | {"webhook": webhook, "query": query, "mcp": None})
    made = await services.tenants.put_tool(
        request.user, name, tool, rotate_secret=rotate, server=_wanted(data.mcp) if data.mcp else None
    )
    return await _answer(services, request.user.tenant, name, *made)


@delete("/v1/tools/{name:str}", permission="tenant:configure", status_code=204)
async def delete_tool(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Take one away that no assistant has."""
    await services.tenants.delete_tool(request.user, name)


async def _answer(services: Services, tenant: str, name: str, tool: Tool, version: int) -> ToolAnswer:
    webhook, secret = tool.webhook, None
    if webhook:
        secret = shown_secret(await signing_secret(services.tenants.sealer, tenant, name, webhook.secret))
    fields: dict[str, Any] = {field: getattr(tool, field) for field in tool.__struct_fields__}
    fields |= {"personal": tool.depends.personal, "live": tool.depends.live}
    fields |= {"webhook": WebhookShown(url=webhook.url) if webhook else None, "mcp": _shown(tool.mcp)}
    return ToolAnswer(name=name, version=version, signing_secret=secret, **fields)


def _wanted(body: McpBody) -> WantedServer:
    header = body.header
    return WantedServer(
        url=body.url,
        tools=tuple(body.tools),
        header=header.name if header else "",
        value=header.value if header else "",
    )


def _shown(mcp: Mcp | None) -> McpShown | None:
    """Without its secret."""
    if mcp is None:
        return None
    described = [msgspec.convert(one, ServerToolShown, from_attributes=True) for one in mcp.tools]
    return McpShown(url=mcp.url, tools=[one.name for one in mcp.tools], header=mcp.header or None, described=described)
