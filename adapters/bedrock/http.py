"""Signed POSTs to Bedrock over an HTTP session of our own, on what aiohttp and botocore call public.

The library's own way takes about 1 ms a call to walk shapes, rules, hooks and headers; here only what a call is made of
is signed and sent. Address, credentials, proxy and API key are found by the library's rules.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec
from botocore.exceptions import NoCredentialsError
from botocore.utils import get_environ_proxies, get_token_from_environment
from yarl import URL

from adapters.bedrock.failures import of_response
from adapters.bedrock.signature import Signature, host_of
from application.clock import now

URLS = 256
JSON = {"content-type": "application/json"}


class BedrockHttp:
    """One client's address and credentials (None: none are configured), and the session that requests go over."""

    def __init__(self, http: aiohttp.ClientSession, client: Any, credentials: Any) -> None:
        meta = client.meta
        self._http, self._credentials = http, credentials
        self._origin = urlsplit(meta.endpoint_url.rstrip("/"))
        self._service = meta.service_model.signing_name
        self._signature = Signature(meta.region_name, self._service, host_of(self._origin))
        self._known = {"user-agent": meta.config.user_agent, "accept-encoding": "identity"}
        # Looked up once: left to aiohttp (`trust_env`), a thread would read ~/.netrc for each request.
        self._proxy = get_environ_proxies(meta.endpoint_url).get(self._origin.scheme)
        self._urls: dict[tuple[str, str], tuple[URL, str]] = {}

    async def post(self, model: str, operation: str, body: Any, **headers: str) -> aiohttp.ClientResponse:
        """POST /model/{model}/{operation} with `body` as JSON: a response whose body is still to be read.
        ModelFailure when Bedrock refuses, aiohttp's or the library's errors when it cannot be reached."""
        data = msgspec.json.encode(body)
        url, path = self._url(model, operation)
        said = JSON | {name.lower(): value for name, value in headers.items()}
        try:
            response = await self._http.post(
                url, data=data, headers=await self._headers(path, data, said), proxy=self._proxy, allow_redirects=False
            )
        except aiohttp.ServerTimeoutError as error:
            raise ConnectionError(str(error)) from error  # no connection in time is no silence of the model
        if response.status != 200:
            raise of_response(response.status, response.headers, await response.read())
        return response

    async def _headers(self, path: str, data: bytes, said: dict[str, str]) -> dict[str, str]:
        if token := get_token_from_environment(self._service):  # an API key of Bedrock's stands for a signature
            return self._known | said | {"authorization": f"Bearer {token}"}
        if self._credentials is None:
            raise NoCredentialsError
        credentials = await self._credentials.get_frozen_credentials()
        return self._known | self._signature.headers(credentials, path, data, now(), said)

    def _url(self, model: str, operation: str) -> tuple[URL, str]:
        """The URL, and its path as it is sent."""
        known = self._urls.get((model, operation))
        if known is None:
            path = f"{self._origin.path}/model/{quote(model, safe='')}/{operation}"
            known = URL(f"{self._origin.scheme}://{self._origin.netloc}{path}", encoded=True), path
            if len(self._urls) < URLS:
                self._urls[model, operation] = known
        return known
