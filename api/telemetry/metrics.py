"""What a process measures of itself, in Prometheus' names: base units, no tenant as a label, few values a label."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TypeVar

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from application.acting_tenant import mismatches
from application.clock import monotonic
from application.documents.stages import STAGES, findable, seconds
from application.tasks import ended

T = TypeVar("T")
FRESH_S = 1.0
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

CLOSES = frozenset({1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 1012, 1013})
OUR_CLOSES = frozenset({4400, 4401, 4403, 4404, 4408, 4429})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Stands for what is not ours to name, but a client's or a tenant's: a label is kept for ever."""


def named(value: T, known: Container[T]) -> str:
    """A label's value: itself when it is one of these."""
    return str(value) if value in known else OTHER


class FewNames:
    """A label whose values nobody has listed, such as a provider's names of errors: itself while there are no more than
    `most` of them, and `other` from then on."""

    def __init__(self, most: int = 40) -> None:
        self._most = most
        self._seen: set[str] = set()

    def __call__(self, value: str) -> str:
        """The label's value."""
        if value not in self._seen:
            if len(self._seen) >= self._most:
                return OTHER
            self._seen.add(value)
        return value


http_requests = Counter("colloquy_http_requests", "Requests that were answered", ("method", "route", "status"))
http_duration = Histogram(
    "colloquy_http_request_duration_seconds", "Time to the whole answer", ("method", "route"), buckets=SECONDS
)
ws_connections = Gauge("colloquy_ws_connections", "Sockets that are open")
ws_closes = Counter("colloquy_ws_closes", "Sockets that ended, by the code they were closed with", ("code",))
loop_stalls = Counter("colloquy_event_loop_stalls", "Times the event loop stood still for over a quarter of a second")
loop_stalled_seconds = Counter("colloquy_event_loop_stalled_seconds", "How long it stood still in all, in such stalls")
unauthorized = Counter("colloquy_unauthorized", "Requests whose credentials were refused")
connections_ended = Counter(
    "colloquy_connections_ended",
    "Connections that were refused or ended by a limit: of what (connections, head, body, unsent, control)",
    ("limit",),
)
refusals = Counter("colloquy_refusals", "Requests and frames that were refused, by the public code", ("code",))
refusal_names = FewNames(80)
turns_running = Gauge("colloquy_turns_running", "Turns that run in this process")
turns_most = Gauge("colloquy_turns_most", "Turns that this process takes at once")
sessions_held = Gauge("colloquy_sessions_held", "Sessions in this process's memory")
sessions_bytes = Gauge("colloquy_sessions_bytes", "About how many bytes they take")
token_keys_made = Gauge("colloquy_token_keys_made_timestamp_seconds", "When the keys of tokens were made, Unix time")
parser_wall = Gauge("colloquy_parser_wall", "1 for each wall round parsers that this machine has", ("wall",))
loop_down = Gauge("colloquy_loop_down", "1 while a loop of this process is down", ("loop",))


class MetricsText:
    """All of it in Prometheus' text format, put together once a second at most: anybody may ask for it."""

    def __init__(self) -> None:
        self._text, self._at = b"", -FRESH_S

    def __call__(self) -> bytes:
        """The text, at most a second old."""
        if monotonic() - self._at >= FRESH_S:
            self._text, self._at = generate_latest(), monotonic()
        return self._text


class EndedTasks(Collector):
    """Tasks and rounds of loops that ended unasked (`application/tasks.py` counts them)."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """See `Collector`."""
        family = CounterMetricFamily("colloquy_task_ended", "Background tasks that ended unasked", labels=["task"])
        for name, times in ended.items():
            family.add_metric([name], times)
        yield family


class TenantMismatches(Collector):
    """Work that named another tenant than it acts for, or read another's, as `acting_tenant` counts it: an alarm."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """See `Collector`."""
        told = "Work that named another tenant than it acts for, was for nobody, or read another's"
        family = CounterMetricFamily("colloquy_tenant_mismatch", told, labels=["kind"])
        for kind in ("foreign", "unsaid", "stored"):
            family.add_metric([kind], mismatches[kind])
        yield family


class DocumentStages(Collector):
    """Where the time of documents goes while they are read (`application/documents/stages.py` counts it)."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """See `Collector`."""
        spent = CounterMetricFamily(
            "colloquy_document_stage_seconds",
            "What documents spent in a stage of their reading, waiting included",
            labels=["stage"],
        )
        for stage in STAGES:
            spent.add_metric([stage], seconds[stage])
        became = CounterMetricFamily("colloquy_findable", "What became findable by this process", labels=["what"])
        for what in ("documents", "passages"):
            became.add_metric([what], findable[what])
        yield from (spent, became)


REGISTRY.register(DocumentStages())
REGISTRY.register(EndedTasks())
REGISTRY.register(TenantMismatches())
