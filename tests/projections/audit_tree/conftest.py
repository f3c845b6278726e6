"""Audit trees are tested on a store of their own."""

from __future__ import annotations

from tests.event_stores import pool, store, worker
from tests.projections.audit_tree.harness import logs

__all__ = ["logs", "pool", "store", "worker"]
