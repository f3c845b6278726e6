"""Asks assistants through the public door, and reads from the audit log what was found and judged on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from api.cli.connection import checked
from api.cli.evaluation.figures import EvaluatedAnswer
from api.cli.evaluation.questions import PutQuestion
from api.client import Chat, Colloquy, Failure, Refused
from api.client import frames as f
from application.folding import fold
from application.steps.verify import Grounding

AT_ONCE = 4
"""Questions: an evaluation goes beside the work of others."""
CHECK = "check_grounding"
DECLINING = frozenset({"decline", "ask_back"})
SEEN_S, LOOK_S = 30.0, 0.2
PATIENCE = 20
LIMITED = "rate_limited"


@dataclass(frozen=True)
class Evaluator:
    """`colloquy` asks as a member; `http` may read the audit log, and ends sessions."""

    colloquy: Colloquy
    http: httpx.Client
    use_cache: bool = True
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, name: str, assistant: str, question: PutQuestion) -> EvaluatedAnswer:
        """Put a question in a session of its own, which is erased again. `name` is what the assistant is shown as."""
        async with self._places, self.colloquy.chat(assistant=assistant) as chat:
            try:
                steps, completed = await self._answer(chat, question.text)
            except Failure as failure:
                status = getattr(failure, "code", "failed")
                return EvaluatedAnswer(assistant=name, question=question.text, status=str(status))
            facts = await asyncio.to_thread(self._facts, chat.session_id, completed.turn_id)
            await asyncio.to_thread(self._end, chat.session_id)
        return _asked(name, question, steps, completed, facts)

    async def _answer(self, chat: Chat, text: str) -> tuple[set[str], f.Completed]:
        """The steps that were begun, and the end. A limit of requests is waited for."""
        for _ in range(PATIENCE):
            try:
                return await self._told(chat, text)
            except Refused as refused:
                if refused.code != LIMITED:
                    raise
                await asyncio.sleep(refused.retry_after_s or 1.0)
        raise RuntimeError("the installation's limits leave no room for these questions: try again later")

    async def _told(self, chat: Chat, text: str) -> tuple[set[str], f.Completed]:
        steps: set[str] = set()
        async with aclosing(chat.ask(text, cache="use" if self.use_cache else "bypass")) as told:
            async for frame in told:
                if isinstance(frame, f.Step):
                    steps.add(frame.step)
                elif isinstance(frame, f.Completed):
                    return steps, frame
                elif isinstance(frame, f.Failed):
                    raise Refused(frame.error["code"], frame.error["message"], retryable=False, retry_after_s=None)
        raise AssertionError("a turn ends in one of two ways")

    def _facts(self, session: str, turn: str) -> list[Mapping[str, Any]]:
        """The facts of a turn, once the log that is read here has its end."""
        import time

        from application.clock import monotonic

        ends = monotonic() + SEEN_S
        while monotonic() < ends:
            body = checked(self.http.get("/v1/audit/events", params={"session": session, "limit": 1000}))
            facts = [event for event in body["events"] if (event["data"] or {}).get("turn_id") == turn]
            if any(event["kind"].startswith("turn.completed.") for event in facts):
                return facts
            time.sleep(LOOK_S)
        raise RuntimeError("the audit log is too far behind to tell what was found: see `colloquy projections status`")

    def _end(self, session: str) -> None:
        checked(self.http.delete(f"/v1/sessions/{session}"))


def _asked(
    name: str, question: PutQuestion, steps: set[str], completed: f.Completed, facts: Sequence[Mapping[str, Any]]
) -> EvaluatedAnswer:
    grounding = _grounding(facts)
    return EvaluatedAnswer(
        assistant=name,
        question=question.text,
        status=completed.status,
        answer=completed.text,
        recall=_share_found(question, _passages(facts)) if not completed.cached else None,
        answered=_share_found(question, [completed.text]),
        grounded=grounding.grounded if grounding else None,
        unsupported=tuple(grounding.unsupported) if grounding else (),
        refused=bool(steps & DECLINING) or completed.finish_reason == "content_filter",
        cached=completed.cached or "" if isinstance(completed.cached, str) else "",
        citations=len(completed.citations),
        cost_usd=Decimal(completed.cost_usd),
        ttft_ms=completed.ttft_ms,
        ms=completed.ms,
    )


def _passages(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [fact["data"]["passages"] for fact in facts if fact["kind"].startswith("passages.retrieved.")]
    return [f"{passage['title']}\n{passage['text']}" for passages in found for passage in passages]


def _share_found(question: PutQuestion, texts: Sequence[str]) -> float | None:
    """Of what is expected; words are compared as search compares them."""
    if not question.expected:
        return None
    folded = [" ".join(fold(text).split()) for text in texts]
    wanted = [" ".join(fold(text).split()) for text in question.expected]
    return sum(any(one in text for text in folded) for one in wanted) / len(wanted)


def _grounding(facts: Sequence[Mapping[str, Any]]) -> Grounding | None:
    """What the step said; None when it did not run, or failed."""
    for fact in facts:
        data = fact["data"] or {}
        if data.get("step") == CHECK and fact["kind"].startswith("step.run.") and not data.get("safe_default"):
            try:
                return msgspec.json.decode(data["result"], type=Grounding)
            except msgspec.MsgspecError:
                return None
    return None
