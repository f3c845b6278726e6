"""Read models are tested on a store of their own."""

from __future__ import annotations

from tests.event_stores import pool, store, tenant, worker
from tests.projections.harness import house

__all__ = ["house", "pool", "store", "tenant", "worker"]
