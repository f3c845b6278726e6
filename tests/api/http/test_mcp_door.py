"""MCP's official client lists and calls our two tools, by both of the protocol's eras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from api.http.mcp_door import MAX_BODY
from domain.session.events import TurnStarted
from tests.api.harness import bearer, serving
from tests.api.http.exchanging import exchanging
from tests.application.turns.harness import House, house
from tests.fakes.scripted_model import Reply

pytestmark = pytest.mark.real


@asynccontextmanager
async def door(*replies: Reply) -> AsyncIterator[tuple[str, dict[str, str], House]]:
    async with house(*replies) as here:
        services = exchanging(here)
        async with serving(services) as (address, _):
            yield f"http://{address}/mcp", bearer(services), here
        await here.settled()


@asynccontextmanager
async def connected(url: str, headers: dict[str, str], mode: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_lists_and_calls_both_tools(mode: str) -> None:
    async with (
        door(Reply(("Within 30 days ", "[1]."))) as (url, headers, here),
        connected(url, headers, mode) as client,
    ):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search_documents", "ask"}
        hints = tools["search_documents"].annotations
        assert hints and hints.read_only_hint and tools["ask"].input_schema["required"] == ["question"]
        found = await client.call_tool("search_documents", {"query": "coffee", "k": 2})
        assert not found.is_error and found.structured_content["passages"][0]["title"] == "Returns"
        asked = await client.call_tool("ask", {"question": "How long may coffee be returned?"})
        assert asked.structured_content["answer"] == "Within 30 days [1]."
        assert asked.structured_content["citations"][0]["document_id"] == "d1"
        (turn,) = [e for e in here.store.log if isinstance(e.event, TurnStarted)]
        assert turn.stream.endswith(asked.structured_content["session_id"])


async def test_what_cannot_be_done_is_told_in_words() -> None:
    async with door() as (url, headers, _), connected(url, headers, "legacy") as client:
        wrong: list[tuple[str, dict[str, Any], str]] = [
            ("search_documents", {"query": "x", "k": 999}, "k"),
            ("search_documents", {}, "query"),
            ("ask", {"question": " "}, "no text"),
            ("ask", {"question": "x" * 40_000}, "at most"),
            ("ask", {"question": "x", "assistant": "nobody"}, "no such assistant"),
            ("forget", {}, "two tools"),
        ]
        for name, given, said in wrong:
            result = await client.call_tool(name, given)
            assert result.is_error and said in str(result.content[0]), (name, given)
        async with httpx.AsyncClient() as bare:
            for key in ({}, {"Authorization": "Bearer ck_wrong"}):
                answer = await bare.post(url, json={}, headers=key)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert (await bare.get(url, headers=headers)).status_code == 405
            json = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
            large = await bare.post(url, content=b" " * (MAX_BODY + 1), headers=headers | json)
            assert large.status_code == 413
