"""A Converse request in the words of OpenAI's chat completions.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.bedrock.faults import CallRefused

INFERENCE = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
CHOICES = {"auto": "auto", "any": "required"}
UNSAID = ("cachePoint", "reasoningContent")  # what only Bedrock needs to hear


def chat_request(body: dict[str, Any], model: str) -> dict[str, Any]:
    """A request for a stream with its usage; `body` is a valid Converse request. A beginning of the answer that the
    caller wrote stays the last message: servers go on from there, or begin anew, as they are made."""
    request: dict[str, Any] = {"model": model, "messages": list(_messages(body))}
    request |= {"stream": True, "stream_options": {"include_usage": True}}
    for name, value in body.get("inferenceConfig", {}).items():
        if name in INFERENCE:
            request[INFERENCE[name]] = value
    return request | _tools(body.get("toolConfig", {}))


def _messages(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if system := _joined(body.get("system", [])):
        yield {"role": "system", "content": system}
    for message in body["messages"]:
        said = [block for block in message["content"] if not any(name in block for name in UNSAID)]
        if message["role"] == "assistant":
            yield _of_assistant(said)
        else:
            yield from _of_user(said)


def _of_assistant(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": _joined(blocks)}
    calls = [_call(block["toolUse"]) for block in blocks if "toolUse" in block]
    return message | ({"tool_calls": calls} if calls else {})


def _call(use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": use["name"], "arguments": json.dumps(use.get("input", {}), ensure_ascii=False)}
    return {"id": use["toolUseId"], "type": "function", "function": function}


def _of_user(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each tool's result is a message of its own, and what else was said follows in one."""
    for block in blocks:
        if result := block.get("toolResult"):
            yield {"role": "tool", "tool_call_id": result["toolUseId"], "content": _told(result)}
    rest = [block for block in blocks if "toolResult" not in block]
    if all("text" in block for block in rest):
        if rest:
            yield {"role": "user", "content": _joined(rest)}
    else:
        yield {"role": "user", "content": [_part(block) for block in rest]}


def _told(result: dict[str, Any]) -> str:
    parts = [part["text"] if "text" in part else json.dumps(part.get("json")) for part in result.get("content", [])]
    return ("Error: " if result.get("status") == "error" else "") + "\n\n".join(parts)


def _part(block: dict[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "image" in block:
        image = block["image"]
        url = f"data:image/{image['format']};base64,{image['source']['bytes']}"
        return {"type": "image_url", "image_url": {"url": url}}
    raise CallRefused("validation", f"This stand-in's model is not sent blocks of the kind {', '.join(block)}.")


def _joined(blocks: list[dict[str, Any]]) -> str:
    return "\n\n".join(block["text"] for block in blocks if "text" in block)


def _tools(config: dict[str, Any]) -> dict[str, Any]:
    specs = [tool["toolSpec"] for tool in config.get("tools", []) if "toolSpec" in tool]
    if not specs:
        return {}
    tools = [
        {
            "type": "function",
            "function": {
                "name": spec["name"],
                "description": spec.get("description", ""),
                "parameters": spec["inputSchema"]["json"],
            },
        }
        for spec in specs
    ]
    choice = config.get("toolChoice") or {"auto": {}}
    if "tool" in choice:
        return {"tools": tools, "tool_choice": {"type": "function", "function": {"name": choice["tool"]["name"]}}}
    return {"tools": tools, "tool_choice": CHOICES[next(iter(choice))]}
