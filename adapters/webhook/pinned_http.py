"""HTTP for the protocol's SDK whose every connection goes to an address that was looked at, and whose answers end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx2

from application.ports.tools.webhooks import WebhookFailed

READ_S, CONNECT_S = 10.0, 3.0
MAX_BYTES = 1024 * 1024
"""Of one answer; a list of tools is the largest."""
Address = Callable[[str], Awaitable[str]]
"""The address to connect to for a URL; what it raises ends the request."""


class PinnedTransport(httpx2.AsyncBaseTransport):
    """What a name means is looked at for each request, and TLS still speaks to, and checks, the name."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """See httpx."""
        address = await self._address(str(request.url))
        host = f"[{address}]" if ":" in address else address
        request.headers["host"] = request.url.netloc.decode("ascii")
        request.extensions = {**request.extensions, "sni_hostname": request.url.host.rstrip(".")}
        request.url = request.url.copy_with(host=host)
        response = await self._inner.handle_async_request(request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Bounded(response.stream)
        return response

    async def aclose(self) -> None:
        """See httpx."""
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream, self._left = stream, MAX_BYTES

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise WebhookFailed(f"The tool's server answered with more than {MAX_BYTES} bytes.", sent=True)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


@asynccontextmanager
async def open_pinned(address: Address, headers: Mapping[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without proxy, cookies or redirects, and without connections kept for later."""
    async with httpx2.AsyncClient(
        transport=PinnedTransport(address),
        headers={**headers, "accept-encoding": "identity"},
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(READ_S, connect=CONNECT_S),
    ) as client:
        yield client
