"""An answer as OpenAI's clients read it: whole, or as the chunks of a stream."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from api.problems import refusal_named
from application.exchanges.ask import BEGUN_ANEW
from application.sessions import feed_frames as f
from application.tools.input_schema import complaints
from domain.refusals import ModelUnavailable

FINISH = {"stop": "stop", "length": "length", "content_filter": "content_filter", "incomplete": "length"}
"""Their words for how an answer ended; one that did not end well is told as one that was cut."""
_encode = msgspec.json.Encoder().encode


def event(body: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + _encode(body) + b"\n\n"


DONE = b"data: [DONE]\n\n"
BREATH = b": still at it\n\n"
"""A comment, which clients pass over and proxies take for life."""


@dataclass
class ChatAnswer:
    """One answer of the assistant `model`. With `told_usage` a stream has a last chunk with what was used."""

    model: str
    turn_id: str
    told_usage: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def id(self) -> str:
        """Its name: that of the turn is in it."""
        return f"chatcmpl-{self.turn_id}"

    def whole(self, end: f.Completed, text: str) -> dict[str, Any]:
        """The body that is no stream."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(end)}
        body = self._body("chat.completion", [choice])
        return body | {"usage": usage_of(end), "citations": end.citations}

    def opening(self) -> bytes:
        """The first chunk."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def more(self, text: str) -> bytes:
        """A chunk of text."""
        return self._chunk({"content": text}, None)

    def anew(self) -> bytes:
        """What was said is void. That cannot be taken back here: a line stands between, and the answer after it."""
        return self.more(BEGUN_ANEW)

    def closing(self, end: f.Completed) -> bytes:
        """How it ended, where its marks come from, and what it took."""
        closing = self._chunk({}, _finish(end), citations=end.citations)
        if self.told_usage:
            closing += event(self._body("chat.completion.chunk", []) | {"usage": usage_of(end)})
        return closing + DONE

    def _chunk(self, delta: dict[str, Any], finish: str | None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self.told_usage else {}
        return event(self._body("chat.completion.chunk", [choice]) | usage | more)

    def _body(self, kind: str, choices: list[Any]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def usage_of(end: f.Completed) -> dict[str, Any]:
    """Tokens in their words: what was read from a prompt cache is in the prompt. A kept answer took none."""
    used = end.usage
    prompt = used["input_tokens"] + used["cache_read_tokens"] + used["cache_write_tokens"]
    details = {"cached_tokens": used["cache_read_tokens"], "cache_write_tokens": used["cache_write_tokens"]}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": used["output_tokens"],
        "total_tokens": prompt + used["output_tokens"],
        "prompt_tokens_details": details,
        "cost_usd": end.cost_usd,
    }


def end_of(frame: f.Frame) -> f.Completed:
    """The end of a turn that has an answer; the refusal of one that has none."""
    if isinstance(frame, f.Failed):
        raise refusal_named(frame.error)
    assert isinstance(frame, f.Completed), "a turn has one of two ends"
    return frame


def as_json(text: str, schema: dict[str, Any] | None) -> str:
    """An answer that was to be JSON, without what models like to put around it; ModelUnavailable when it is none, or
    does not fit."""
    bare = text.strip()
    if bare.startswith("```"):
        bare = bare.partition("\n")[2].rpartition("```")[0].strip()
    try:
        value = msgspec.json.decode(bare)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ModelUnavailable("The model's answer is not JSON; try again.") from None
    if schema is None and not isinstance(value, dict):
        raise ModelUnavailable("The model's answer is no JSON object; try again.")
    if schema is not None and (found := complaints(schema, value)):
        raise ModelUnavailable(f"The model's answer does not fit the schema ({found[0]}); try again.")
    return bare


def _finish(end: f.Completed) -> str:
    return "stop" if end.status == "cancelled" else FINISH.get(end.finish_reason, "length")
