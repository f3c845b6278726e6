"""A tenant's keys follow each other: what one wrapped the next does not open, and who has the latest keeps it."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag

from adapters.eventstore.keyring import OtherEpoch, TenantKey, TenantKeyring, epoch_of

STREAM, KEY = "t/session/s", b"k" * 32


def test_each_wraps_for_its_own_epoch_and_stream() -> None:
    keys = [TenantKey(epoch, bytes([epoch]) * 32) for epoch in range(3)]
    for key in keys:
        wrapped = key.wrap(STREAM, KEY)
        assert (epoch_of(wrapped), key.unwrap(STREAM, wrapped)) == (key.epoch, KEY)
        with pytest.raises(InvalidTag):
            key.unwrap("t/session/another", wrapped)
        for other in keys:
            if other is not key:
                with pytest.raises(OtherEpoch) as told:
                    other.unwrap(STREAM, wrapped)
                assert told.value.newer == (key.epoch > other.epoch)
    for cut in (b"", wrapped[:-1], wrapped + b"!"):
        with pytest.raises(InvalidTag):
            keys[2].unwrap(STREAM, cut)


def test_news_of_a_new_key_reach_who_has_an_old_one() -> None:
    ring = TenantKeyring()
    for news, kept in (("t 2", True), ("t 1", True), ("another 9", True), ("", True), ("t 3", False), ("t", False)):
        ring.put("t", TenantKey(2, KEY), b"digest")
        ring.renewed(news)
        assert ring.knows("t") == kept, news
