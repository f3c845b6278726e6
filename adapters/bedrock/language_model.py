"""Claude through ConverseStream: one call, its events as they come, and one kind of failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from adapters.bedrock.answer import Answer
from adapters.bedrock.body import PacedBody
from adapters.bedrock.failures import CAUGHT, of_error
from adapters.bedrock.library_parser import LibraryBody
from adapters.bedrock.pacer import Pacer
from adapters.bedrock.request import converse_request
from adapters.bedrock.wire import wire_of
from application.ports.model import ModelCall, ModelEvent, ModelFailure


class BedrockLanguageModel:
    """The `LanguageModel` port on a client from `open_bedrock`. `lean=False` leaves request and answer to the library,
    as happens by itself when it has changed inside."""

    def __init__(self, client: Any, *, lean: bool = True) -> None:
        self._client = client
        self._wire = wire_of(client) if lean else None
        self._pacer = Pacer()

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        """Stream the answer; see the port. Text that came before a failure is given before it is raised."""
        first_by = asyncio.get_running_loop().time() + call.first_token_s
        response = await self._open(call, first_by)
        answer = Answer()
        failure: ModelFailure | None = None
        body = self._body(response, call, first_by)
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
            response.close()
        if failure is not None and not answer.complete:
            raise failure
        yield answer.finished()

    async def _open(self, call: ModelCall, first_by: float) -> Any:
        """Send the request: the HTTP response, or the library's event stream; ModelFailure otherwise."""
        request = converse_request(call)
        try:
            async with asyncio.timeout_at(first_by):
                if self._wire is not None:
                    return await self._wire.post(request.pop("modelId"), "converse-stream", request)
                return (await self._client.converse_stream(**request))["stream"]
        except CAUGHT as error:
            raise of_error(error, opened=False, started=False) from error

    def _body(self, stream: Any, call: ModelCall, first_by: float) -> PacedBody | LibraryBody:
        if self._wire is not None:
            return PacedBody(stream, self._pacer, first_by=first_by, idle_s=call.idle_s)
        return LibraryBody(stream, first_by=first_by, idle_s=call.idle_s)
