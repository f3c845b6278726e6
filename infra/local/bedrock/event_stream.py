"""Writes AWS's event stream encoding: frames of ConverseStream's events, exceptions and errors."""

from __future__ import annotations

import json
import struct
import zlib
from functools import lru_cache
from typing import Any

MEDIA_TYPE = "application/vnd.amazon.eventstream"
PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    block = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


def event(name: str, body: dict[str, Any]) -> bytes:
    """One event. Like Bedrock's own it carries `p`, padding that hides how long the text is."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    padded = {**body, "p": PADDING[: 1 + zlib.crc32(text.encode()) % len(PADDING)]}
    payload = json.dumps(padded, ensure_ascii=False, separators=(",", ":")).encode()
    return _frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


@lru_cache(maxsize=8_192)
def text_delta(text: str, index: int) -> bytes:
    """A `contentBlockDelta` with text; answers repeat themselves, so encoded ones are kept."""
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": text}})


def exception(name: str, message: str, **more: Any) -> bytes:
    """A modelled exception inside a stream; `name` in camel case, as Bedrock writes it there."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return _frame(headers, json.dumps({"message": message, **more}).encode())


def error(code: str, message: str) -> bytes:
    """An unmodelled error inside a stream."""
    return _frame({":error-code": code, ":error-message": message, ":message-type": "error"}, b"")


def not_json(name: str) -> bytes:
    """A frame whose checksums are right and whose payload is no JSON."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return _frame(headers, b'{"contentBlockIndex":0,"delta":')
