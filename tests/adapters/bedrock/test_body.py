"""The bytes of a response that come faster than they are read."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from adapters.bedrock.answer import Answer
from adapters.bedrock.body import PacedBody, has_low_water
from adapters.bedrock.pacer import Pacer
from application.ports.models.model import ModelEvent, TextDelta
from infra.local.bedrock.event_stream import event
from infra.local.bedrock.http_server import chunk

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": f"{n} "}}) for n in range(20_000)),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 20_000, "totalTokens": 20_001}}),
)


def test_a_reader_that_has_changed_inside_is_left_alone() -> None:
    assert has_low_water(aiohttp.StreamReader), "else a delta costs more: see ADR 0161"
    assert not has_low_water(object)


@pytest.mark.parametrize("lean", [True, False])
async def test_far_more_at_once_than_is_buffered_arrives_whole(lean: bool) -> None:
    """Some megabytes in one go: the reader stops its socket again and again, and must go on each time."""
    whole = b"".join(chunk(event(name, body)) for name, body in EVENTS)

    async def answer_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + whole + b"0\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(answer_at_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = Answer()
    told: list[ModelEvent] = []
    async with asyncio.timeout(20), server, aiohttp.ClientSession() as http:
        response = await http.get(f"http://127.0.0.1:{port}/")
        first_by = asyncio.get_running_loop().time() + 20
        body = PacedBody(response, Pacer(0.001), first_by=first_by, idle_s=5, lean=lean)
        while await body.read_into(answer):
            told += answer.drain()
        body.close()
        response.close()
    assert "".join(one.text for one in told if isinstance(one, TextDelta)) == "".join(f"{n} " for n in range(20_000))
    assert answer.complete
