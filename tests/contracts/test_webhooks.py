"""Webhooks keep their promises, from a script and over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from adapters.webhook.webhooks import HttpxWebhooks
from application.ports.tools.webhooks import WebhookAnswer, WebhookFailed, Webhooks
from domain.refusals import InvalidField
from tests.fakes.scripted_webhooks import ScriptedWebhooks

URL = "https://hooks.example.com/orders"


@dataclass
class Subject:
    """Webhooks whose server answers with a status and a body, and what that server saw."""

    webhooks: Webhooks
    seen: list[tuple[bytes, str]]


async def public(host: str, port: int) -> list[str]:
    return ["93.184.216.34"]


@pytest.fixture(params=["scripted", "httpx"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    seen: list[tuple[bytes, str]] = []
    if request.param == "scripted":
        answers: list[WebhookAnswer | Exception] = [
            WebhookAnswer('{"ok":true}', True),
            WebhookFailed("It answered with status 500.", sent=True),
        ]
        scripted = ScriptedWebhooks(answers)
        yield Subject(scripted, seen)
        seen += [(body, headers["idempotency-key"]) for _, body, headers in scripted.sent]
        assert seen == [(b"{}", "k1"), (b"{}", "k2")][: len(seen)]
        return
    statuses = [200, 500]

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.content, request.headers["idempotency-key"]))
        kind = {"content-type": "application/json"}
        return httpx.Response(statuses.pop(0), headers=kind, stream=httpx.ByteStream(b'{"ok":true}'))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        yield Subject(HttpxWebhooks(client, loopback=False, resolve=public), seen)
    assert seen == [(b"{}", "k1"), (b"{}", "k2")][: len(seen)]


async def test_an_answer_then_a_failure(subject: Subject) -> None:
    await subject.webhooks.check(URL)
    assert await subject.webhooks.post(URL, b"{}", {"idempotency-key": "k1"}) == WebhookAnswer('{"ok":true}', True)
    with pytest.raises(WebhookFailed, match="status 500") as failed:
        await subject.webhooks.post(URL, b"{}", {"idempotency-key": "k2"})
    assert failed.value.sent


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "ftp://hooks.example.com/", ""])
async def test_https_alone(subject: Subject, url: str) -> None:
    with pytest.raises(InvalidField):
        await subject.webhooks.check(url)
