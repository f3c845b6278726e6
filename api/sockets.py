"""All open chat sockets of a process: how many there may be, and a watchdog over their credentials and readers."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # only to spread reconnections
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Protocol

import structlog

from api import frames as f
from domain.access import Principal
from domain.refusals import Overloaded, RateLimited, Refusal, Unauthorized

STUCK_S = 10.0
WARN_S = 60.0
log = structlog.get_logger()


class Watched(Protocol):
    """A chat socket as the watchdog sees it."""

    principal: Principal
    sending_since: float
    expiry_told: bool

    def notice(self) -> dict[str, Any]:
        """What every frame without a seq of its own carries."""
        ...

    async def send(self, frame: Any) -> None:
        """One frame out."""
        ...

    async def tell_error(self, refusal: Refusal) -> None:
        """An `error` frame."""
        ...

    def hang_up(self, code: int, reason: str) -> None:
        """End it."""
        ...


class Sockets:
    """Counts sockets per tenant, and looks after them once a second."""

    def __init__(self, limit: int, limit_per_tenant: int) -> None:
        self._limit, self._per_tenant = limit, limit_per_tenant
        self._open: set[Watched] = set()
        self._count: Counter[str] = Counter()
        self.closed: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def check(self, tenant: str) -> None:
        """Overloaded or RateLimited when one more is too many."""
        if len(self._open) >= self._limit:
            raise Overloaded(retry_after_s=5)
        if self._count[tenant] >= self._per_tenant:
            raise RateLimited("Too many sockets of this tenant are open.", retry_after_s=5)

    def add(self, socket: Watched) -> None:
        """It is open."""
        self._open.add(socket)
        self._count[socket.principal.tenant] += 1

    def remove(self, socket: Watched) -> None:
        """It is closed."""
        self._open.discard(socket)
        self._count[socket.principal.tenant] -= 1

    async def watch(self, stop: asyncio.Event) -> None:
        """Once a second: hang up on expired credentials and on readers that do not read."""
        while not stop.is_set():
            for socket in list(self._open):
                await self._look_at(socket)
            try:
                await asyncio.wait_for(stop.wait(), 1.0)
            except TimeoutError:
                continue

    async def _look_at(self, socket: Watched) -> None:
        left = socket.principal.expires_at - time.time()
        if socket.sending_since:
            if time.monotonic() - socket.sending_since > STUCK_S:
                log.info("slow_reader_dropped", tenant=socket.principal.tenant)
                socket.hang_up(4408, "the client does not read")
            elif left <= 0:
                socket.hang_up(4401, "unauthorized")
            return
        if left <= 0:
            await _try(socket.tell_error(Unauthorized()))
            socket.hang_up(4401, "unauthorized")
        elif left < WARN_S and not socket.expiry_told:
            socket.expiry_told = True
            await _try(socket.send(f.AuthExpiring(**socket.notice(), in_s=max(1, round(left)))))

    async def announce_drain(self) -> None:
        """Tell every client to come back, at a random moment so that they do not all come at once."""
        for socket in list(self._open):
            if not socket.sending_since:
                wait_ms = random.randint(200, 2_000)
                await _try(socket.send(f.SessionDraining(**socket.notice(), reconnect_after_ms=wait_ms)))

    def hang_up_all(self, code: int, reason: str) -> None:
        """Close them all."""
        for socket in list(self._open):
            socket.hang_up(code, reason)


async def _try(sending: Coroutine[Any, Any, None]) -> None:
    try:
        await asyncio.wait_for(sending, 0.5)
    except (OSError, RuntimeError, TimeoutError):
        pass  # the reader's own loop notices that the client is gone
