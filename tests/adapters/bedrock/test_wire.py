"""Our own requests say what the library's would, under the same signature."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.bedrock import wire
from adapters.bedrock.embedder import BedrockEmbedder
from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.bedrock.wire import wire_of
from infra.local.bedrock.http_server import Request
from tests.contracts.test_language_model import call
from tests.stand_in import Running, running_stand_in

MODEL = "amazon.titan-embed-text-v2:0"


@pytest.fixture
async def stand_in() -> AsyncIterator[Running]:
    async with running_stand_in() as running:
        yield running


def signed(request: Request) -> tuple[str, set[str]]:
    """Whose signature a request bears and for what, and which of its headers it covers."""
    credential, headers, _ = request.headers["authorization"].split(", ")
    return credential, set(headers.removeprefix("SignedHeaders=").split(";"))


async def test_both_ways_ask_for_the_same(stand_in: Running) -> None:
    for lean in (True, False):
        await BedrockEmbedder(stand_in.client, MODEL, 256, lean=lean).embed("text")
        assert [event async for event in BedrockLanguageModel(stand_in.client, lean=lean).stream(call())]
    requests = list(stand_in.runtime.requests)
    for ours, theirs in zip(requests[:2], requests[2:], strict=True):
        assert (ours.method, ours.path, ours.json()) == (theirs.method, theirs.path, theirs.json())
        assert ours.headers["content-type"] == "application/json"
        assert ours.headers["user-agent"].partition(" ")[0] == theirs.headers["user-agent"].partition(" ")[0]
        assert signed(ours)[0] == signed(theirs)[0]
        assert {"content-type", "host", "x-amz-date"} <= signed(ours)[1]


async def test_a_client_that_has_changed_inside_is_left_to_itself(stand_in: Running) -> None:
    assert wire_of(stand_in.client) is not None
    assert wire_of(object()) is None


async def test_a_reader_that_has_changed_inside_is_left_to_itself(
    stand_in: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "READER_PARTS", ("_gone",))
    assert wire_of(stand_in.client) is None
