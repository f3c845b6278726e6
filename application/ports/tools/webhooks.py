"""Requests to servers of a tenant's choice, which may be anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec


class WebhookAnswer(msgspec.Struct, frozen=True):
    """A successful (2xx) answer: JSON text when the server said so and it is, else plain text."""

    text: str
    is_json: bool


class WebhookFailed(Exception):
    """There is no answer that could be used. The message says why in words for a model, without the address. `sent`
    when the request had left, so that it may have had its effect all the same."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Webhooks(Protocol):
    """Reaches public servers over HTTPS, and nothing inside our own network, whatever a name resolves to."""

    async def check(self, url: str) -> None:
        """InvalidField when no webhook may have that address. A name that does not resolve now is looked at again when
        it is called."""
        ...

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        """Send a JSON body, once. `WebhookFailed`; never longer than ten seconds, never a redirect."""
        ...
