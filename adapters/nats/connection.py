"""One connection to NATS that is made when it is first needed, and made again when it was lost for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import nats
import nats.errors
from nats.js.client import JetStreamContext

from adapters.nats.credentials import callbacks
from domain.refusals import DependencyRefuses, DependencyUnavailable

CONNECT_S = 3.0
CALL_S = 5.0
CLOSE_S = 2.0


@contextmanager
def answering() -> Iterator[None]:
    """NATS's own errors, silence and refused connections become `DependencyUnavailable`."""
    try:
        yield
    except nats.errors.AuthorizationError as error:
        raise DependencyRefuses("NATS refuses us: its user or credentials", retry_after_s=10) from error
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise DependencyUnavailable(f"NATS: {type(error).__name__}", retry_after_s=1) from error


def servers_of(urls: str, credentials: str = "") -> tuple[list[str], dict[str, Any]]:
    """The servers that URLs with commas between them name, and who we are there: as the first of them says (its user
    and password may be percent-encoded, a user alone is a token), or a file of credentials."""
    found = [urlsplit(url.strip()) for url in urls.split(",") if url.strip()]
    servers = [parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() for parts in found]
    user, password = (unquote(text or "") for text in (found[0].username, found[0].password)) if found else ("", "")
    if credentials:
        return servers, callbacks(credentials)
    if user and not password:
        return servers, {"token": user}
    return servers, {"user": user, "password": password} if user else {}


class Connection:
    """Reconnects by itself; while it does, every call fails at once instead of queueing. With `echo` it hears what it
    says itself. Answers come to an inbox below `inbox`, where others need not be allowed to listen."""

    def __init__(self, urls: str, credentials: str = "", *, echo: bool = True, inbox: str = "_INBOX") -> None:
        self._servers, self._who = servers_of(urls, credentials)
        self._echo, self._inbox = echo, inbox
        self._client: Any = None
        self._js: JetStreamContext
        self._lock = asyncio.Lock()

    async def jetstream(self) -> JetStreamContext:
        """JetStream of a live connection; `DependencyUnavailable` when there is none."""
        await self.client()
        return self._js

    async def client(self) -> Any:
        """The live connection itself."""
        async with self._lock:
            if self._client is None or self._client.is_closed:
                with answering():
                    self._client = await self._connect()
                self._js = self._client.jetstream(timeout=CALL_S)
            if not self._client.is_connected:
                raise DependencyUnavailable("NATS is away.", retry_after_s=1)
            return self._client

    @property
    def live(self) -> Any:
        """The connection if there is one now; `DependencyUnavailable` at once otherwise."""
        if self._client is None or not self._client.is_connected:
            raise DependencyUnavailable("NATS is away.", retry_after_s=1)
        return self._client

    async def _connect(self) -> Any:
        client = nats.NATS()
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    self._servers,
                    **self._who,
                    connect_timeout=2,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.25,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    no_echo=not self._echo,
                    inbox_prefix=self._inbox,
                    error_cb=_quiet,
                )
        except BaseException:
            await client.close()
            raise
        return client

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self._client.close()
            except TimeoutError:
                pass  # the process is leaving; the server notices by itself


async def _quiet(_: Exception) -> None:
    """Lost connections show in the calls that fail; the library's own report of each attempt would flood the log."""
