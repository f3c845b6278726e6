"""The AsyncAPI 3 document of `chat.v1`, made from the types of its frames (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

import msgspec
from msgspec import UnsetType

from api.connections import client_frames
from application.sessions import feed_frames
from domain.session.events import Citation

NOTICES = (
    client_frames.SessionWatched,
    client_frames.Error,
    client_frames.Pong,
    client_frames.AuthExpiring,
    client_frames.SessionDraining,
)
TITLE, VERSION = "Colloquy chat.v1", "1"
ABOUT = """JSON text frames over one WebSocket, 256 KiB at most. The first frame is `session.open`; the subprotocol is
`chat.v1`, credentials are a bearer or a subprotocol `ticket.<id>`. Unknown types and fields are to be ignored. Deltas
after the last `turn.reset`, joined, equal `turn.completed.text`; each turn ends in exactly one of `turn.completed` and
`turn.failed`."""
CLOSE_CODES = """Close codes: 1000, 1003 binary frame, 1009 too big, 1011 keepalive, 1012 restarting, 1013 overloaded,
4400 protocol, 4401 credentials, 4403 forbidden, 4404 no such session, 4408 timeout, 4429 too many."""


class TurnError(msgspec.Struct, kw_only=True):
    """Why a turn failed: a public code, a sentence for people, and whether asking again can help."""

    code: str
    message: str
    retryable: bool
    trace_id: str
    retry_after_s: float | UnsetType = msgspec.UNSET


class Tokens(msgspec.Struct, kw_only=True):
    """Tokens as they are billed."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


class PastTurn(msgspec.Struct, kw_only=True):
    """A finished turn, as `GET /v1/sessions/{id}/turns` lists it."""

    turn_id: str
    client_id: str
    status: Literal["completed", "cancelled", "failed"]
    question: str
    answer: str
    model: str
    cached: Literal["exact", "semantic"] | bool
    cost_usd: str
    usage: Tokens
    citations: list[Citation]
    ms: int
    ttft_ms: int
    finish_reason: Literal["stop", "length", "content_filter", "incomplete"] | None
    error: TurnError | UnsetType = msgspec.UNSET


# What a frame's own type leaves open, for what is put into it is made elsewhere.
REFINED: dict[tuple[str, str], Any] = {
    ("session.opened", "history"): list[PastTurn],
    ("turn.step", "status"): Literal["started", "finished"],
    ("turn.cache_hit", "layer"): Literal["exact", "semantic"],
    ("turn.tool_call", "status"): Literal["waiting", "started", "completed", "failed", "refused"],
    ("turn.completed", "status"): Literal["completed", "cancelled"],
    ("turn.completed", "citations"): list[Citation],
    ("turn.completed", "cached"): Literal["exact", "semantic"] | Literal[False],
    ("turn.completed", "usage"): Tokens,
    ("turn.completed", "finish_reason"): Literal["stop", "length", "content_filter", "incomplete"],
    ("turn.failed", "error"): TurnError,
}
REF = "#/components/schemas/{name}"


@cache
def chat_document() -> dict[str, Any]:
    """The document; a client sends what the operation `say` lists, and hears what `hear` lists."""
    client = {name: _message(name, kind, _sent) for name, kind in client_frames.CLIENT_FRAMES.items()}
    server = {
        name: _message(name, kind, _said)
        for kind in (*NOTICES, *get_args(feed_frames.AnyFrame))
        if (name := str(kind.__struct_config__.tag))
    }
    messages = client | server
    keys = {name: name.replace(".", "_") for name in messages}
    channel = {"$ref": "#/channels/chat"}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": TITLE, "version": VERSION, "description": f"{ABOUT}\n\n{CLOSE_CODES}"},
        "defaultContentType": "application/json",
        "channels": {
            "chat": {
                "address": "/v1/chat",
                "messages": {keys[name]: {"$ref": f"#/components/messages/{keys[name]}"} for name in messages},
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {
            "say": {
                "action": "receive",
                "summary": "What a client sends.",
                "channel": channel,
                "messages": [{"$ref": f"#/channels/chat/messages/{keys[name]}"} for name in client],
            },
            "hear": {
                "action": "send",
                "summary": "What the server sends.",
                "channel": channel,
                "messages": [{"$ref": f"#/channels/chat/messages/{keys[name]}"} for name in server],
            },
        },
        "components": {
            "messages": {keys[name]: message for name, (message, _) in messages.items()},
            "schemas": {name: part for _, (_, parts) in messages.items() for name, part in parts.items()},
        },
    }


def schema_of_message(name: str) -> dict[str, Any]:
    """The schema of a frame by its type, with all that it refers to; KeyError for one that is not documented."""
    document = chat_document()
    message = document["components"]["messages"][name.replace(".", "_")]
    return {**message["payload"], "components": {"schemas": document["components"]["schemas"]}}


def _message(name: str, kind: type[msgspec.Struct], schema: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = _parts(kind)
    payload = parts.pop(kind.__name__)
    words = payload.pop("description", "")
    payload.pop("title", None)
    schema(name, kind, payload, parts)
    return {"name": name, "title": name, "summary": words, "payload": payload}, parts


def _sent(name: str, _: type[msgspec.Struct], payload: dict[str, Any], __: dict[str, Any]) -> None:
    """A client's frame: its type is no field of ours, for it is read by it."""
    payload["properties"] = {"type": {"const": name}} | payload["properties"]
    payload["required"] = ["type", *payload.get("required", ())]


def _said(name: str, kind: type[msgspec.Struct], payload: dict[str, Any], parts: dict[str, Any]) -> None:
    """A server's frame: what has a default is there too, for only what is unset is left out."""
    fields = msgspec.structs.fields(kind)
    for field in fields:
        if (refined := REFINED.get((name, field.encode_name))) is not None:
            parts |= _parts(refined)
            (schema,), _ = msgspec.json.schema_components([refined], ref_template=REF)
            payload["properties"][field.encode_name] = schema
    payload["properties"]["type"] = {"const": name}
    always = [field.encode_name for field in fields if UnsetType not in get_args(field.type)]
    payload["required"] = ["type", *always]


def _parts(kind: Any) -> dict[str, Any]:
    """The schemas of a type and of those in it, by name."""
    _, parts = msgspec.json.schema_components([kind], ref_template=REF)
    return {name: dict(part) for name, part in parts.items()}
