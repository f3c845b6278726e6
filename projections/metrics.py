"""How far behind the relay and the read models are, as Prometheus metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LAG_EVENTS = Gauge("colloquy_projection_lag_events", "Facts stored but not yet in the read model", ["projection"])
LAG_SECONDS = Gauge("colloquy_projection_lag_seconds", "Age of the oldest of them", ["projection"])
PARKED = Gauge("colloquy_projection_parked_events", "Sessions that a read model cannot follow", ["projection"])
BLOCKED = Gauge("colloquy_projection_blocked", "1 while a fact that must not be skipped holds it up", ["projection"])
RELAY_LAG = Gauge("colloquy_relay_lag_events", "Facts stored but not yet in the pipe", ["lane"])
RELAY_HALTED = Gauge("colloquy_relay_halted", "1 while the pipe holds what the store does not", ["lane"])
RELAYED = Counter("colloquy_relay_published_events", "Facts put into the pipe", ["lane"])
BATCH_SECONDS = Histogram(
    "colloquy_projection_batch_seconds",
    "One batch of facts into a read model, with its transaction",
    ["projection"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
PROJECTED = Counter("colloquy_projection_events", "Facts that were put into a read model", ["projection"])
