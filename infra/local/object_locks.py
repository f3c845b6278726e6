"""Locks of objects outlive the AWS emulator, which forgets them: they go with its saved state of S3."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sized
from typing import Any

from ministack.services import s3

STORES = {"object_retention": "_object_retention", "object_legal_hold": "_object_legal_hold"}
"""By their name in the saved state: where the emulator holds them. There is no public way to them."""


class ObjectLocks:
    """Hangs on what is saved of S3 and loaded again. An emulator that holds them elsewhere is told of, and forgets them
    on a restart as it would by itself; a locked version could then be deleted."""

    def __init__(self, service: Any = s3) -> None:
        found = {key: getattr(service, name, None) for key, name in STORES.items()}
        self._stores: dict[str, Any] = {key: store for key, store in found.items() if isinstance(store, Sized)}
        if len(self._stores) < len(STORES):
            sys.stderr.write("the emulator holds locks of objects where they cannot be kept: a restart forgets them\n")
        self._state, self._load = service.get_state, service.load_persisted_state
        service.get_state, service.load_persisted_state = self._with_locks, self._load_with_locks

    def count(self) -> int:
        """How many there are, of the account that is acted for."""
        return sum(len(store) for store in self._stores.values())

    def _with_locks(self) -> dict[str, Any]:
        return {**self._state(), **{key: copy.deepcopy(store) for key, store in self._stores.items()}}

    def _load_with_locks(self, state: dict[str, Any]) -> None:
        self._load(state)
        for key, store in self._stores.items():
            store.update(state.get(key, {}))
