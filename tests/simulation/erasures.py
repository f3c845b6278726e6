"""Clients of a simulated installation erase their sessions, by whichever process; and what must be so then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, cast

from application.acting_tenant import act_for
from application.ports.sessions.session_items import ItemSpace
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.open_session import OpenSessionHandler
from domain.access import Identity, Principal
from domain.event import StreamId
from domain.model_calls import TokensCorrected, TokensUsed
from domain.refusals import Refusal, SessionNotFound
from domain.session.events import SessionErased
from tests.simulation.api_process import ApiProcess
from tests.simulation.links import Link
from tests.simulation.shared import Shared
from tests.simulation.views import GENERATION
from tests.simulation.world import World

AGAIN_S = 0.5
OWED = (TokensUsed, TokensCorrected, SessionErased)
"""What may stand behind an erasure: calls are still settled."""


class ErasingHouse(Protocol):
    """An installation as erasures see it."""

    world: World
    shared: Shared

    def alive(self) -> list[ApiProcess]:
        """The API processes that are."""
        ...


class NothingKept:
    """No files are attached here, and no other door keeps exchanges."""

    async def all(self, *_: Any) -> None:
        """See `DeleteFile`."""

    async def forget(self, *_: Any) -> None:
        """See `KnownExchanges`."""


async def erase(house: ErasingHouse, identity: Identity, id: StreamId) -> None:
    """Ask until an answer says that nothing is left."""
    house.world.happened["asked_to_erase"] += 1
    while True:
        if alive := [api for api in house.alive() if not api.draining]:
            api = house.world.apart.choice(alive)
            task = api.node.start(_erased(house, api, identity, id))
            await asyncio.wait([task])
            if not task.cancelled() and task.result():
                house.world.happened["erased"] += 1
                return
        await asyncio.sleep(AGAIN_S)


async def _erased(house: ErasingHouse, api: ApiProcess, identity: Identity, id: StreamId) -> bool:
    act_for(identity.tenant)
    items = cast(Any, Link(api.node, "items", house.shared.items))

    async def erase_view(tenant: str, session_id: str, version: int) -> None:
        await items.erase(ItemSpace(tenant, GENERATION), session_id, version)

    nothing = cast(Any, NothingKept())
    tail = cast(Any, Link(api.node, "cache", house.shared.tail))
    handler = EraseSessionHandler(
        api.store, api.sessions, tail, api.turns.cache, files=nothing, exchanges=nothing, erase_view=erase_view
    )
    try:
        await handler(await api.users.principal(identity), id)
    except SessionNotFound:
        return True
    except Refusal as refusal:
        house.world.tell("not_erased", why=refusal.code)
        return False
    return True


async def judge_erasures(house: ErasingHouse) -> None:
    """An erased session is nowhere, and nothing is told in it any more."""
    for stream, facts in house.shared.database.streams.items():
        at = next((n for n, fact in enumerate(facts) if isinstance(fact.event, SessionErased)), None)
        if at is None:
            continue
        if more := [type(fact.event).__name__ for fact in facts[at:] if not isinstance(fact.event, OWED)]:
            house.world.find(f"{stream}: {more} after it was erased")
        await _is_absent(house, StreamId.parse(stream), [api for api in house.alive() if not api.draining])
    async for stream, turn_id, attributes in house.shared.items.scan(GENERATION):
        if stream in house.shared.database.store.shredded and attributes.keys() - {"erased", "version"}:
            house.world.find(f"{stream} was erased, and {turn_id or 'it'} stands in the view")


async def _is_absent(house: ErasingHouse, id: StreamId, apis: Sequence[ApiProcess]) -> None:
    for api in apis:
        user = api.sessions.held_here(str(id))
        who = Principal(id.tenant, user.state.user if user else "", frozenset({"member"}), 0.0)
        try:
            await OpenSessionHandler(api.sessions, house.shared.tenants).find(who, id.id)
        except SessionNotFound:
            continue
        house.world.find(f"{id} was erased and is opened at {api.node.name}")
