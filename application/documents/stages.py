"""Where the time of documents goes while they are read: seconds by stage, and how many documents became findable."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from application.clock import monotonic

STAGES = ("claim", "load", "fetch", "extract", "redact", "embed", "record", "index")
seconds: defaultdict[str, float] = defaultdict(float)
"""What documents spent in each, waiting included: those that are read side by side add up to more than the clock; the
metric `colloquy_document_stage_seconds_total`."""
findable: Counter[str] = Counter()
"""Documents and passages that became findable by this process; the metric `colloquy_findable_total`."""


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Count the time of a block, however it ends."""
    began = monotonic()
    try:
        yield
    finally:
        seconds[name] += monotonic() - began
