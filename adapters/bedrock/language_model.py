"""Claude through ConverseStream: one call, its events as they come, and one kind of failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from adapters.bedrock.answer import Answer
from adapters.bedrock.body import PacedBody
from adapters.bedrock.failures import CAUGHT, of_error
from adapters.bedrock.library_parser import LibraryBody
from adapters.bedrock.pacer import Pacer
from adapters.bedrock.request import converse_request
from application.ports.model import ModelCall, ModelEvent, ModelFailure


class BedrockLanguageModel:
    """The `LanguageModel` port on a client from `open_bedrock`. `own_parser=False` uses the library's parser."""

    def __init__(self, client: Any, *, own_parser: bool = True) -> None:
        self._client = client
        self._own_parser = own_parser
        self._pacer = Pacer()

    async def converse(self, call: ModelCall) -> AsyncIterator[ModelEvent]:
        """Stream the answer; see the port. Text that came before a failure is given before it is raised."""
        first_by = asyncio.get_running_loop().time() + call.first_token_s
        stream = await self._open(call, first_by)
        answer = Answer()
        failure: ModelFailure | None = None
        body = self._body(stream, call, first_by)
        try:
            while failure is None:
                try:
                    more = await body.read_into(answer)
                except ModelFailure as error:
                    failure = error
                except CAUGHT as error:
                    failure = of_error(error, opened=True, started=answer.started)
                else:
                    if not more:
                        break
                for event in answer.drain():
                    yield event
        finally:
            body.close()
            stream.close()
        if failure is not None and not answer.complete:
            raise failure
        yield answer.finished()

    async def _open(self, call: ModelCall, first_by: float) -> Any:
        """Send the request; the response's event stream, or ModelFailure."""
        try:
            async with asyncio.timeout_at(first_by):
                response = await self._client.converse_stream(**converse_request(call))
        except CAUGHT as error:
            raise of_error(error, opened=False, started=False) from error
        return response["stream"]

    def _body(self, stream: Any, call: ModelCall, first_by: float) -> PacedBody | LibraryBody:
        raw = getattr(stream, "_raw_stream", None)
        if self._own_parser and hasattr(raw, "content") and hasattr(raw, "connection"):
            return PacedBody(raw, self._pacer, first_by=first_by, idle_s=call.idle_s)
        return LibraryBody(stream, first_by=first_by, idle_s=call.idle_s)
