"""Webhooks: sent once, to the address that was looked at, and answers that are too much are cut."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from adapters.webhook.webhooks import MAX_ANSWER, HttpxWebhooks, open_webhooks
from application.ports.tools.webhooks import WebhookFailed
from domain.refusals import InvalidField
from tests.adapters.webhook.server import certified, serving

pytestmark = pytest.mark.real


async def here(host: str, port: int) -> list[str]:
    """Every name means this machine."""
    return ["127.0.0.1"]


def reply(body: bytes, kind: str = "application/json", status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


async def test_a_request_and_its_answer() -> None:
    async with serving() as server, open_webhooks(loopback=True) as webhooks:
        url = f"http://127.0.0.1:{server.port}/orders?x=1"
        answer = await webhooks.post(url, b'{"id":7}', {"idempotency-key": "k"})
        assert (answer.text, answer.is_json) == ('{"ok":true}', True)
        [(headers, body)] = server.requests
        assert headers[""] == "POST /orders?x=1 HTTP/1.1" and body == b'{"id":7}'
        assert headers["content-type"] == "application/json" and headers["idempotency-key"] == "k"
        assert headers["host"] == f"127.0.0.1:{server.port}"
        server.answer = reply("prêt".encode(), "text/plain; charset=utf-8")
        answer = await webhooks.post(url, b"{}", {})
        assert (answer.text, answer.is_json) == ("prêt", False)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(b"", status="302 Found", more="location: http://127.0.0.1:1/\r\n"), "redirect"),
        (reply(b"", status="307 Temporary Redirect", more="location: https://example.com/\r\n"), "redirect"),
        (reply(b"no", status="500 Internal Server Error"), "status 500"),
        (reply(b"no", status="404 Not Found"), "status 404"),
        (reply(b"x" * (MAX_ANSWER + 1), "text/plain"), "more than"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n" + b"x" * 2 * MAX_ANSWER, "more than"),
        (reply(b"\x1f\x8b", "application/json", more="content-encoding: gzip\r\n"), "encoding"),
        (reply(b"\xff\xfe", "text/plain"), "no text"),
        (reply(b"MZ", "application/octet-stream"), "no text"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", "broke"),
        (b"not http at all\r\n\r\n", "broke"),
        (b"", "broke"),
    ],
)
async def test_answers_that_cannot_be_used(answer: bytes, said: str) -> None:
    async with serving() as server, open_webhooks(loopback=True) as webhooks:
        server.answer = answer
        with pytest.raises(WebhookFailed, match=said) as failed:
            await webhooks.post(f"http://127.0.0.1:{server.port}/", b"{}", {})
        assert failed.value.sent and "127.0.0.1" not in str(failed.value)
        assert len(server.requests) == 1


async def test_a_server_that_does_not_answer_is_left() -> None:
    async with serving() as server, open_webhooks(loopback=True, total_s=0.05) as webhooks:
        server.silent = True
        with pytest.raises(WebhookFailed, match="in time"):
            await webhooks.post(f"http://127.0.0.1:{server.port}/", b"{}", {})


async def test_a_server_that_is_not_there() -> None:
    async with serving() as server:
        url = f"http://127.0.0.1:{server.port}/"
    async with open_webhooks(loopback=True) as webhooks:
        with pytest.raises(WebhookFailed, match="reached") as failed:
            await webhooks.post(url, b"{}", {})
        assert not failed.value.sent


async def test_without_the_setting_this_machine_is_never_called() -> None:
    async with serving() as server, open_webhooks(loopback=False, resolve=here) as webhooks:
        for url in (f"http://127.0.0.1:{server.port}/", f"https://hooks.example.com:{server.port}/"):
            with pytest.raises(InvalidField):
                await webhooks.check(url)
            with pytest.raises(WebhookFailed) as failed:
                await webhooks.post(url, b"{}", {})
            assert not failed.value.sent
        assert server.requests == []


async def test_a_name_that_changes_its_mind_is_of_no_avail() -> None:
    """It is public when it is checked and private when it is called; and the connection goes where was looked."""
    answers = [["93.184.216.34"], ["93.184.216.34", "2606:4700::1111"], ["10.0.0.5"]]
    seen: list[httpx.Request] = []

    async def changing(host: str, port: int) -> list[str]:
        return answers.pop(0)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        webhooks = HttpxWebhooks(client, loopback=False, resolve=changing)
        await webhooks.check("https://hooks.example.com:8443/x")
        await webhooks.post("https://hooks.example.com:8443/x", b"{}", {})
        with pytest.raises(WebhookFailed, match="public"):
            await webhooks.post("https://hooks.example.com:8443/x", b"{}", {})
    [request] = seen
    assert str(request.url) == "https://93.184.216.34:8443/x"
    assert request.headers["host"] == "hooks.example.com:8443"
    assert request.extensions["sni_hostname"] == "hooks.example.com"


async def test_a_name_that_does_not_resolve_may_be_put_but_not_called() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    async with open_webhooks(loopback=False, resolve=nowhere) as webhooks:
        await webhooks.check("https://hooks.example.com/")
        with pytest.raises(WebhookFailed, match="found"):
            await webhooks.post("https://hooks.example.com/", b"{}", {})


async def test_the_certificate_must_be_the_names(tmp_path: Path) -> None:
    for name, reached in (("localhost", True), ("other.example.com", False)):
        tls, trusting = certified(tmp_path, name)
        async with (
            serving(tls) as server,
            open_webhooks(loopback=True, verify=trusting, resolve=here) as webhooks,
        ):
            url = f"https://localhost:{server.port}/"
            if reached:
                assert (await webhooks.post(url, b"{}", {})).is_json
            else:
                with pytest.raises(WebhookFailed, match="reached"):
                    await webhooks.post(url, b"{}", {})
                assert server.requests == []
