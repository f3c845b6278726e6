"""All open chat sockets of a process: how many there may be, and a watchdog over their credentials and readers."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # only to spread reconnections
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, Protocol

import structlog

from api.connections import client_frames as f
from api.connections.client_socket import ClientGone
from application.clock import monotonic
from application.tasks import isolated
from domain.access import Principal
from domain.refusals import Overloaded, RateLimited, Refusal, Unauthorized

STUCK_S = 10.0
WARN_S = 60.0
SEND_S = 0.5
Sending = Coroutine[Any, Any, None]
log = structlog.get_logger()


class WatchedSocket(Protocol):
    """A chat socket as the watchdog sees it."""

    principal: Principal
    expiry_told: bool

    @property
    def sending_since(self) -> float:
        """When the frame on its way out began, on the monotonic clock; 0 while none is."""
        ...

    def notice(self) -> dict[str, Any]:
        """What every frame without a seq of its own carries."""
        ...

    async def send(self, frame: Any) -> None:
        """One frame out; `ClientGone`."""
        ...

    async def tell_error(self, refusal: Refusal) -> None:
        """An `error` frame; `ClientGone`."""
        ...

    def hang_up(self, code: int, reason: str) -> None:
        """End it."""
        ...


Look = Callable[[WatchedSocket], Sending | None]


class Sockets:
    """Counts sockets per tenant, and looks after them once a second."""

    def __init__(self, limit: int, limit_per_tenant: int) -> None:
        self._limit, self._per_tenant = limit, limit_per_tenant
        self._open: set[WatchedSocket] = set()
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

    def add(self, socket: WatchedSocket) -> None:
        """It is open."""
        self._open.add(socket)
        self._count[socket.principal.tenant] += 1

    def remove(self, socket: WatchedSocket) -> None:
        """It is closed."""
        self._open.discard(socket)
        self._count[socket.principal.tenant] -= 1

    async def watch(self) -> None:
        """A round of the watchdog: hang up on expired credentials and on readers that do not read."""
        await self._each(_look_at)

    async def look_again(self, still_good: Callable[[Principal], Awaitable[bool]]) -> None:
        """Hang up on credentials that were taken back since they opened a socket."""
        for token_id, principal in {one.principal.token_id: one.principal for one in self._open}.items():
            with isolated("revoked_keys", tenant=principal.tenant):
                if not await still_good(principal):
                    self.hang_up_token(token_id, 4401, "unauthorized")

    async def hang_up_revoked(self, is_revoked: Callable[[Principal], bool]) -> None:
        """Hang up on whoever is let in no more."""
        for socket in [found for found in self._open if is_revoked(found.principal)]:
            socket.hang_up(4401, "unauthorized")

    async def hang_up_ended(self, ended: Callable[[Collection[str]], Awaitable[set[str]]]) -> None:
        """Hang up on what was opened in sessions of browsers that have ended since."""
        for token_id in await ended({one.principal.token_id for one in self._open}):
            self.hang_up_token(token_id, 4401, "signed out")

    async def announce_drain(self) -> None:
        """Tell every client to come back, at a random moment so that they do not all come at once."""
        await self._each(_announce_drain)

    async def _each(self, look: Look) -> None:
        """Look at every socket, and send side by side what is to be said; one on which that breaks is ended."""
        sending: list[tuple[WatchedSocket, Sending]] = []
        for socket in list(self._open):
            try:
                if (said := look(socket)) is not None:
                    sending.append((socket, said))
            except Exception as error:  # one socket must not keep the others from being looked at
                _end_broken(socket, error)
        in_time = (asyncio.wait_for(said, SEND_S) for _, said in sending)
        outcomes = await asyncio.gather(*in_time, return_exceptions=True)
        for (socket, _), outcome in zip(sending, outcomes, strict=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, ClientGone | TimeoutError):
                _end_broken(socket, outcome)

    def hang_up_token(self, token_id: str, code: int, reason: str) -> None:
        """Close those that were opened with these credentials."""
        for socket in [found for found in self._open if token_id and found.principal.token_id == token_id]:
            socket.hang_up(code, reason)

    def hang_up_all(self, code: int, reason: str) -> None:
        """Close them all."""
        for socket in list(self._open):
            socket.hang_up(code, reason)


def _look_at(socket: WatchedSocket) -> Sending | None:
    left = socket.principal.expires_at - time.time()
    if socket.sending_since:
        if monotonic() - socket.sending_since > STUCK_S:
            log.info("slow_reader_dropped", tenant=socket.principal.tenant)
            socket.hang_up(4408, "the client does not read")
        elif left <= 0:
            socket.hang_up(4401, "unauthorized")
    elif left <= 0:
        return _expire(socket)
    elif left < WARN_S and not socket.expiry_told:
        socket.expiry_told = True
        return _warn(socket, left)
    return None


async def _warn(socket: WatchedSocket, left_s: float) -> None:
    await socket.send(f.AuthExpiring(**socket.notice(), in_s=max(1, round(left_s))))


async def _expire(socket: WatchedSocket) -> None:
    try:
        await socket.tell_error(Unauthorized())
    finally:
        socket.hang_up(4401, "unauthorized")


def _announce_drain(socket: WatchedSocket) -> Sending | None:
    if socket.sending_since:
        return None
    return _send_away(socket)


async def _send_away(socket: WatchedSocket) -> None:
    """The seq is that of this moment: whoever goes on after it elsewhere has got no more than that."""
    wait_ms = random.randint(200, 2_000)
    await socket.send(f.SessionDraining(**socket.notice(), reconnect_after_ms=wait_ms))


def _end_broken(socket: WatchedSocket, error: BaseException) -> None:
    log.error("socket_broke", tenant=socket.principal.tenant, exc_info=error)
    socket.hang_up(1011, "internal")
