"""OpenAI's chat: any client of theirs talks to an assistant, by the same commands as the socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream

from api.http.openai.chat_answer import BREATH, ChatAnswer, as_json, end_of, event
from api.http.openai.chat_request import ChatRequest, exchange_of, schema_of
from api.http.openai.errors import failure_of
from api.http.request.leaving import gone
from api.services import Services
from api.telemetry.trace import current_trace
from application.exchanges.hear import Heard
from application.sessions import feed_frames as f
from domain.access import Principal
from domain.refusals import InvalidField

LONGEST_KEY = 255
BEGINS_WITHIN_S = 2.0
"""A stream's status is held back so long for a failure that comes before anything is said."""
BREATH_S = 15.0
STREAM = {"cache-control": "no-store", "x-accel-buffering": "no"}


@post("/v1/chat/completions", permission="chat", status_code=200)
async def chat_completions(
    data: JSONBody[ChatRequest], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    """One answer, streamed or whole. A client that leaves before its end has the turn cancelled."""
    exchange = exchange_of(
        data,
        key=_key(request),
        retried=request.headers.get("x-stainless-retry-count", "0") != "0",
        use_cache="no-" not in request.headers.get("cache-control", ""),
    )
    asked = await services.exchanges.ask(request.user, exchange)
    told_usage = bool(data.stream_options and data.stream_options.include_usage)
    answer = ChatAnswer(data.model, asked.turn_id, told_usage)
    headers = {"x-request-id": current_trace(), "x-session-id": asked.live.id.id, "x-turn-id": asked.turn_id}
    heard = Heard(services.exchanges.follow, asked)
    if not data.stream:
        end = end_of(await heard.unless(gone(request.receive)))
        text = as_json(end.text, schema_of(data.response_format)) if exchange.form else end.text
        return Response(answer.whole(end, text), media_type="application/json", headers=headers)
    if failed := await heard.begin(BEGINS_WITHIN_S):
        end_of(failed)
    chunks = _json_chunks(heard, answer, data) if exchange.form else _chunks(heard, answer)
    return Stream(chunks, media_type="text/event-stream", headers=STREAM | headers)


async def _chunks(heard: Heard, answer: ChatAnswer) -> AsyncIterator[bytes]:
    """The stream of an answer in prose."""
    try:
        yield answer.opening()
        async with aclosing(heard.frames(BREATH_S)) as frames:
            async for frame in frames:
                match frame:
                    case None:
                        yield BREATH
                    case f.Delta():
                        yield answer.more(frame.delta)
                    case f.Reset():
                        yield answer.anew()
                    case f.Completed():
                        yield answer.closing(frame)
                    case f.Failed():
                        end_of(frame)
    except Exception as error:  # the status is sent: the rest is told as an event
        yield event(failure_of(error)[0])
    finally:
        heard.close()


async def _json_chunks(heard: Heard, answer: ChatAnswer, asked: ChatRequest) -> AsyncIterator[bytes]:
    """The stream of an answer that is to be JSON: looked at whole before any of it is told."""
    try:
        yield answer.opening()
        async with aclosing(heard.frames(BREATH_S)) as frames:
            async for frame in frames:
                if frame is None:
                    yield BREATH
                elif isinstance(frame, f.Completed | f.Failed):
                    end = end_of(frame)
                    yield answer.more(as_json(end.text, schema_of(asked.response_format))) + answer.closing(end)
    except Exception as error:  # the status is sent: the rest is told as an event
        yield event(failure_of(error)[0])
    finally:
        heard.close()


def _key(request: Request[Any, Any, Any]) -> str:
    key = str(request.headers.get("idempotency-key", ""))
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidField(f"idempotency-key: at most {LONGEST_KEY} printable characters")
    return key
