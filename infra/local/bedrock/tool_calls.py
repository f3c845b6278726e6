"""Decides whether a question is one for a tool, and for how many rounds."""

from __future__ import annotations

import re
from typing import Any

from infra.local.bedrock.prompt import Prompt
from infra.local.bedrock.tool_input import named_in, tool_input
from infra.local.bedrock.words import content_words

ROUNDS = re.compile(r"\b(\d{1,4}) (?:times|rounds)\b", re.IGNORECASE)


LOOKING = "Let me look that up."
"""Said before a tool is called; a prompt that ends in the beginning of it is gone on with."""


def choose_tool(prompt: Prompt, rounds: int = 0) -> tuple[str, dict[str, Any]] | None:
    """The tool to call and its input; None when the question is not one for any tool, or was answered by as many rounds
    as it wants: `rounds`, or what it says itself ("call it 3 times"), else one. A tool that failed ends them."""
    if (
        not prompt.tools
        or not LOOKING.startswith(prompt.prefill)
        or prompt.tool_rounds >= max(1, rounds or _wanted_rounds(prompt.question))
    ):
        return None
    if any(result.get("status") == "error" for result in prompt.tool_results):
        return None
    asked = set(content_words(prompt.question))
    scored = [(_match(tool, asked, prompt.question), tool) for tool in prompt.tools]
    forced = prompt.tool_choice.get("tool", {}).get("name")
    if forced:
        scored = [(1.0, tool) for tool in prompt.tools if tool["name"] == forced]
    elif "any" in prompt.tool_choice:
        scored = [(score + 1.0, tool) for score, tool in scored]
    score, tool = max(scored, key=lambda pair: pair[0], default=(0.0, {}))
    if score < 1.0:
        return None
    return tool["name"], tool_input(tool.get("inputSchema", {}).get("json", {}), prompt.question)


def _match(tool: dict[str, Any], asked: set[str], question: str) -> float:
    """A word of the name counts one, a word of the description or of a parameter's name a half; and up to one,
    where any does, that the question holds what the tool needs."""
    schema = tool.get("inputSchema", {}).get("json", {})
    name = set(content_words(_spaced(tool["name"])))
    described = set(content_words(f"{tool.get('description', '')} {_spaced(' '.join(schema.get('properties', {})))}"))
    score = len(asked & name) + len(asked & (described - name)) / 2
    return score + named_in(schema, question) if score else 0.0


def _wanted_rounds(question: str) -> int:
    said = ROUNDS.search(question)
    return int(said[1]) if said else 1


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.]+", " ", name)
