"""Reads a Converse request the way a model would: the question, the passages, the tools and what they returned."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

MARK = re.compile(r"^[ \t]*\[(\d{1,3})\][ \t]*", re.MULTILINE)
END_OF_PASSAGES = re.compile(
    r"^[ \t]*+(?:</|<question|#*+[ \t]*+(?:user(?:'s)? )?question[ \t]*+:)", re.IGNORECASE | re.MULTILINE
)
QUESTION = re.compile(r"(?:^|\n)[ \t#*]*(?:<question>|(?:user(?:'s)? )?question[ \t]*:)[*]*", re.IGNORECASE)
TAGS = re.compile(r"</?[a-z_]++[^<>]*+>", re.IGNORECASE)
TAG_LINE = re.compile(r"^<(/?)([a-z_]{1,40})>([ \t]*)$", re.MULTILINE)
EXAMPLE = re.compile(r"^For example: \"(.+)\"[ \t]*$", re.MULTILINE)
SCHEMA_LINE = re.compile(r"^[^\n]{0,200}?JSON schema:[ \t]*\n?", re.MULTILINE | re.IGNORECASE)
ANY_OBJECT = re.compile(
    r"^[^\n]{0,80}?\b(?:answer|reply|respond|return|output)\b[^\n]{0,80}?\bJSON\b[^\n]{0,200}?\bobject\b[^\n]{0,200}$",
    re.MULTILINE | re.IGNORECASE,
)
SOME_OBJECT = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
"""What an object holds of which nobody says what it holds."""


@dataclass(frozen=True)
class PromptPassage:
    """A numbered passage of the prompt."""

    n: int
    text: str


@dataclass(frozen=True)
class Prompt:
    """What there is to work with. `prefill` is the beginning of the answer that the caller wrote for us, `sections` the
    parts of the message that stand in tags of their own, `example` an answer that the caller would like, `tool_rounds`
    how often tools have answered since the question."""

    question: str
    passages: list[PromptPassage]
    prefill: str = ""
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_choice: dict[str, Any] = field(default_factory=dict)
    tool_results: list[dict[str, Any]] = field(default_factory=list)
    schema: dict[str, Any] | None = None
    sections: dict[str, str] = field(default_factory=dict)
    example: str = ""
    tool_rounds: int = 0


def read_prompt(body: dict[str, Any]) -> Prompt:
    """The request, understood; `body` is a valid Converse request."""
    messages = body["messages"]
    prefill = ""
    if messages[-1]["role"] == "assistant":
        prefill = _texts(messages[-1]["content"])
        messages = messages[:-1]
    system = _texts(body.get("system", []))
    asked = _texts(messages[-1]["content"])
    results = [block["toolResult"] for block in messages[-1]["content"] if "toolResult" in block]
    if not asked:
        asked = next((t for m in reversed(messages) if m["role"] == "user" and (t := _texts(m["content"]))), "")
    schema = _schema(system)[0]
    if schema is None:
        schema, asked = _schema(asked)
        if schema is None:
            schema, asked = _any_object(asked)
    sections = _sections(asked)
    passages, rest = _split_passages(asked, question_follows=True)
    if "passages" in sections:  # marks in other sections are none of a passage
        passages, _ = _split_passages(sections["passages"], question_follows=False)
    if not passages:
        passages, _ = _split_passages(system, question_follows=False)
    config = body.get("toolConfig", {})
    tools = [tool["toolSpec"] for tool in config.get("tools", []) if "toolSpec" in tool]
    example = EXAMPLE.search(f"{system}\n{asked}")
    return Prompt(
        _question(rest),
        passages,
        prefill,
        tools,
        config.get("toolChoice", {}),
        results,
        schema,
        sections,
        example[1] if example else "",
        _tool_rounds(messages),
    )


def _tool_rounds(messages: list[dict[str, Any]]) -> int:
    """Messages with results at the end, back to the last one of the user's own words."""
    rounds = 0
    for message in reversed(messages):
        if message["role"] == "user":
            if not any("toolResult" in block for block in message["content"]):
                break
            rounds += 1
    return rounds


def _sections(text: str) -> dict[str, str]:
    """What stands between a line with a tag and the next line that closes it, by the tag's name."""
    tags = list(TAG_LINE.finditer(text))
    closing: dict[str, list[int]] = {}
    for tag in tags:
        if tag[1]:
            closing.setdefault(tag[2], []).append(tag.start())
    sections: dict[str, str] = {}
    done = 0
    for tag in tags:
        if tag[1] or tag[3] or tag.start() < done:
            continue
        ends = closing.get(tag[2], [])
        place = bisect_right(ends, tag.end() + 1)
        if place < len(ends):
            done = ends[place]
            sections[tag[2]] = text[tag.end() + 1 : done - 1]
    return sections


def _texts(blocks: list[dict[str, Any]]) -> str:
    return "\n\n".join(block["text"] for block in blocks if "text" in block)


def _split_passages(text: str, *, question_follows: bool) -> tuple[list[PromptPassage], str]:
    """The passages that begin a line with `[n]`, and the text without them. The last one ends at a closing tag or a
    line `Question:`; without these, in a user's message, before the last paragraph."""
    marks = list(MARK.finditer(text))
    if not marks:
        return [], text
    end_mark = END_OF_PASSAGES.search(text, marks[-1].end())
    end = end_mark.start() if end_mark else len(text)
    if question_follows and not end_mark and not text[: marks[0].start()].strip():
        paragraph = text.rstrip().rfind("\n\n")
        end = paragraph if paragraph > marks[-1].end() else end
    ends = [*(mark.start() for mark in marks[1:]), end]
    passages = [
        PromptPassage(int(mark[1]), TAGS.sub("", text[mark.end() : stop]).strip())
        for mark, stop in zip(marks, ends, strict=True)
    ]
    return passages, text[: marks[0].start()] + "\n" + text[end:]


def _question(text: str) -> str:
    """What follows the last `Question:`, else all of it, without tags."""
    found = list(QUESTION.finditer(text))
    asked = text[found[-1].end() :] if found else text
    return " ".join(TAGS.sub(" ", asked).split())


def _schema(text: str) -> tuple[dict[str, Any] | None, str]:
    """The JSON schema that stands after a line that ends in `JSON schema:`; and what is said behind it, or before it
    where that is all."""
    line = SCHEMA_LINE.search(text)
    start = text.find("{", line.end()) if line else -1
    if line is None or start < 0 or text[line.end() : start].strip():
        return None, text
    try:
        schema, end = json.JSONDecoder().raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError):
        return None, text
    return (schema if isinstance(schema, dict) else None), text[end:].strip() or text[: line.start()]


def _any_object(text: str) -> tuple[dict[str, Any] | None, str]:
    """The same, where a line asks for a JSON object and does not say what it holds."""
    wanted = ANY_OBJECT.search(text)
    return (SOME_OBJECT, text[wanted.end() :].strip() or text) if wanted else (None, text)
