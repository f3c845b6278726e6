"""Signed POSTs to Bedrock through a client's own parts, past the layers that look up for each call what never changes.

The library takes about 1 ms a call to walk shapes, rules, hooks and headers. Credentials, TLS and connections stay the
library's; the URL, the JSON body and the signature, which are alike for all of our operations, are made here.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from botocore.exceptions import NoCredentialsError
from yarl import URL

from adapters.bedrock.failures import of_response
from adapters.bedrock.signature import Signature
from application.clock import now

SIGNED = "v4"
DEFAULT_PORTS = {"http": 80, "https": 443}
URLS = 256
READER_PARTS = ("_low_water", "_protocol")
"""What `body.py` touches of aiohttp's reader."""
JSON = {"content-type": "application/json"}


class Wire:
    """One client's credentials and HTTP session."""

    def __init__(self, client: Any) -> None:
        signer, self._http = client._request_signer, client._endpoint.http_session
        self._credentials = signer._credentials
        self._session = self._http._get_session
        self._origin = urlsplit(client.meta.endpoint_url.rstrip("/"))
        self._signature = Signature(signer.region_name, signer.signing_name, host_of(self._origin))
        self._known = {"user-agent": client._client_config.user_agent, "accept-encoding": "identity"}
        self._urls: dict[tuple[str, str], tuple[URL, str]] = {}
        self.usable = signer.signature_version == SIGNED and not self._http._proxy_config.proxy_url_for(
            client.meta.endpoint_url
        )

    async def post(self, model: str, operation: str, body: Any, **headers: str) -> aiohttp.ClientResponse:
        """POST /model/{model}/{operation} with `body` as JSON: a response whose body is still to be read.
        ModelFailure when Bedrock refuses, aiohttp's or the library's errors when it cannot be reached."""
        if self._credentials is None:
            raise NoCredentialsError
        data = msgspec.json.encode(body)
        url, path = self._url(model, operation)
        credentials = await self._credentials.get_frozen_credentials()
        said = JSON | {name.lower(): value for name, value in headers.items()}
        signed = self._known | self._signature.headers(credentials, path, data, now(), said)
        try:
            response: aiohttp.ClientResponse = await (await self._session(None)).post(url, data=data, headers=signed)
        except aiohttp.ServerTimeoutError as error:
            raise ConnectionError(str(error)) from error  # no connection in time is no silence of the model
        if response.status != 200:
            raise of_response(response.status, response.headers, await response.read())
        return response

    def _url(self, model: str, operation: str) -> tuple[URL, str]:
        """The URL, and its path as it is sent."""
        known = self._urls.get((model, operation))
        if known is None:
            path = f"{self._origin.path}/model/{quote(model, safe='')}/{operation}"
            known = URL(f"{self._origin.scheme}://{self._origin.netloc}{path}", encoded=True), path
            if len(self._urls) < URLS:
                self._urls[model, operation] = known
        return known


def host_of(origin: Any) -> str:
    """The `Host` header for a split URL: its port only where it is not the scheme's own."""
    host = f"[{origin.hostname}]" if ":" in origin.hostname else origin.hostname
    return host if origin.port in (None, DEFAULT_PORTS.get(origin.scheme)) else f"{host}:{origin.port}"


def wire_of(client: Any) -> Wire | None:
    """The wire of a client; None where the libraries have no such parts any more, sign in another way, or go through a
    proxy."""
    if not all(hasattr(aiohttp.StreamReader, part) for part in READER_PARTS):
        return None
    try:
        wire = Wire(client)
    except AttributeError:
        return None
    return wire if wire.usable else None
