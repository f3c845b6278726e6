"""`Webhooks` over httpx: to the address that was checked and no other, once, bounded in time and size."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx
import msgspec

from adapters.webhook.addresses import ForbiddenAddress, Resolve, allowed_address, checked_url, resolve
from application.ports.tools.webhooks import WebhookAnswer, WebhookFailed
from domain.refusals import InvalidField

TOTAL_S = 10.0
CONNECT_S = 3.0
READ_S = 8.0
MAX_ANSWER = 65_536
CONNECTIONS = 100
AGENT = "Colloquy-Webhook/1"


class HttpxWebhooks:
    """See `application.ports.tools.webhooks.Webhooks`; made by `open_webhooks`. `loopback` lets this machine be called,
    `hosts` narrows what else may be (see `checked_url`)."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        loopback: bool,
        hosts: Sequence[str] = (),
        resolve: Resolve = resolve,
        total_s: float = TOTAL_S,
    ) -> None:
        self._total_s = total_s
        self._client, self._loopback, self._resolve = client, loopback, resolve
        self._hosts = [host.lower() for host in hosts]

    async def check(self, url: str) -> None:
        """See the port."""
        parsed = checked_url(url, loopback=self._loopback, hosts=self._hosts)
        try:
            await allowed_address(parsed, self._resolve, loopback=self._loopback)
        except ForbiddenAddress:
            raise InvalidField("webhook.url: its host has an address that is not public") from None
        except (OSError, TimeoutError, UnicodeError):
            pass  # it cannot be told now; it will have to be when it is called

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        """See the port. The name is resolved here, and the connection goes to the address that was looked at: what the
        name means a moment later is of no account. TLS still speaks to, and checks, the name."""
        sent = False
        try:
            async with asyncio.timeout(self._total_s):
                parsed = checked_url(url, loopback=self._loopback, hosts=self._hosts)
                address = await allowed_address(parsed, self._resolve, loopback=self._loopback)
                request = self._request(parsed, address, body, headers)
                sent = True
                return await self._exchange(request)
        except InvalidField as refused:
            raise WebhookFailed("The tool's address may not be called.", sent=False) from refused
        except ForbiddenAddress as forbidden:
            raise WebhookFailed(str(forbidden), sent=False) from forbidden
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise WebhookFailed("The tool's server cannot be reached.", sent=False) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise WebhookFailed("The tool's server did not answer in time.", sent=sent) from error
        except (OSError, UnicodeError, httpx.HTTPError, ssl.SSLError) as error:
            said = "The connection to the tool's server broke." if sent else "The tool's server cannot be found."
            raise WebhookFailed(said, sent=sent) from error

    def _request(self, url: httpx.URL, address: str, body: bytes, headers: Mapping[str, str]) -> httpx.Request:
        host = f"[{address}]" if ":" in address else address
        return self._client.build_request(
            "POST",
            url.copy_with(host=host),
            content=body,
            headers={
                **headers,
                "host": url.netloc.decode("ascii"),
                "content-type": "application/json",
                "accept": "application/json, text/*",
                "accept-encoding": "identity",
                "user-agent": AGENT,
            },
            extensions={"sni_hostname": url.host.rstrip(".")},
        )

    async def _exchange(self, request: httpx.Request) -> WebhookAnswer:
        response = await self._client.send(request, stream=True)
        try:
            if response.is_redirect:
                raise WebhookFailed("The tool's server answered with a redirect, which is not followed.", sent=True)
            if not response.is_success:
                raise WebhookFailed(f"The tool's server answered with status {response.status_code}.", sent=True)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise WebhookFailed("The tool's server answered in an encoding it was not asked for.", sent=True)
            return _answer(await _bounded(response), response.headers.get("content-type", ""))
        finally:
            await response.aclose()


async def _bounded(response: httpx.Response) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER:
            raise WebhookFailed(f"The tool's server answered with more than {MAX_ANSWER} bytes.", sent=True)
    return bytes(answer)


def _answer(body: bytes, content_type: str) -> WebhookAnswer:
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise WebhookFailed("The tool's server answered with something that is no text.", sent=True) from None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return WebhookAnswer(text, is_json=False)
        return WebhookAnswer(text, is_json=True)
    if kind and not kind.startswith("text/"):
        raise WebhookFailed("The tool's server answered with something that is no text.", sent=True)
    return WebhookAnswer(text.replace("\0", ""), is_json=False)


@asynccontextmanager
async def open_webhooks(
    *,
    loopback: bool,
    hosts: Sequence[str] = (),
    verify: ssl.SSLContext | bool = True,
    resolve: Resolve = resolve,
    total_s: float = TOTAL_S,
) -> AsyncIterator[HttpxWebhooks]:
    """A client without proxy, cookies or redirects, and without connections kept for later: one to an address that
    several names share must not be used under another name than its certificate was checked for."""
    async with httpx.AsyncClient(
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0),
        timeout=httpx.Timeout(READ_S, connect=CONNECT_S, pool=CONNECT_S),
    ) as client:
        yield HttpxWebhooks(client, loopback=loopback, hosts=hosts, resolve=resolve, total_s=total_s)
