"""How many tokens a request is: about four bytes of text each, the same number every time."""

from __future__ import annotations

import json
from typing import Any

PICTURE_TOKENS = 1_600


def count_text(text: str) -> int:
    """Tokens of one text; none for none."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def count_block(block: dict[str, Any]) -> int:
    """Tokens of one content block; whatever is no text counts as the JSON that it is."""
    if "cachePoint" in block:
        return 0
    if "image" in block:
        return PICTURE_TOKENS
    if set(block) == {"text"}:
        return count_text(str(block["text"]))
    return count_text(json.dumps(block, ensure_ascii=False, separators=(",", ":")))


def count_request(body: dict[str, Any]) -> int:
    """Input tokens of a Converse request: tools, system and messages; at least one."""
    blocks = [*body.get("toolConfig", {}).get("tools", []), *body.get("system", [])]
    blocks += [block for message in body.get("messages", []) for block in message.get("content", [])]
    return max(1, sum(count_block(block) for block in blocks))


def cut_to(text: str, tokens: int) -> str:
    """The longest beginning of `text` that is at most `tokens` tokens."""
    return text.encode()[: tokens * 4].decode("utf-8", "ignore")
