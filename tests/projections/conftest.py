"""Read models are tested on a store of their own."""

from __future__ import annotations

from tests.event_stores import pool, store, tenant, worker

__all__ = ["pool", "store", "tenant", "worker"]
