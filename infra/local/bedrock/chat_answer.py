"""The pieces of a chat completion as blocks of Converse, and as frames of ConverseStream."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import msgspec

from infra.local.bedrock import event_stream
from infra.local.bedrock.token_count import count_text

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_NAME = 64  # of a tool, in Converse
CHARACTERS_A_TOKEN = 16  # more than any tokenizer's tokens have on average
LEAST_ROOM = 1_000


class BrokenOff(Exception):
    """The answer broke off, or is none."""


class FunctionPiece(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class ToolPiece(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: FunctionPiece = msgspec.field(default_factory=FunctionPiece)


class Piece(msgspec.Struct):
    """What an answer has more of. Servers agree on no name for what a model thinks."""

    content: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolPiece] | None = None


class Choice(msgspec.Struct):
    delta: Piece | None = None
    message: Piece | None = None  # of an answer that is not streamed
    finish_reason: str | None = None


class CachedTokens(msgspec.Struct):
    cached_tokens: int | None = None


class ChatUsage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: CachedTokens | None = None


class Chunk(msgspec.Struct):
    choices: list[Choice] = []
    usage: ChatUsage | None = None
    error: Any = None
    object: str | None = None
    done: bool = False


class UpstreamAnswer:
    """One answer while it arrives: `take` gives the frames of what came, blocks one after the other. An answer that is
    longer than `max_tokens` can be is `over`: a server that knows no end is left there."""

    def __init__(self, input_tokens: int, max_tokens: int) -> None:
        self.blocks: list[dict[str, Any]] = []
        self.over = False
        self._input_tokens = input_tokens
        self._room = LEAST_ROOM + CHARACTERS_A_TOKEN * max_tokens
        self._pieces_left = self._room
        self._open = ""  # the kind of the last block, while it is open
        self._tool: tuple[int | None, str | None] = (None, None)
        self._finish, self._done = "", False
        self._usage: ChatUsage | None = None

    def take(self, chunk: Chunk) -> bytes:
        """Account for one piece; Broken when it fits nowhere."""
        frames = b""
        self._done = self._done or chunk.done
        self._usage = chunk.usage or self._usage
        self._pieces_left -= 1
        for choice in chunk.choices[:1]:
            piece = choice.message or choice.delta or Piece()
            if thought := piece.reasoning_content or piece.reasoning:
                frames += self._more("reasoningContent", thought)
            if piece.content:
                frames += self._more("text", piece.content)
            for tool in piece.tool_calls or ():
                frames += self._take_tool(tool)
            self._finish = choice.finish_reason or self._finish
        self.over = self.over or self._room < 0 or self._pieces_left < 0
        return frames

    def close(self) -> bytes:
        """The end of the last block; Broken when more was to come."""
        if not (self._finish or self._done or self.over):
            raise BrokenOff("the answer ended before its end")
        return self._end_block()

    @property
    def stop_reason(self) -> str:
        """In Bedrock's words; one that it has no word for stays as it is."""
        if self.over:
            return "max_tokens"
        called = any("toolUse" in block for block in self.blocks)
        reason = STOP_REASONS.get(self._finish or "stop", self._finish)
        if reason in ("end_turn", "tool_use"):  # servers say either after a call
            return "tool_use" if called else "end_turn"
        return reason

    def usage(self) -> dict[str, Any]:
        """In Bedrock's words; what the server did not count is estimated, and marked by a field of our own."""
        told = self._usage or ChatUsage()
        cached = (told.prompt_tokens_details and told.prompt_tokens_details.cached_tokens) or 0
        input_tokens, output_tokens = told.prompt_tokens or 0, told.completion_tokens or 0
        estimated = not input_tokens or (not output_tokens and bool(self.blocks))
        if estimated:
            input_tokens, cached, output_tokens = self._input_tokens, 0, self._estimate()
        cached = min(cached, input_tokens)
        usage: dict[str, Any] = {"inputTokens": input_tokens - cached, "outputTokens": output_tokens}
        usage |= {"totalTokens": input_tokens + output_tokens}
        usage |= {"cacheReadInputTokens": cached, "cacheWriteInputTokens": 0}
        return usage | ({"estimated": True} if estimated else {})

    def message(self) -> dict[str, Any]:
        """As Converse returns it: inputs of tools as objects, none where the model wrote no object."""
        return {"role": "assistant", "content": [_shown(block) for block in self.blocks]}

    def _estimate(self) -> int:
        return sum(count_text("".join(_written(block))) for block in self.blocks)

    def _more(self, kind: str, text: str) -> bytes:
        self._room -= len(text)
        frames = b""
        if self._open != kind:
            frames = self._end_block()
            self._open = kind
            self.blocks.append({kind: []})
        self.blocks[-1][kind].append(text)
        if kind == "text":
            return frames + event_stream.text_delta(text, self._index)
        return frames + self._delta({kind: {"text": text}})

    def _take_tool(self, piece: ToolPiece) -> bytes:
        """A piece of a call: of the one that is open, or of a new one. Some servers number no calls, some give all the
        same number; an id of its own or a name tells a new one from more of the last."""
        index, id = self._tool
        named = piece.function.name or ""
        same = self._open == "toolUse" and piece.index in (None, index) and (piece.id or id) == id
        frames = b""
        if not same or (named and piece.id is None and piece.index is None):
            if not named:
                raise BrokenOff("more of a tool call that has ended, or one without a name")
            frames = self._end_block() + self._begin_tool(piece, named)
        arguments = piece.function.arguments or ""
        if not arguments:
            return frames
        self._room -= len(arguments)
        self.blocks[-1]["toolUse"]["input"].append(arguments)
        return frames + self._delta({"toolUse": {"input": arguments}})

    def _begin_tool(self, piece: ToolPiece, name: str) -> bytes:
        self._open, self._tool = "toolUse", (piece.index, piece.id)
        self._room -= len(name)
        given = piece.id if piece.id and ID.fullmatch(piece.id) else f"tooluse_{uuid.uuid4().hex}"
        start = {"toolUseId": given, "name": name[:LONGEST_NAME]}
        self.blocks.append({"toolUse": {**start, "input": []}})
        return event_stream.event("contentBlockStart", {"contentBlockIndex": self._index, "start": {"toolUse": start}})

    @property
    def _index(self) -> int:
        return len(self.blocks) - 1

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return event_stream.event("contentBlockDelta", {"contentBlockIndex": self._index, "delta": delta})

    def _end_block(self) -> bytes:
        was, self._open = self._open, ""
        return event_stream.event("contentBlockStop", {"contentBlockIndex": self._index}) if was else b""


def _written(block: dict[str, Any]) -> list[str]:
    (value,) = block.values()
    return [value["name"], *value["input"]] if isinstance(value, dict) else value


def _shown(block: dict[str, Any]) -> dict[str, Any]:
    if tool := block.get("toolUse"):
        return {"toolUse": tool | {"input": _object("".join(tool["input"]))}}
    ((kind, parts),) = block.items()
    text = "".join(parts)
    return {"text": text} if kind == "text" else {"reasoningContent": {"reasoningText": {"text": text}}}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
