"""The rules of a Converse request that Bedrock checks before anything is billed."""

from __future__ import annotations

from typing import Any

from infra.local.bedrock.token_count import count_request

CONTEXT_TOKENS = 200_000
PICTURE_FORMATS = ("png", "jpeg", "gif", "webp")
MOST_PICTURES, MOST_PICTURE_BYTES = 20, 3_750_000
MUST_BEGIN = "A conversation must start with a user message. Try again with one that starts with a user message."
TRAILING_SPACE = "messages: final assistant content cannot end with trailing whitespace"


def complaint(body: Any) -> str | None:
    """What Bedrock would say against the request; None when it would not."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list) or not body["messages"]:
        return MUST_BEGIN
    most = body.get("inferenceConfig", {}).get("maxTokens", 1)
    if not isinstance(most, int) or most < 1:
        return "Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value of at least 1"
    return _of_messages(body["messages"]) or _of_pictures(body["messages"]) or _of_size(body)


def _of_messages(messages: list[Any]) -> str | None:
    expected = "user"
    calls: set[str] = set()
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
        answered = {block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block}
        if message["role"] == "user" and answered != calls:
            return "The number of toolResult blocks must equal the toolUse blocks of the previous turn, with their ids."
        calls = {block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block}
    ending = messages[-1]["content"][-1].get("text", "")
    if messages[-1]["role"] == "assistant" and ending != ending.rstrip():
        return TRAILING_SPACE
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
