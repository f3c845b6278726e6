"""One call that the model behind the stand-in answers: relayed as it comes, billed once however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from infra.local.bedrock import event_stream
from infra.local.bedrock.chat_answer import BrokenOff, UpstreamAnswer
from infra.local.bedrock.chat_request import chat_request
from infra.local.bedrock.faults import CallRefused
from infra.local.bedrock.http_server import HttpReply, chunk
from infra.local.bedrock.invocation_log import BilledCall
from infra.local.bedrock.output import head_frame
from infra.local.bedrock.token_count import count_request
from infra.local.bedrock.upstream import Upstream

MOST_TOKENS = 4_096  # where the caller says nothing
LASTS_S = 600.0


class UpstreamRelay:
    """A valid Converse request and who waits for its answer. `close(status, code)` is called once, with the call's
    tokens set; a client that goes cancels the task that runs this, and the server stops writing."""

    def __init__(
        self,
        upstream: Upstream,
        call: BilledCall,
        body: dict[str, Any],
        reply: HttpReply,
        close: Callable[[int, str], None],
    ) -> None:
        self._upstream, self._call, self._body, self._reply, self._close = upstream, call, body, reply, close
        most = int(body.get("inferenceConfig", {}).get("maxTokens", MOST_TOKENS))
        self._answer = UpstreamAnswer(count_request(body), most)
        self._began = asyncio.get_running_loop().time()
        self._streaming = False

    async def stream(self) -> None:
        """As ConverseStream; Refused when the answer never began."""
        try:
            async for frames in self._frames():
                if not self._streaming:
                    self._streaming = True
                    headers = {"x-amzn-RequestId": self._call.request_id}
                    self._reply.send(self._reply.start(event_stream.MEDIA_TYPE, **headers))
                if frames:
                    self._reply.send(chunk(frames))
            self._bill()
            stop = event_stream.event("messageStop", {"stopReason": self._answer.stop_reason})
            self._reply.send(chunk(stop + event_stream.event("metadata", self._accounts())))
        except (BrokenOff, CallRefused) as failure:
            if not self._streaming:
                raise (
                    failure if isinstance(failure, CallRefused) else CallRefused("model_error", str(failure))
                ) from None
            self._bill("ModelStreamErrorException")
            said = getattr(failure, "message", str(failure))
            self._reply.send(chunk(event_stream.exception("modelStreamErrorException", said, originalStatusCode=500)))
        except asyncio.CancelledError:
            self._bill()
            raise
        self._reply.finish()

    async def whole(self) -> dict[str, Any]:
        """As Converse returns it; Refused when it did not come to its end."""
        try:
            async for _ in self._frames():
                pass
        except BrokenOff as broken:
            raise CallRefused("model_error", str(broken)) from None
        self._bill()
        return {
            "output": {"message": self._answer.message()},
            "stopReason": self._answer.stop_reason,
            **self._accounts(),
        }

    async def _frames(self) -> Any:
        """What came, as frames; the first as soon as the server has said that it will answer."""
        request = chat_request(self._body, self._upstream.model)
        try:
            async with asyncio.timeout(LASTS_S), self._upstream.chat(request) as chunks:
                yield head_frame()
                async for piece in chunks:
                    yield self._answer.take(piece)
                    if self._answer.over:
                        break
        except TimeoutError:
            raise BrokenOff(f"the answer took longer than {LASTS_S:.0f} s") from None
        yield self._answer.close()

    def _accounts(self) -> dict[str, Any]:
        ms = int((asyncio.get_running_loop().time() - self._began) * 1000)
        return {"usage": self._answer.usage(), "metrics": {"latencyMs": ms}}

    def _bill(self, code: str = "") -> None:
        used = self._answer.usage()
        self._call.input_tokens, self._call.output_tokens = used["inputTokens"], used["outputTokens"]
        self._call.cache_read_tokens = used["cacheReadInputTokens"]
        self._close(200, code)
