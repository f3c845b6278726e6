"""What a definition of a tool, and the name of a dataset, may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from domain.refusals import InvalidCharacter, InvalidField
from domain.tenant.tool import Mcp, Query, Tool, Webhook

MAX_DESCRIPTION = 4_000
MAX_SCHEMA = 32_768
MAX_SQL = 8_000
MAX_URL = 2_000
MOST_SERVER_TOOLS = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PROPERTY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DATASET = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON spells it; two backslashes before it are one."""
COMBINED = ("anyOf", "oneOf", "allOf")
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}


def check_tool(name: str, tool: Tool) -> None:
    """InvalidField (or InvalidCharacter) names the first field that cannot be. Names of tools and of properties are
    what models' providers take. Whether SQL, address and schema really work is for those to say who run them."""
    if not _NAME.fullmatch(name):
        raise InvalidField("name: 1 to 64 letters, digits, dashes and underscores, a letter or digit first")
    if [tool.query, tool.webhook, tool.mcp].count(None) != 2:
        raise InvalidField("query, webhook, mcp: exactly one of them")
    if tool.mcp:
        return _check_server_tools(name, tool.mcp)
    if not tool.description.strip() or len(tool.description) > MAX_DESCRIPTION:
        raise InvalidField(f"description: 1 to {MAX_DESCRIPTION} characters that tell a model when to call the tool")
    _check_schema(tool.input_schema)
    match tool.query or tool.webhook:
        case Query(dataset=dataset, sql=sql):
            check_dataset_name(dataset, "query.dataset")
            _bounded("query.sql", sql, MAX_SQL)
        case Webhook(url=url):
            _bounded("webhook.url", url, MAX_URL)
    if "\0" in tool.description:
        raise InvalidCharacter
    return None


def _check_server_tools(name: str, mcp: Mcp) -> None:
    _bounded("mcp.url", mcp.url, MAX_URL)
    if not 1 <= len(mcp.tools) <= MOST_SERVER_TOOLS or len({one.name for one in mcp.tools}) < len(mcp.tools):
        raise InvalidField(f"mcp.tools: 1 to {MOST_SERVER_TOOLS} names of the server's tools, each once")
    for one in mcp.tools:
        if not _NAME.fullmatch(offered_name(name, one.name)):
            raise InvalidField(
                f"mcp.tools: {one.name[:60]}: after the tool's own name and `__` models take no such name"
            )
        _check_schema(one.input_schema)


def offered_name(name: str, server_tool: str) -> str:
    """What a model calls a tool of a server by."""
    return f"{name}__{server_tool}"


def offered(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """Tools as models are told of them: each of a server's is one of its own."""
    found = dict[str, Tool]()
    for name, tool in tools.items():
        if tool.mcp is None:
            found[name] = tool
            continue
        for one in tool.mcp.tools:
            found[offered_name(name, one.name)] = msgspec.structs.replace(
                tool,
                description=one.description,
                input_schema=one.input_schema,
                effects=tool.effects or one.effects,
                mcp=msgspec.structs.replace(tool.mcp, tools=(one,)),
            )
    return found


def check_dataset_name(name: str, field: str = "name") -> None:
    """A name that SQL can say: InvalidField otherwise."""
    if not _DATASET.fullmatch(name):
        raise InvalidField(f"{field}: 1 to 63 letters, digits, dashes and underscores, a letter first")


def parameter_types(schema: dict[str, Any]) -> dict[str, str]:
    """The properties of an input schema that SQL can take as a parameter, each with its type: `text`, `integer`,
    `number`, `boolean`, or one of these with `[]`. A property whose type is open is text."""
    found = {}
    for name, property in schema.get("properties", {}).items():
        kind = _type_of(property)
        items = property.get("items", {})
        inner = _type_of(items) if kind == "array" and isinstance(items, dict) else ""
        if kind in _TYPES:
            found[name] = _TYPES[kind]
        elif inner in _TYPES:
            found[name] = f"{_TYPES[inner]}[]"
    return found


def defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """What the schema says a property is when it is left out."""
    properties = schema.get("properties", {}).items()
    return {name: property["default"] for name, property in properties if "default" in property}


def _type_of(property: dict[str, Any]) -> str:
    kind = property.get("type", "string")
    return next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else str(kind)


def _check_schema(schema: dict[str, Any]) -> None:
    if schema.get("type") != "object":
        raise InvalidField('input_schema: its type is "object"')
    if unlawful := [word for word in COMBINED if word in schema]:
        raise InvalidField(f"input_schema: no {', '.join(unlawful)} at its top, where models take one object")
    properties = schema.get("properties", {})
    if not isinstance(properties, dict) or not all(isinstance(property, dict) for property in properties.values()):
        raise InvalidField("input_schema.properties: an object of schemas")
    for name in properties:
        if not _PROPERTY.fullmatch(name):
            raise InvalidField("input_schema.properties: 1 to 64 letters, digits, dots, dashes and underscores each")
    encoded = msgspec.json.encode(schema)
    if len(encoded) > MAX_SCHEMA:
        raise InvalidField(f"input_schema: at most {MAX_SCHEMA} bytes")
    if _NUL.search(encoded):
        raise InvalidCharacter


def _bounded(field: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or "\0" in text:
        raise InvalidField(f"{field}: 1 to {most} characters")
