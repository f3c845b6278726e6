"""Claude through ConverseStream: one call, its events as they come, and one kind of failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import aiohttp

from adapters.bedrock.answer import Answer
from adapters.bedrock.body import PacedBody, SilenceLimits
from adapters.bedrock.failures import CAUGHT, of_error
from adapters.bedrock.http import BedrockHttp
from adapters.bedrock.pacer import Pacer
from adapters.bedrock.request import converse_request
from application.ports.models.model import ModelCall, ModelEvent, ModelFailure
from domain.models import asked_as


class BedrockLanguageModel:
    """The `LanguageModel` port over the HTTP of `open_bedrock`."""

    def __init__(self, http: BedrockHttp, patience: SilenceLimits = SilenceLimits()) -> None:  # noqa: B008  # frozen
        self._http, self._patience = http, patience
        self._pacer = Pacer()

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        """Stream the answer; see the port. Text that came before a failure is given before it is raised."""
        first_by = asyncio.get_running_loop().time() + call.first_token_s
        response = await self._open(call, first_by)
        answer = Answer()
        failure: ModelFailure | None = None
        body = PacedBody(response, self._pacer, first_by=first_by, idle_s=call.idle_s, patience=self._patience)
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

    async def _open(self, call: ModelCall, first_by: float) -> aiohttp.ClientResponse:
        """Send the request; ModelFailure when there is no answer to be read."""
        request = converse_request(call)
        try:
            async with asyncio.timeout_at(first_by):
                return await self._http.post(asked_as(call.model), "converse-stream", request)
        except CAUGHT as error:
            raise of_error(error, opened=False, started=False) from error
