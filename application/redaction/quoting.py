"""What others wrote, on its way into a prompt: as data that cannot write the marks that only we set.

A fence stands around it: two tags that hold a mark drawn for each call, which nobody who wrote a document, a title or a
tool's answer can know. Prompts hold the two as blocks (`FENCE`); the gateway draws mark and tags when a call leaves.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any, Literal

from application.ports.models.model import Block, Fence, Message, Text, ToolResult

FENCE = (Fence("begin"), Fence("end"))
"""Blocks that stand before and behind what others wrote."""
MAX_TITLE = 200
_OWN = secrets.token_bytes(32)
_NUMBERS = r"\d{1,3}(?:[ ]{0,2}[,;–-][ ]{0,2}\d{1,3}){0,20}"
_MARK = re.compile(
    rf"(?:(?<![\w)\]])|(?<=[\u0e00-\uffff]))[\[［]{_NUMBERS}[\]】］]|[\[［]\^{_NUMBERS}[\]】］]|【\^?{_NUMBERS}[\]】］]"
)
"""Our marks of passages, in every spelling that counts as one; `a[0]` in code is none."""
_LABEL = re.compile(r"^([ \t]*+)(?=(?:question|passages)[ \t]*+:)", re.IGNORECASE | re.MULTILINE)
_FENCE_TAG = re.compile(r"<(?=/?data-)", re.IGNORECASE)


def as_data(text: str) -> str:
    """The text with what looks like our marks written so that it is none: `[1]` becomes `(1)`, a line that begins like
    one of our labels is quoted, a fence's tag is no tag."""
    text = (
        _MARK.sub(lambda mark: f"({mark[0][1:-1].lstrip('^')})", text)
        if "[" in text or "【" in text or "［" in text
        else text
    )
    text = _LABEL.sub(r"\1> ", text) if ":" in text else text
    return _FENCE_TAG.sub("&lt;", text) if "<" in text else text


def as_data_value(value: Any) -> Any:
    """The same for every string of a JSON value, keys too."""
    if isinstance(value, str):
        return as_data(value)
    if isinstance(value, list):
        return [as_data_value(item) for item in value]
    if isinstance(value, dict):
        return {as_data(key): as_data_value(item) for key, item in value.items()}
    return value


def as_title(text: str) -> str:
    """A title on one line, of at most `MAX_TITLE` characters."""
    return as_data(" ".join(text.split())[:MAX_TITLE])


def draw_mark() -> str:
    """A mark of 12 hexadecimal digits that nobody can guess."""
    return secrets.token_hex(6)


def lasting_mark(session: str) -> str:
    """The mark of a session in this process: as little to be guessed, and the same from call to call."""
    return hashlib.blake2b(session.encode(), key=_OWN, digest_size=6).hexdigest()


def fence_tag(edge: Literal["begin", "end"], mark: str) -> str:
    """The tag that begins or ends a fence."""
    return f"<data-{mark}>\n" if edge == "begin" else f"</data-{mark}>\n\n"


def fenced(text: str, mark: str) -> str:
    """A text between the two tags."""
    return f"{fence_tag('begin', mark)}{text}\n{fence_tag('end', mark).rstrip()}"


def draw_fences(message: Message, mark: str) -> Message:
    """A message as it may leave: tags in place of its fences, and around what tools said in words. A tool's JSON cannot
    leave its own braces."""
    return Message(message.role, tuple(_drawn(block, mark) for block in message.content))


def _drawn(block: Block, mark: str) -> Block:
    match block:
        case Fence():
            return Text(fence_tag(block.edge, mark))
        case ToolResult(content=str(words)):
            return ToolResult(block.tool_use_id, fenced(words, mark), block.failed)
    return block
