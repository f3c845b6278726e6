"""Our own requests say what the library's would, under its signature; proxies and API keys of the environment count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from adapters.bedrock.client import open_bedrock
from adapters.bedrock.embedder import BedrockEmbedder
from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.bedrock.request import converse_request
from application.ports.models.model import FailureKind, ModelFailure
from infra.local.bedrock.http_server import Request
from tests.contracts.test_language_model import call
from tests.stand_in import Running, running_stand_in

pytestmark = pytest.mark.real

MODEL = "amazon.titan-embed-text-v2:0"
TEXT = {"inputText": "text", "dimensions": 256, "normalize": True}


@pytest.fixture
async def stand_in() -> AsyncIterator[Running]:
    async with running_stand_in() as running:
        yield running


def signed(request: Request) -> tuple[str, set[str]]:
    """Whose signature a request bears and for what, and which of its headers it covers."""
    credential, headers, _ = request.headers["authorization"].split(", ")
    return credential, set(headers.removeprefix("SignedHeaders=").split(";"))


async def test_both_ways_ask_for_the_same(stand_in: Running) -> None:
    await BedrockEmbedder(stand_in.http, MODEL, 256).embed("text")
    assert [event async for event in BedrockLanguageModel(stand_in.http).stream(call())]
    await stand_in.client.invoke_model(modelId=MODEL, body=msgspec.json.encode(TEXT))
    theirs = await stand_in.client.converse_stream(modelId=call().model, **converse_request(call()))
    assert [event async for event in theirs["stream"]]
    requests = list(stand_in.runtime.requests)
    for ours, library in zip(requests[:2], requests[2:], strict=True):
        assert (ours.method, ours.path, ours.json()) == (library.method, library.path, library.json())
        assert ours.headers["content-type"] == "application/json"
        assert ours.headers["user-agent"].partition(" ")[0] == library.headers["user-agent"].partition(" ")[0]
        assert signed(ours)[0] == signed(library)[0]
        assert {"content-type", "host", "x-amz-date"} <= signed(ours)[1]


async def test_an_api_key_stands_for_a_signature(stand_in: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "key")
    await BedrockEmbedder(stand_in.http, MODEL, 256).embed("text")
    assert stand_in.runtime.requests[-1].headers["authorization"] == "Bearer key"


async def test_without_credentials_nothing_leaves(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with open_bedrock(endpoint_url="http://127.0.0.1:9", region="us-east-1") as bedrock:
        with pytest.raises(ModelFailure) as failed:
            await BedrockEmbedder(bedrock.http, MODEL, 256).embed("text")
    assert (failed.value.kind, failed.value.code) == (FailureKind.ACCESS_DENIED, "AccessDeniedException")


async def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    async with server, open_bedrock(endpoint_url="http://bedrock.example", region="us-east-1") as bedrock:
        with pytest.raises(ModelFailure) as failed:
            await BedrockEmbedder(bedrock.http, MODEL, 256).embed("text")
    assert asked[0].startswith(b"POST http://bedrock.example/model/amazon.titan-embed-text-v2%3A0/invoke ")
    assert failed.value.kind is FailureKind.UNAVAILABLE
