"""The rules of a Converse request that Bedrock checks before anything is billed."""

from __future__ import annotations

import re
from typing import Any

from infra.local.bedrock.token_count import count_request

CONTEXT_TOKENS = 200_000
PICTURE_FORMATS = ("png", "jpeg", "gif", "webp")
MOST_PICTURES, MOST_PICTURE_BYTES = 20, 3_750_000
MUST_BEGIN = "A conversation must start with a user message. Try again with one that starts with a user message."
TRAILING_SPACE = "messages: final assistant content cannot end with trailing whitespace"


_VERSION = re.compile(r"claude-(?:[a-z]+-)?([0-9]{1,2})(?:-([0-9]{1,2})(?![0-9]))?")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def version_of(model: str) -> tuple[int, int]:
    """The version in a Claude model's id; (0, 0) when it names none."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def complaint(body: Any, model: str = "") -> str | None:
    """What Bedrock would say against the request to this model; None when it would not."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        return MUST_BEGIN
    most = body.get("inferenceConfig", {}).get("maxTokens", 1)
    if not isinstance(most, int) or most < 1:
        return "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value of at least 1"
    said = body["messages"]
    return _of_model(body, model) or _of_messages(said) or _of_pictures(said) or _of_tools(body) or _of_size(body)


def _of_model(body: dict[str, Any], model: str) -> str | None:
    """Claude since 4.6 takes no text to go on with, and since Opus 4.7 no sampling parameters."""
    version = version_of(model)
    last = body["messages"][-1]
    if version >= (4, 6) and isinstance(last, dict) and last.get("role") == "assistant":
        return "This model does not support assistant message prefill. The conversation must end with a user message."
    sampled = [name for name in ("temperature", "topP") if name in body.get("inferenceConfig", {})]
    if version >= (4, 7) and sampled:
        return f"The model returned the following errors: `{sampled[0]}` is deprecated for this model."
    if len(sampled) == 2 and version >= (4, 5):
        return "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    return None


def _of_tools(body: dict[str, Any]) -> str | None:
    for tool in body.get("toolConfig", {}).get("tools", []):
        spec = tool.get("toolSpec")
        if spec is None:
            continue
        schema = spec.get("inputSchema", {}).get("json", {})
        if not _NAME.fullmatch(str(spec.get("name", ""))):
            return "Value at 'toolConfig.tools.toolSpec.name' failed to satisfy constraint: [a-zA-Z0-9_-]+"
        if schema.get("type") != "object" or any(word in schema for word in ("anyOf", "oneOf", "allOf")):
            return "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
    return None


def _of_messages(messages: list[Any]) -> str | None:
    expected = "user"
    calls: set[str] = set()
    ids: set[str] = set()
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("content"), list) or not message["content"]:
            return f"The content field in the Message object at messages.{index} is empty. Add a ContentBlock object."
        if message.get("role") != expected:
            return "A conversation must alternate between user and assistant roles and start with a user message."
        expected = "assistant" if expected == "user" else "user"
        for block in message["content"]:
            if "text" in block and not str(block["text"]).strip():
                return (
                    f"The text field in the ContentBlock object at messages.{index}.content is blank. Add text to it."
                )
            if "toolUse" in block and (wrong := _of_use(block["toolUse"], ids)):
                return wrong
            for told in block.get("toolResult", {}).get("content", []):
                if "text" in told and not str(told["text"]).strip():
                    return f"The text field in the ToolResultContentBlock object at messages.{index}.content is blank."
        answered = {block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block}
        if message["role"] == "user" and answered != calls:
            return "The number of toolResult blocks must equal the toolUse blocks of the previous turn, with their ids."
        calls = {block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block}
    ending = messages[-1]["content"][-1].get("text", "")
    if messages[-1]["role"] == "assistant" and ending != ending.rstrip():
        return TRAILING_SPACE
    return None


def _of_use(use: dict[str, Any], ids: set[str]) -> str | None:
    """A call that the model made, as it is said back: the id is no other's."""
    id = str(use.get("toolUseId", ""))
    if not _NAME.fullmatch(id) or not _NAME.fullmatch(str(use.get("name", ""))):
        return "Value at 'messages.member.content.member.toolUse' failed to satisfy constraint: [a-zA-Z0-9_-]+"
    if id in ids:
        return "messages: `tool_use` ids must be unique"
    ids.add(id)
    return None


def _of_pictures(messages: list[Any]) -> str | None:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html"""
    found = [(m["role"], block["image"]) for m in messages for block in m["content"] if "image" in block]
    for role, image in found:
        data = image.get("source", {}).get("bytes", "")
        if role != "user" or image.get("format") not in PICTURE_FORMATS or not data:
            return "The provided image is not one of png, jpeg, gif and webp in a message of the user."
        if len(data) * 3 // 4 > MOST_PICTURE_BYTES:
            return "The image exceeds the maximum size of 3.75 MB."
    return f"At most {MOST_PICTURES} images are taken." if len(found) > MOST_PICTURES else None


def _of_size(body: dict[str, Any]) -> str | None:
    return "Input is too long for requested model." if count_request(body) > CONTEXT_TOKENS else None
