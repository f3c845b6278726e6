"""Keys of streams that begin at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from adapters.eventstore.shared_keys import TRIPS, SharedKeys
from application.acting_tenant import EVERY, acting, acting_for
from domain.refusals import ForeignTenant, NotFound

ONE, OTHER = "one-tenant", "other-tenant"


async def test_keys_that_are_wanted_at_once_are_made_together_each_for_its_tenant() -> None:
    made: list[tuple[str, list[str]]] = []

    async def make(streams: Sequence[str]) -> None:
        await asyncio.sleep(0)
        made.append((acting(), list(streams)))
        if acting() == OTHER:
            raise NotFound("That tenant is gone.")

    keys = SharedKeys(make)
    with acting_for(EVERY):
        wanted = [keys.have(f"{ONE}/document/{n}") for n in range(30)] + [keys.have(f"{OTHER}/document/1")]
        outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    assert outcomes[:30] == [None] * 30
    assert isinstance(outcomes[30], NotFound)
    assert {stream for tenant, streams in made if tenant == ONE for stream in streams} == {
        f"{ONE}/document/{n}" for n in range(30)
    }
    assert all(stream.startswith(tenant) for tenant, streams in made for stream in streams)
    assert max(len(streams) for _, streams in made) >= 30 - TRIPS  # not one by one

    with acting_for(OTHER), pytest.raises(ForeignTenant):
        await keys.have(f"{ONE}/document/1")
