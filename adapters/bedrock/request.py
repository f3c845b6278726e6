"""A ModelCall, its messages and its tools in the words of Bedrock's Converse request."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import msgspec

from application.ports.models.model import (
    Block,
    Fence,
    Message,
    ModelCall,
    Picture,
    Text,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from domain.models import Model, row_of
from domain.usage import estimate_tokens

A_TURN = 2
"""Messages of a turn that has ended: its question and its answer."""
NOTHING = "(nothing)"
"""What a tool said that said nothing: a blank text is an invalid request."""


def converse_request(call: ModelCall) -> dict[str, Any]:
    """The body of a ConverseStream request. `maxTokens` is always there: Bedrock reserves quota by it, and without it
    the model's maximum. Cache points stand where the prompt stops being the same: after the system blocks, and after
    the conversation so far, wherever the model would keep what is before them. A temperature goes to models that are
    known to take one: to others any is an invalid request.

    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """
    row = row_of(call.model)
    messages = converse_messages(call.messages)
    request: dict[str, Any] = {
        "messages": messages,
        "inferenceConfig": {"maxTokens": call.max_tokens},
        "requestMetadata": call.metadata,
    }
    if row is not None and row.temperature:
        request["inferenceConfig"]["temperature"] = call.temperature
    if call.system:
        request["system"] = [{"text": text} for text in call.system]
    if row is not None and row.least_cached and call.cache != "off":
        _mark(request, call, row)
    if call.tools:
        request["toolConfig"] = {"tools": [_tool(tool) for tool in call.tools]}
    return request


def _mark(request: dict[str, Any], call: ModelCall, row: Model) -> None:
    """Cache points after each part that stays the same, as far as it is long enough to be kept."""
    point = {"cachePoint": {"type": "default"} | ({"ttl": "1h"} if call.cache == "1h" and row.cache_1h else {})}
    first = sum(estimate_tokens(text) for text in call.system)
    first += sum(estimate_tokens(tool.description) + len(str(tool.input_schema)) // 4 for tool in call.tools)
    if call.system and first >= row.least_cached:
        request["system"].append(point)
    for last in _ends(call):
        if first + sum(estimate_tokens(message.text) for message in call.messages[:last]) >= row.least_cached:
            request["messages"][last - 1]["content"].append(point)


def _ends(call: ModelCall) -> Iterable[int]:
    """Behind which messages the conversation so far ends: where it ended for the call before this one, which is read
    from the cache, and where it ends now, which the next one will read."""
    return (end for end in (call.stable_messages - A_TURN, call.stable_messages) if end > 0)


def converse_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages of a conversation; TypeError for a fence, which no model is to see."""
    return [{"role": message.role, "content": [_block(block) for block in message.content]} for message in messages]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text():
            return {"text": block.text}
        case ToolUse():
            asked = msgspec.json.decode(block.input)
            return {"toolUse": {"toolUseId": block.tool_use_id, "name": block.name, "input": asked}}
        case ToolResult():
            words = block.content if not isinstance(block.content, str) or block.content.strip() else NOTHING
            told = {"text": words} if isinstance(words, str) else {"json": words}
            failed = {"status": "error"} if block.failed else {}
            return {"toolResult": {"toolUseId": block.tool_use_id, "content": [told], **failed}}
        case Picture():
            kind = block.media_type.removeprefix("image/")
            return {"image": {"format": kind, "source": {"bytes": base64.b64encode(block.data).decode()}}}
        case Fence():
            raise TypeError("a fence is for the gateway: its tag is drawn before the call leaves")


def _tool(tool: ToolSpec) -> dict[str, Any]:
    schema = {"json": tool.input_schema}
    return {"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": schema}}
