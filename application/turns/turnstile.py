"""Turns that are asked for at the same moment begin a few at a time, tenant by tenant: those ahead are soon at their
first token, and nobody stands behind all that another tenant asks."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from domain.refusals import Overloaded

AT_ONCE = 8
MOST_WAITING = 5_000


class Turnstile:
    """Lets `at_once` through in each round of the event loop: of each tenant in the order in which they came, of the
    tenants one after the other. All that is ready runs in a round, so what is ahead goes on in each of them, and is
    held up by few that begin. Nobody waits for long: no round passes without as many as may go, and while there is
    little to do rounds are short."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once = self._free = at_once
        self._most_waiting = most_waiting
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._in_line = 0
        self._turning = False

    async def pass_through(self, tenant: str = "") -> None:
        """Return when it is one's turn; `Overloaded` when too many wait."""
        if self._free and not self._waiting:
            self._free -= 1
            return self._turn_on()
        if self._in_line >= self._most_waiting:
            raise Overloaded(retry_after_s=1)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(place)
        self._in_line += 1
        self._turn_on()
        return await place

    def _turn_on(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._next_round)

    def _next_round(self) -> None:
        self._turning, self._free = False, self._at_once
        while self._free and self._waiting:
            place = self._next_place()
            if not place.done():  # else its caller has left
                place.set_result(None)
                self._free -= 1
        if self._free < self._at_once:
            self._turn_on()

    def _next_place(self) -> asyncio.Future[None]:
        """The first of the tenant whose turn it is, which then stands behind the others."""
        tenant, places = self._waiting.popitem(last=False)
        place = places.popleft()
        self._in_line -= 1
        if places:
            self._waiting[tenant] = places
        return place
