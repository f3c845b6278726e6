"""A model that does what anybody tells it, wherever in its prompt that stands: the worst that can be talked to."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from urllib.parse import quote

from application.ports.models.model import Finished, ModelCall, ModelEvent, TextDelta, ToolResult, ToolUse
from domain.usage import Usage
from tests.fakes.scripted_model import ScriptedModel

ORDER = re.compile(r"%%(SAY|CALL (\w+)) (.*?)%%", re.DOTALL)
ALL = "{all}"
"""In what it is to say: whatever else it was told, as part of an address."""


def say(text: str) -> str:
    """The order to say something."""
    return f"%%SAY {text}%%"


def call(tool: str, **arguments: str) -> str:
    """The order to call a tool."""
    return f"%%CALL {tool} {json.dumps(arguments)}%%"


@dataclass
class ObedientModel(ScriptedModel):
    """It calls tools that nobody offered, and says word for word what it is to say; a call is made once, by
    the first step that has tools. `said` is what it wrote, before anybody looked at it."""

    said: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    obeyed: set[str] = field(default_factory=set)

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        self.calls.append(call)
        told = _told(call)
        orders = [found for found in ORDER.finditer(told) if found[0] not in self.obeyed]
        used = 0
        for number, found in enumerate(orders):
            if found[2] and call.tools:
                self.obeyed.add(found[0])
            if found[2]:
                self.called.append(found[2])
                used += 1
                yield ToolUse(f"t{len(self.calls)}-{number}", found[2], found[3])
            else:
                text = found[3].replace(ALL, quote(told[:200]))
                self.said.append(text)
                for at in range(0, len(text), 7):
                    yield TextDelta(text[at : at + 7])
        if not orders:
            yield TextDelta("As you say.")
        yield Finished("tool_use" if used else "stop", Usage(10, 10))


def _told(call: ModelCall) -> str:
    """Everything that stands in the prompt, whoever wrote it."""
    parts = [*call.system]
    for message in call.messages:
        parts.append(message.text)
        for block in message.content:
            if isinstance(block, ToolResult):
                parts.append(block.content if isinstance(block.content, str) else " ".join(_texts(block.content)))
    return "\n".join(parts)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [str(value)]
