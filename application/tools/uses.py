"""What a model asks of tools, made such that it may be said back to it, and told apart by what it would do."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from application.ports.models.model import ToolUse
from application.tools.results import effect_key

LAWFUL = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids and names as a model's provider takes them back; models make up others.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html"""
NO_SUCH_TOOL = "unknown_tool"


def lawful(uses: Sequence[ToolUse], taken: set[str]) -> list[ToolUse]:
    """The same calls, each with an id of its own, which none of those `taken` is and which is taken then, and under a
    name that can be said back: what cannot is no tool's name."""
    found: list[ToolUse] = []
    for number, use in enumerate(uses, 1):
        id = use.tool_use_id
        while not LAWFUL.fullmatch(id) or id in taken:
            id, number = f"call_{number}", number + 1
        taken.add(id)
        found.append(ToolUse(id, use.name if LAWFUL.fullmatch(use.name) else NO_SUCH_TOOL, use.input))
    return found


def same_call(use: ToolUse) -> str:
    """Equal for calls that would do the same: one name, and one input however it is spelled."""
    try:
        return effect_key("", use.name, msgspec.json.decode(use.input or "{}"), 0)
    except (ValueError, RecursionError):
        return f"{use.name}:{use.input}"
