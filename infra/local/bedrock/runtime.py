"""The Bedrock Runtime operations: Converse, ConverseStream, InvokeModel for Titan embeddings, CountTokens."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from application.tasks import TaskSet
from infra.local.bedrock import event_stream, faults
from infra.local.bedrock.embeddings import Embeddings, TooManyWaiting
from infra.local.bedrock.faults import CallRefused
from infra.local.bedrock.generation import DeltaStream
from infra.local.bedrock.http_server import HttpReply, Request, chunk
from infra.local.bedrock.invocation_log import BilledCall, InvocationLog
from infra.local.bedrock.output import Output, compose, delta_frames, head_frame, stopped, tail_frames
from infra.local.bedrock.prompt_cache import InputTokens, PromptCache
from infra.local.bedrock.relay import UpstreamRelay
from infra.local.bedrock.same_questions import SameQuestions
from infra.local.bedrock.service_model import shape_complaint
from infra.local.bedrock.ticker import Ticker
from infra.local.bedrock.token_count import count_request, count_text
from infra.local.bedrock.upstream import Upstream
from infra.local.bedrock.validation import complaint

OPERATIONS = {
    "converse-stream": "ConverseStream",
    "converse": "Converse",
    "invoke": "InvokeModel",
    "count-tokens": "CountTokens",
}
REQUESTS_KEPT = 1_000
TITAN_DIMENSIONS = (256, 512, 1024)
TITAN_CHARACTERS = 50_000


@dataclass
class TypingPace:
    """How fast a person's model talks. The first token waits longer for a long prompt, twice as long for 20,000
    tokens. `answer_tokens` fixes the length of prose answers (for benchmarks), `tool_rounds` how often tools are
    called before one (for models that do not stop); 0 leaves it natural."""

    first_token_ms: float = 250.0
    token_ms: float = 20.0
    chars_per_token: int = 4
    answer_tokens: int = 0
    tool_rounds: int = 0

    def first_token_s(self, used: InputTokens) -> float:
        """How long the first token takes after so long a prompt."""
        tokens = used.plain + used.write + used.read / 10
        return self.first_token_ms / 1000 * (1 + tokens / 20_000)


class Runtime:
    """All operations on one set of books. With an `upstream` its model answers Converse; faults that strike before an
    answer begins, the books and the rules stay as they are. `judged`: requests must fit the service's model too."""

    def __init__(
        self,
        log: InvocationLog,
        embeddings: Embeddings,
        pace: TypingPace,
        upstream: Upstream | None = None,
        *,
        judged: bool = False,
    ) -> None:
        self.log, self.embeddings, self.pace, self.upstream = log, embeddings, pace, upstream
        self.faults = faults.Faults()
        self.same_questions = SameQuestions()
        self.judged = judged
        self.requests: deque[Request] = deque(maxlen=REQUESTS_KEPT)
        self.deltas = 0  # sent in streams that have ended
        self._cache = PromptCache()
        self._ticker = Ticker()
        self._running: dict[str, DeltaStream] = {}
        self._tasks = TaskSet("bedrock_answers")

    def handle(self, request: Request, reply: HttpReply) -> None:
        """POST /model/{id}/{operation}."""
        model, operation = "/".join(request.path[1:-1]), OPERATIONS[request.path[-1]]
        call = BilledCall(str(uuid.uuid4()), operation, model)
        self.requests.append(request)
        try:
            body = _body_of(request)
            call.metadata = body.get("requestMetadata", {}) if operation.startswith("Converse") else {}
            fault = self.faults.strike(operation, model, request.body)
            call.fault = fault.kind if fault else ""
            if "authorization" not in request.headers:
                raise CallRefused("access_denied", "Missing Authentication Token")
            if "." not in model and not model.startswith("arn:"):
                raise CallRefused("validation", "The provided model identifier is invalid.")
            if fault and fault.kind in faults.REFUSALS:
                raise CallRefused(fault.kind)
            if fault and fault.kind == "hang":
                reply.on_drop = lambda: self._close(call, 408, "ModelTimeoutException")
                return
            getattr(self, f"_{request.path[-1].replace('-', '_')}")(call, body, reply, fault)
        except CallRefused as refusal:
            self._refuse(call, reply, refusal)

    async def close(self) -> None:
        """Bill what is still running, as AWS would."""
        for generation in list(self._running.values()):
            generation.settle()
        await self._tasks.end()
        await self.embeddings.close()
        if self.upstream:
            await self.upstream.close()

    def _converse_stream(
        self, call: BilledCall, body: dict[str, Any], reply: HttpReply, fault: faults.Fault | None
    ) -> None:
        if self.upstream:
            self._relay(self.upstream, call, body, reply)
            return
        used = self._checked_input(call, body)
        output = self._compose(body)
        deltas = delta_frames(output, self.pace.chars_per_token)
        if fault and fault.kind == faults.STOP:
            output, deltas = stopped(output, deltas, fault.after_deltas, self.pace.chars_per_token, fault.stop_reason)
            fault = None
        begun = asyncio.get_running_loop().time()

        def bill(sent: int, code: str) -> None:
            call.output_tokens = output.tokens * sent // len(deltas) if code and deltas else output.tokens
            self.deltas += sent
            self._running.pop(call.request_id, None)
            self._close(call, 200, code)

        def tail() -> bytes:
            ms = int((asyncio.get_running_loop().time() - begun) * 1000)
            return tail_frames(output, _usage(used, output.tokens, body), ms)

        head = reply.start(event_stream.MEDIA_TYPE, **{"x-amzn-RequestId": call.request_id}) + chunk(head_frame())
        generation = DeltaStream(reply, self._ticker, head=head, deltas=deltas, tail=tail, bill=bill, fault=fault)
        self._running[call.request_id] = generation
        generation.begin(begun + self.pace.first_token_s(used), lambda: self.pace.token_ms / 1000)

    def _compose(self, body: dict[str, Any]) -> Output:
        if (word := self.same_questions.answer(body)) is not None:
            return Output(word, "end_turn", count_text(word))
        return compose(body, answer_tokens=self.pace.answer_tokens, tool_rounds=self.pace.tool_rounds)

    def _converse(self, call: BilledCall, body: dict[str, Any], reply: HttpReply, fault: faults.Fault | None) -> None:
        if self.upstream:
            self._relay(self.upstream, call, body, reply)
            return
        used = self._checked_input(call, body)
        output = self._compose(body)
        call.output_tokens = output.tokens
        took = self.pace.first_token_s(used) + output.tokens * self.pace.token_ms / 1000
        answer = {
            "output": {"message": output.message()},
            "stopReason": output.stop_reason,
            "usage": _usage(used, output.tokens, body),
            "metrics": {"latencyMs": int(took * 1000)},
        }

        def send() -> None:
            if not reply.ended:
                self._close(call, 200)
                reply.send_json(200, answer, **{"x-amzn-RequestId": call.request_id})

        reply.on_drop = lambda: self._close(call, 200)
        self._ticker.at(asyncio.get_running_loop().time() + took, send)

    def _invoke(self, call: BilledCall, body: dict[str, Any], reply: HttpReply, fault: faults.Fault | None) -> None:
        text, dimensions = body.get("inputText"), body.get("dimensions", 1024)
        if "titan-embed" not in call.model:
            raise CallRefused("validation", "This stand-in speaks InvokeModel for Titan text embeddings only.")
        if not isinstance(text, str) or not text or dimensions not in TITAN_DIMENSIONS:
            raise CallRefused("validation", "Malformed input request, please reformat your input and try again.")
        if len(text) > TITAN_CHARACTERS:
            raise CallRefused("validation", "400 Bad Request: Too many input characters. Max input characters: 50000")
        call.input_tokens = count_text(text)
        self._tasks.start(self._embed(call, text, dimensions, reply))

    def _relay(self, upstream: Upstream, call: BilledCall, body: dict[str, Any], reply: HttpReply) -> None:
        if message := complaint(body):
            raise CallRefused("validation", message)
        relay = UpstreamRelay(upstream, call, body, reply, lambda status, code: self._close(call, status, code))

        async def answer() -> None:
            try:
                if call.operation == "ConverseStream":
                    await relay.stream()
                else:
                    reply.send_json(200, await relay.whole(), **{"x-amzn-RequestId": call.request_id})
            except CallRefused as refusal:
                self._refuse(call, reply, refusal)

        task = self._tasks.start(answer())
        reply.on_drop = partial(_cancel, task)

    async def _embed(self, call: BilledCall, text: str, dimensions: int, reply: HttpReply) -> None:
        reply.on_drop = lambda: self._close(call, 200)
        try:
            vector = await self.embeddings.embed(text, dimensions)
        except TooManyWaiting:
            self._refuse(call, reply, CallRefused("throttle"))
        except ConnectionError as error:
            self._refuse(call, reply, CallRefused("internal", str(error)))
        except CallRefused as refusal:
            self._refuse(call, reply, refusal)
        else:
            if not reply.ended:
                self._close(call, 200)
                answer = {"embedding": vector, "inputTextTokenCount": call.input_tokens}
                reply.send_json(200, msgspec.json.encode(answer), **{"x-amzn-RequestId": call.request_id})

    def _count_tokens(
        self, call: BilledCall, body: dict[str, Any], reply: HttpReply, fault: faults.Fault | None
    ) -> None:
        asked = body.get("input", {})
        if "converse" in asked:
            tokens = count_request(asked["converse"])
        elif "invokeModel" in asked:
            tokens = count_text(base64.b64decode(asked["invokeModel"].get("body", "")).decode("utf-8", "replace"))
        else:
            raise CallRefused("validation", "The input must be a converse or an invokeModel request.")
        reply.send_json(200, {"inputTokens": tokens}, **{"x-amzn-RequestId": call.request_id})

    def _checked_input(self, call: BilledCall, body: dict[str, Any]) -> InputTokens:
        message = shape_complaint(call.operation, call.model, body) if self.judged else None
        if message := message or complaint(body, call.model):
            raise CallRefused("validation", message)
        used = self._cache.account(call.model, body)
        call.input_tokens, call.cache_read_tokens, call.cache_write_tokens = used.plain, used.read, used.write
        return used

    def _close(self, call: BilledCall, status: int, code: str = "") -> None:
        call.status, call.error_code = status, code
        self.log.add(call)

    def _refuse(self, call: BilledCall, reply: HttpReply, refusal: CallRefused) -> None:
        call.input_tokens = call.output_tokens = call.cache_read_tokens = call.cache_write_tokens = 0
        self._close(call, refusal.status, refusal.code)
        kind = f"{refusal.code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        headers = {"x-amzn-ErrorType": kind, "x-amzn-RequestId": call.request_id}
        reply.send_json(refusal.status, {"message": refusal.message}, **headers)


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


def _body_of(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CallRefused("validation", f"The request body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise CallRefused("validation", "The request body is no object.")
    return body


def _usage(used: InputTokens, output_tokens: int, body: dict[str, Any]) -> dict[str, Any]:
    total = used.plain + used.read + used.write + output_tokens
    usage: dict[str, Any] = {"inputTokens": used.plain, "outputTokens": output_tokens, "totalTokens": total}
    usage |= {"cacheReadInputTokens": used.read, "cacheWriteInputTokens": used.write}
    if used.write:
        parts = {"1h": used.long_write, "5m": used.write - used.long_write}
        usage["cacheDetails"] = [{"ttl": ttl, "inputTokens": tokens} for ttl, tokens in parts.items() if tokens]
    return usage
