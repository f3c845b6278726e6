"""A ModelCall in the words of Bedrock's Converse request."""

from __future__ import annotations

from typing import Any

from application.ports.model import ModelCall


def converse_request(call: ModelCall) -> dict[str, Any]:
    """The arguments of `converse_stream`. `maxTokens` is always there: Bedrock reserves quota by it, and without it
    the model's maximum. The cache point stands after the first system block, the stable prefix."""
    request: dict[str, Any] = {
        "modelId": call.model,
        "messages": [{"role": message.role, "content": message.content} for message in call.messages],
        "inferenceConfig": {"maxTokens": call.max_tokens, "temperature": call.temperature},
        "requestMetadata": call.metadata,
    }
    if call.system:
        request["system"] = _system(call)
    if call.tools:
        request["toolConfig"] = {"tools": list(call.tools)}
    return request


def _system(call: ModelCall) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"text": text} for text in call.system]
    if call.cache_prefix:
        point = {"type": "default"} if call.cache_ttl == "5m" else {"type": "default", "ttl": call.cache_ttl}
        blocks.insert(1, {"cachePoint": point})
    return blocks
