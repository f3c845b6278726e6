"""A ModelCall in the words of Bedrock's Converse request."""

from __future__ import annotations

from typing import Any

from application.ports.model import ModelCall


def converse_request(call: ModelCall) -> dict[str, Any]:
    """The arguments of `converse_stream`. `maxTokens` is always there: Bedrock reserves quota by it, and without it
    the model's maximum. Cache points stand where the prompt stops being the same: after the system blocks, and after
    the conversation so far. A prefix that is too short for the model's cache costs nothing by being marked.

    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """
    point = _cache_point(call)
    messages = [{"role": message.role, "content": message.content} for message in call.messages]
    if point and call.stable_messages:
        last = messages[call.stable_messages - 1]
        last["content"] = [*last["content"], *point]
    request: dict[str, Any] = {
        "modelId": call.model,
        "messages": messages,
        "inferenceConfig": {"maxTokens": call.max_tokens, "temperature": call.temperature},
        "requestMetadata": call.metadata,
    }
    if call.system:
        request["system"] = [*({"text": text} for text in call.system), *point]
    if call.tools:
        request["toolConfig"] = {"tools": list(call.tools)}
    return request


def _cache_point(call: ModelCall) -> list[dict[str, Any]]:
    if call.cache == "off":
        return []
    return [{"cachePoint": {"type": "default"} | ({"ttl": "1h"} if call.cache == "1h" else {})}]
