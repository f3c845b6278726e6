"""Caches hold no more than they may, and let go of what was used longest ago."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from application.bounded_cache import BoundedCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(items=2, size=100)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_large_values_push_out_small_ones_but_never_themselves() -> None:
    cache: BoundedCache[str, int] = BoundedCache(items=10, size=100)
    for n in range(5):
        cache.put(f"small {n}", n, 10)
    cache.put("large", 5, 90)
    assert list(cache) == ["small 4", "large"]
    cache.put("larger", 6, 1_000)
    assert list(cache) == ["larger"] and cache.size == 1_000
    cache.put("small", 7, 1)
    assert list(cache) == ["small"] and cache.size == 1


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60), st.booleans())))
def test_its_size_is_that_of_what_it_holds(steps: list[tuple[str, int, bool]]) -> None:
    cache: BoundedCache[str, int] = BoundedCache(items=4, size=100)
    sizes: dict[str, int] = {}
    for key, size, keep in steps:
        if keep:
            cache.put(key, size, size)
            sizes[key] = size
        else:
            cache.pop(key)
        assert cache.size == sum(sizes[held] for held in cache)
        assert len(cache) <= 4 and (cache.size <= 100 or len(cache) == 1)
