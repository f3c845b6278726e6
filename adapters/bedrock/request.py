"""A ModelCall, its messages and its tools in the words of Bedrock's Converse request."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import msgspec

from application.ports.model import Block, Fence, Message, ModelCall, Picture, Text, ToolResult, ToolSpec, ToolUse


def converse_request(call: ModelCall) -> dict[str, Any]:
    """The body of a ConverseStream request. `maxTokens` is always there: Bedrock reserves quota by it, and without it
    the model's maximum. Cache points stand where the prompt stops being the same: after the system blocks, and after
    the conversation so far. A prefix that is too short for the model's cache costs nothing by being marked.

    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """
    point = _cache_point(call)
    messages = converse_messages(call.messages)
    if point and call.stable_messages:
        last = messages[call.stable_messages - 1]
        last["content"] += point
    request: dict[str, Any] = {
        "messages": messages,
        "inferenceConfig": {"maxTokens": call.max_tokens, "temperature": call.temperature},
        "requestMetadata": call.metadata,
    }
    if call.system:
        request["system"] = [*({"text": text} for text in call.system), *point]
    if call.tools:
        request["toolConfig"] = {"tools": [_tool(tool) for tool in call.tools]}
    return request


def _cache_point(call: ModelCall) -> list[dict[str, Any]]:
    if call.cache == "off":
        return []
    return [{"cachePoint": {"type": "default"} | ({"ttl": "1h"} if call.cache == "1h" else {})}]


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
            told = {"text": block.content} if isinstance(block.content, str) else {"json": block.content}
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
