"""Who runs which turn, asked of several databases at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from adapters.eventstore.leases import LanesOwners
from domain.refusals import DependencyUnavailable


class Database:
    """Turns of one database: all are run by the process of that name; without a name it is away."""

    def __init__(self, owner: str) -> None:
        self._owner, self.wished = owner, list[str]()

    async def owners(self, streams: Sequence[str]) -> Mapping[str, str]:
        if not self._owner:
            raise DependencyUnavailable
        return dict.fromkeys(streams, self._owner)

    async def wish_cancelled(self, stream: str, turn_id: str) -> bool:
        self.wished.append(stream)
        return True


async def number_of(tenant: str) -> int:
    return int(tenant)


async def test_each_is_asked_for_its_own_and_one_that_is_away_keeps_nobody_from_the_others() -> None:
    first, away = Database("one"), Database("")
    both = LanesOwners([first, away], number_of)
    assert await both.owners(["0/session/a", "1/session/b", "0/session/c"]) == {
        "0/session/a": "one",
        "0/session/c": "one",
    }
    assert await both.owners([]) == {}
    with pytest.raises(DependencyUnavailable):
        await both.owners(["1/session/b"])
    assert await both.wish_cancelled("1/session/b", "turn")
    assert (first.wished, away.wished) == ([], ["1/session/b"])
