"""The table of `infra/docs/endings.md`: every stop reason and odd streams, and what each does, played anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session

from application.sessions import feed_frames as f
from domain.model_calls import TokensUsed
from domain.tenant.assistant import Assistant
from domain.tenant.tool import Tool, Webhook
from tests.application.turns.harness import House, frames_of, house
from tests.fakes.wire_model import Frame, WireModel

DOCS = Path(__file__).parents[3] / "infra/docs/endings.md"
HEADING = (
    "| what the model sends | client | ledger, tokens in and out | kept | tool with effects |\n|---|---|---|---|---|\n"
)
REFUND = Tool(
    description="Refunds",
    effects=True,
    webhook=Webhook(url="https://example.com/refund"),
    input_schema={"type": "object", "properties": {"id": {"type": "integer"}}},
)
USAGE: Frame = ("metadata", {"usage": {"inputTokens": 90, "outputTokens": 9}})


def delta(text: Any) -> Frame:
    return ("contentBlockDelta", {"contentBlockIndex": 0, "delta": text if isinstance(text, dict) else {"text": text}})


def stop(reason: str) -> Frame:
    return ("messageStop", {"stopReason": reason})


def tool(*inputs: str, closed: bool = True) -> list[Frame]:
    opened = {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "refund"}}}
    said = [("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": part}}}) for part in inputs]
    return [("contentBlockStart", opened), *said, *([("contentBlockStop", {"contentBlockIndex": 1})] if closed else [])]


SAID, WHOLE = delta("Within 30 days."), [stop("end_turn"), USAGE]
ANSWER = [SAID, *WHOLE]
REASONS = sorted(botocore.session.get_session().get_service_model("bedrock-runtime").shape_for("StopReason").enum)
STREAMS: dict[str, list[Frame]] = {
    **{f"text, `{reason}`": [SAID, stop(reason), USAGE] for reason in [*REASONS, "a_new_one"]},
    **{f"a tool's call, `{reason}`": [*tool('{"id":7}'), stop(reason), USAGE] for reason in [*REASONS, "a_new_one"]},
    "a tool's call without arguments, `max_tokens`": [*tool(), stop("max_tokens"), USAGE],
    "arguments cut within, `tool_use`": [*tool('{"id":'), stop("tool_use"), USAGE],
    "a tool's block that is not closed, `tool_use`": [*tool('{"id":7}', closed=False), stop("tool_use"), USAGE],
    "nothing, `end_turn`": WHOLE,
    "blanks alone, `end_turn`": [delta(" \n"), *WHOLE],
    "a thought and nothing more, `end_turn`": [delta({"reasoningContent": {"text": "hm"}}), *WHOLE],
    "a thought, then text": [delta({"reasoningContent": {"text": "hm"}}), *ANSWER],
    "bytes that are no UTF-8": [("contentBlockDelta", b'{"delta":{"text":"30 days\xff"}}'), *WHOLE],
    "half a surrogate pair": [("contentBlockDelta", rb'{"delta":{"text":"30 days\ud83d"}}'), *WHOLE],
    "a NUL": [("contentBlockDelta", rb'{"delta":{"text":"30\u0000days"}}'), *WHOLE],
    "nulls where a field may be absent": [delta({"text": "30 days", "toolUse": None, "citation": None}), *WHOLE],
    "usage with nulls": [
        SAID,
        stop("end_turn"),
        ("metadata", {"usage": {"inputTokens": 90, "outputTokens": 9, "cacheDetails": None}}),
    ],
    "events of a kind that is not known": [("somethingNew", {"a": 1}), *ANSWER],
    "no events at all": [],
    "text, then the end of the stream": [SAID],
    "text and its stop, no usage": [SAID, stop("end_turn")],
    "text and usage, no stop": [SAID, USAGE],
    "what is no event, before any text": [("contentBlockDelta", b"[]"), *ANSWER],
    "what is no event, after text": [SAID, ("contentBlockDelta", b"[]"), *ANSWER],
    "`throttlingException` before any text": [("!throttlingException", {"message": "slow"})],
    "`modelStreamErrorException` after text": [SAID, ("!modelStreamErrorException", {"message": "no"})],
    "`internalServerException` after text": [SAID, ("!internalServerException", {"message": "no"})],
    "`validationException` before any text": [("!validationException", {"message": "no"})],
    "an exception behind a whole answer": [*ANSWER, ("!internalServerException", {"message": "late"})],
}


async def row_of(name: str, frames: list[Frame]) -> str:
    model: Any = WireModel([frames, ANSWER])
    assistant = Assistant(tools=("refund",), documents=False)
    async with house(model=model, assistant=assistant) as ours:
        ours.tenant.tools["refund"] = REFUND
        live = await ours.open()
        await ours.ask(live, "Refund order 7")
        kept = "yes" if ours.exact.entries else "no"
        return f"| {name} | {client(live)} | {await ledger(ours, live)} | {kept} | {len(ours.webhooks.sent) or 'no'} |"


def client(live: Any) -> str:
    """What a client is told: other models, what begins anew, and the end."""
    told = [f"goes on with another model: {frame.reason}" for frame in frames_of(live, f.FailedOver)]
    told += ["`turn.reset`"] * len(frames_of(live, f.Reset))
    *_, end = frames_of(live, f.Completed, f.Failed)
    if isinstance(end, f.Failed):
        again = "" if end.error["retryable"] else "not "
        return ", ".join([*told, f"`turn.failed` `{end.error['code']}`, {again}retryable"])
    shown = end.text.encode("unicode_escape").decode() if not end.text.isascii() else end.text.strip()
    return ", ".join([*told, f"`{end.finish_reason}`", f'"{shown}"'])


async def ledger(ours: House, live: Any) -> str:
    """Each call's tokens, and what failed."""
    used = [fact for fact in await ours.facts(live, TokensUsed) if fact.step.startswith("answer")]
    calls = [
        f"{call.usage.input_tokens} and {call.usage.output_tokens}"
        + (" by estimate" if call.estimated else "")
        + (f" ({call.failure})" if call.failure else "")
        for call in used
    ]
    return "; ".join(calls)


async def test_the_table_of_endings_is_what_happens() -> None:
    rows = [await row_of(name, frames) for name, frames in STREAMS.items()]
    table = HEADING + "\n".join(rows) + "\n"
    assert not any("`internal`" in row for row in rows)
    assert table in DOCS.read_text(), f"infra/docs/endings.md is behind; it is:\n{table}"
