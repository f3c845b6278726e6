"""Decides whether a question is one for a tool, and fills the tool's input from the question."""

from __future__ import annotations

import re
from typing import Any

from infra.local.bedrock.prompt import Prompt
from infra.local.bedrock.schema_fill import fill
from infra.local.bedrock.words import content_words


def choose_tool(prompt: Prompt) -> tuple[str, dict[str, Any]] | None:
    """The tool to call and its input; None when the question is not one for any tool, or a tool has just answered."""
    if not prompt.tools or prompt.tool_results or prompt.prefill:
        return None
    asked = set(content_words(prompt.question))
    scored = [(_match(tool, asked), tool) for tool in prompt.tools]
    forced = prompt.tool_choice.get("tool", {}).get("name")
    if forced:
        scored = [(1.0, tool) for tool in prompt.tools if tool["name"] == forced]
    elif "any" in prompt.tool_choice:
        scored = [(score + 1.0, tool) for score, tool in scored]
    score, tool = max(scored, key=lambda pair: pair[0], default=(0.0, {}))
    if score < 1.0:
        return None
    schema = tool.get("inputSchema", {}).get("json", {})
    filled = fill(schema, prompt.question, only_required=True)
    return tool["name"], filled if isinstance(filled, dict) else {}


def _match(tool: dict[str, Any], asked: set[str]) -> float:
    """A word of the name counts one, a word of the description or of a parameter's name a half."""
    name = set(content_words(_spaced(tool["name"])))
    properties = " ".join(tool.get("inputSchema", {}).get("json", {}).get("properties", {}))
    described = set(content_words(f"{tool.get('description', '')} {_spaced(properties)}")) - name
    return len(asked & name) + len(asked & described) / 2


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.]+", " ", name)
