"""A cache bounded in items and in bytes: what was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """At most `items`, of `size` bytes in all as their givers count them; what is larger by itself is kept alone."""

    def __init__(self, *, items: int, size: int) -> None:
        self._items, self._most = items, size
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[K]:
        return iter(self._held)

    def get(self, key: K) -> V | None:
        """What is under the key, which counts as used."""
        held = self._held.get(key)
        if held is None:
            return None
        self._held.move_to_end(key)
        return held[0]

    def values(self) -> list[V]:
        """All of them."""
        return [value for value, _ in self._held.values()]

    def put(self, key: K, value: V, size: int = 1) -> None:
        """Keep a value of `size` bytes."""
        self.pop(key)
        self._held[key] = value, size
        self.size += size
        while len(self._held) > 1 and (len(self._held) > self._items or self.size > self._most):
            self.size -= self._held.popitem(last=False)[1][1]

    def pop(self, key: K) -> V | None:
        """Let go of a value."""
        value, size = self._held.pop(key, (None, 0))
        self.size -= size
        return value
