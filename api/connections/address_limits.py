"""What anybody may do before he has said who he is: connections and failed authentications, by address."""

from __future__ import annotations

import resource
from collections import Counter

from api.connections.addresses import Network, Proxies, among, counted, networks
from api.settings import Settings
from application.budget.gcra import Buckets
from application.clock import Seconds, monotonic
from domain.refusals import Overloaded, RateLimited

TOO_MANY = "Too many requests from this address; try again later."
SECOND_S = 1.0
OURS = 256
"""Files that a process needs for itself, where the system lets it have few."""


def address_limits(settings: Settings) -> AddressLimits:
    """As the settings say; ValueError names an address that is none."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = settings.max_connections if files == resource.RLIM_INFINITY else min(settings.max_connections, files - OURS)
    return AddressLimits(
        connections=most,
        open_at_once=settings.address_connections,
        opened_a_second=settings.address_connections_per_s,
        failures_a_minute=settings.address_failures_per_minute,
        free=networks(settings.address_free),
        proxies=Proxies(networks(settings.trusted_proxies)),
    )


class AddressLimits:
    """Tables that are bounded, of addresses that are not `free`. The proxies in front of us bring everybody's
    connections, so only what they say of the address behind them is counted; `connections` bounds them too.

    `connections` are those of the whole process; `open_at_once`, `opened_a_second` and `failures_a_minute` of one
    address.
    """

    def __init__(
        self,
        *,
        connections: int,
        open_at_once: int,
        opened_a_second: float,
        failures_a_minute: float,
        free: tuple[Network, ...],
        proxies: Proxies,
        clock: Seconds = monotonic,
    ) -> None:
        self.proxies, self._free = proxies, free
        self._connections, self._open_at_once = connections, open_at_once
        self._a_second, self._failures_a_minute = opened_a_second, failures_a_minute
        self._opened, self._failures = Buckets(clock, SECOND_S), Buckets(clock)
        self._open: Counter[str] = Counter()
        self.total = 0

    def check_connection(self, host: str) -> None:
        """Overloaded when the process has too many connections, RateLimited when this address has, or makes them too
        fast."""
        if self.total >= self._connections:
            raise Overloaded(retry_after_s=1)
        if self._is_free(host) or among(host, self.proxies.trusted):
            return
        key = counted(host)
        wait = self._opened.wait_s(key, 1, self._a_second)
        if wait or self._open[key] >= self._open_at_once:
            raise RateLimited(TOO_MANY, retry_after_s=max(wait, SECOND_S))
        self._opened.take(key, 1, self._a_second)

    def connected(self, host: str) -> None:
        """A connection is there, until `disconnected`."""
        self.total += 1
        self._open[counted(host)] += 1

    def disconnected(self, host: str) -> None:
        """It is gone."""
        self.total -= 1
        key = counted(host)
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]

    def check_failures(self, host: str) -> None:
        """RateLimited when too many credentials from this address were refused lately."""
        if not self._is_free(host) and (wait := self._failures.wait_s(counted(host), 1, self._failures_a_minute)):
            raise RateLimited(TOO_MANY, retry_after_s=wait)

    def failed(self, host: str) -> None:
        """Credentials from this address were refused."""
        if not self._is_free(host):
            self._failures.take(counted(host), 1, self._failures_a_minute)

    def _is_free(self, host: str) -> bool:
        """A peer without an address came through a Unix socket: from this machine."""
        return not host or among(host, self._free)
