"""How the pools of connections to PostgreSQL are used, as Prometheus metrics, by the login that they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

pools: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""Pools that are open, by the part of the program whose login they use."""


class PoolUse(Collector):
    """Asked when somebody reads the metrics, never while a connection is taken."""

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """See `Collector`."""
        found: dict[str, Counter[str]] = {}
        for pool, part in list(pools.items()):
            found.setdefault(part, Counter()).update(pool.get_stats())
        size = GaugeMetricFamily("colloquy_pool_connections", "Connections of pools", labels=["login", "state"])
        waiting = GaugeMetricFamily("colloquy_pool_waiting", "Who waits for one now", labels=["login"])
        seconds = CounterMetricFamily("colloquy_pool_wait_seconds", "Time that was waited for one", labels=["login"])
        errors = CounterMetricFamily("colloquy_pool_timeouts", "Waits that were in vain", labels=["login"])
        for part, stats in found.items():
            size.add_metric([part, "open"], stats["pool_size"])
            size.add_metric([part, "free"], stats["pool_available"])
            size.add_metric([part, "most"], stats["pool_max"])
            waiting.add_metric([part], stats["requests_waiting"])
            seconds.add_metric([part], stats["requests_wait_ms"] / 1000)
            errors.add_metric([part], stats["requests_errors"])
        yield from (size, waiting, seconds, errors)


REGISTRY.register(PoolUse())
