"""What a tool call came to, under a key that names the one execution; and those of a turn that are known already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from application.ports.models.model import ToolResult
from application.redaction.quoting import as_data, as_data_value
from domain.session.events import ToolCalled

STARTED, WAITING = "started", "waiting"
NotDone = Literal["failed", "refused"]
Status = Literal["completed", "failed", "refused"]


class ToolOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`input` and `output` are text, mostly JSON; `output` of a failed one says in plain words why, for the model."""

    key: str
    name: str
    input: str
    output: str
    status: Status
    ms: int = 0
    effects: bool = False

    def event(self, turn_id: str) -> ToolCalled:
        """The fact that it ran."""
        return ToolCalled(
            turn_id=turn_id, key=self.key, name=self.name, input=self.input, output=self.output, status=self.status,
            ms=self.ms,
        )  # fmt: skip

    def block(self, tool_use_id: str) -> ToolResult:
        """As it stands in the message that follows the model's."""
        return ToolResult(tool_use_id, _content(self.output), failed=self.status != "completed")


def effect_key(turn_id: str, name: str, input: Any, ordinal: int) -> str:
    """The key of a call: the same whenever the same turn makes the same call for the same (`ordinal`, from 0) time,
    in whichever process, and however the model spelled its input."""
    canonical = msgspec.json.encode([name, _whole_numbers(input), ordinal], order="sorted")
    return f"{turn_id}:{name}:{hashlib.sha256(canonical).hexdigest()[:24]}"


def _whole_numbers(value: Any) -> Any:
    """The same JSON value with `7.0` as `7`, which JSON Schema takes for one number."""
    match value:
        case dict():
            return {name: _whole_numbers(one) for name, one in value.items()}
        case list():
            return [_whole_numbers(one) for one in value]
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value


def known_calls(facts: Iterable[ToolCalled]) -> dict[str, ToolCalled]:
    """By key, the last fact of each call of a turn: its result, or that it was started (`status` is `started`) when
    nobody lived to say how it ended."""
    return {fact.key: fact for fact in facts}


def _content(output: str) -> str | dict[str, Any]:
    """JSON when it is an object, or a list, put into one; else text, and some: models take no empty one."""
    try:
        value = msgspec.json.decode(output)
    except (msgspec.DecodeError, RecursionError):
        value = None
    if isinstance(value, list):
        value = {"result": value}
    if isinstance(value, dict):
        return {as_data(name): as_data_value(one) for name, one in value.items()}
    return as_data(output).strip() or "(nothing)"
