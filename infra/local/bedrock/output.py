"""What the stand-in says to a prompt: text, perhaps a tool call; and the same as frames of a stream."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, replace
from typing import Any

from infra.local.bedrock import event_stream
from infra.local.bedrock.judgement import Judgement
from infra.local.bedrock.prompt import SOME_OBJECT, Prompt, read_prompt
from infra.local.bedrock.prose import answer_prompt, continuation
from infra.local.bedrock.schema_fill import fill, fits
from infra.local.bedrock.token_count import count_text, cut_to
from infra.local.bedrock.tool_calls import LOOKING, choose_tool
from infra.local.bedrock.tool_input import given_by

PASSAGE_MARK = re.compile(r" \[\d{1,3}\]")


@dataclass(frozen=True)
class Output:
    """An answer. `tool` is the name, id and JSON input of a call that the model wants made."""

    text: str
    stop_reason: str
    tokens: int
    tool: tuple[str, str, str] | None = None

    def message(self) -> dict[str, Any]:
        """As Converse returns it."""
        content: list[dict[str, Any]] = [{"text": self.text}] if self.text else []
        if self.tool:
            name, tool_use_id, given = self.tool
            content.append({"toolUse": {"toolUseId": tool_use_id, "name": name, "input": json.loads(given)}})
        return {"role": "assistant", "content": content}


def compose(body: dict[str, Any], *, answer_tokens: int = 0, tool_rounds: int = 0) -> Output:
    """The answer to a Converse request; with `answer_tokens` prose of exactly that length, repeated or cut; with
    `tool_rounds` after so many rounds of tools, where the question is one for a tool."""
    prompt = read_prompt(body)
    most = int(body.get("inferenceConfig", {}).get("maxTokens", 4_096))
    chosen = choose_tool(prompt, tool_rounds)
    if chosen:
        name, given = chosen
        tool = (
            name,
            f"tooluse_{zlib.crc32(prompt.question.encode()):08x}{len(prompt.question):04x}{prompt.tool_rounds:02x}",
            json.dumps(given),
        )
        text = LOOKING[len(prompt.prefill) :]
        return Output(text, "tool_use", count_text(text) + count_text(name + tool[2]), tool)
    if prompt.schema is not None:
        text = continuation(json.dumps(_filled(prompt, prompt.schema), ensure_ascii=False), prompt.prefill)
    else:
        text = answer_prompt(prompt)
        if answer_tokens:
            text = cut_to((text + " ") * (1 + answer_tokens * 4 // (len(text) + 1)), answer_tokens)
    if count_text(text) > most:
        text = cut_to(text, most)
        return Output(text, "max_tokens", count_text(text))
    return Output(text, "end_turn", count_text(text))


def _filled(prompt: Prompt, schema: dict[str, Any]) -> Any:
    """A value that fits the schema: as somebody judges who reads the parts of a message that has such, else from the
    words of the passages that answer the question, or of the question."""
    if prompt.sections:
        judged = fill(schema, prompt.question, judge=Judgement(prompt))
        return judged if fits(schema, judged) else fill(schema, prompt.question)
    text = prompt.question
    if prompt.passages or prompt.tool_results or schema is SOME_OBJECT:
        text = PASSAGE_MARK.sub("", answer_prompt(replace(prompt, prefill="")))
    return {"answer": text} if schema is SOME_OBJECT else given_by(schema, text)


def head_frame() -> bytes:
    """What comes before the first delta."""
    return event_stream.event("messageStart", {"role": "assistant"})


def delta_frames(output: Output, chars: int) -> list[bytes]:
    """One entry a delta of `chars` characters, block starts and stops attached to their neighbours."""
    frames = [event_stream.text_delta(piece, 0) for piece in _pieces(output.text, chars)]
    if output.text:
        frames[-1] += event_stream.event("contentBlockStop", {"contentBlockIndex": 0})
    if output.tool:
        name, tool_use_id, given = output.tool
        index = 1 if output.text else 0
        start = {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": tool_use_id, "name": name}}}
        inputs = [
            event_stream.event(
                "contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": piece}}}
            )
            for piece in _pieces(given, chars * 3)
        ]
        inputs[0] = event_stream.event("contentBlockStart", start) + inputs[0]
        inputs[-1] += event_stream.event("contentBlockStop", {"contentBlockIndex": index})
        frames += inputs
    return frames


def stopped(output: Output, deltas: list[bytes], after: int, chars: int, reason: str) -> tuple[Output, list[bytes]]:
    """The same answer, ended for that reason after so many of its deltas; a block that was open is closed."""
    said = deltas[:after]
    texts = len(_pieces(output.text, chars))
    if said and len(said) != len(deltas) and len(said) != texts:
        index = 1 if output.text and len(said) > texts else 0
        said[-1] += event_stream.event("contentBlockStop", {"contentBlockIndex": index})
    tokens = output.tokens * len(said) // max(1, len(deltas))
    return replace(output, stop_reason=reason, tokens=tokens), said


def tail_frames(output: Output, usage: dict[str, Any], latency_ms: int) -> bytes:
    """What comes after the last delta."""
    stop = event_stream.event("messageStop", {"stopReason": output.stop_reason})
    return stop + event_stream.event("metadata", {"usage": usage, "metrics": {"latencyMs": latency_ms}})


def _pieces(text: str, chars: int) -> list[str]:
    return [text[i : i + chars] for i in range(0, len(text), chars)]
