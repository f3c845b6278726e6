"""Sessions are found by their users alone, by words that nobody else can read, until they are erased."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.database_transactions import Pool
from application.acting_tenant import EVERY, acting_for
from application.clock import new_id
from domain.event import Event
from domain.session import events as e
from projections.transactions import reading, rows
from tests.api.harness import bearer
from tests.projections.harness import House
from tests.projections.test_read_models import begin

pytestmark = pytest.mark.real


async def searched(house: House, query: str, user: str = "ada", tenant: str = "", **more: Any) -> list[str]:
    """Ids of the sessions that are found, over all pages."""
    found: list[str] = []
    while True:
        headers = bearer(house.services, ["member"], tenant or house.tenant, user)
        page = (await house.client.get("/v1/sessions", headers=headers, params={"query": query, **more})).json()
        found += [row["session_id"] for row in page["sessions"]]
        if page["next"] is None:
            return found
        more |= {"cursor": page["next"]}


def said(text: str, answer: str) -> list[Event]:
    id = new_id()
    return [e.TurnStarted(turn_id=id, client_id=id, text=text), e.TurnCompleted(turn_id=id, text=answer)]


async def test_sessions_are_found_by_words_of_their_titles_and_texts(house: House) -> None:
    async def session(*facts: Event, user: str = "ada", tenant: str = "") -> str:
        id = new_id()
        opened = e.SessionOpened(user=user, assistant="default")
        await house.writer.append(f"{tenant or house.tenant}/session/{id}", [opened, *facts], user)
        return id

    other = new_id()
    await house.services.store.vault.create_tenant_key(other)  # type: ignore[attr-defined]
    dues = said("What are the harbour dues?", "Forty crowns.")
    mine = await session(*dues, e.SessionRenamed(title="Dues of the port"))
    theirs, abroad = await session(*dues, user="bob"), await session(*dues, tenant=other)
    tide = await session(*said("When is the tide?", "At dawn."), *said("Which harbour?", "港町の潮は一日に二回来る"))
    await house.feed()
    for query, found in (
        ("harbour", [tide, mine]),
        ("HARBOUR crown", [mine]),
        ("harbour tide", [tide]),
        ("潮は 一日", [tide]),
        ("港", [tide]),
        ("por", [mine]),
        ("harb", []),
        ("crowns dawn", []),
        ("what", []),
        ("★", []),
        ("  ", [tide, mine]),
    ):
        assert await searched(house, query) == found, query
    assert await searched(house, "harbour", limit=1) == [tide, mine]
    assert await searched(house, "harbour", "bob") == [theirs]
    assert await searched(house, "harbour", tenant=other) == [abroad]
    assert await searched(house, "harbour", "eve") == []
    headers = bearer(house.services, ["member"], house.tenant)
    await house.client.patch(f"/v1/sessions/{mine}", headers=headers, json={"title": "Money"})
    await house.feed()
    assert (await searched(house, "mon"), await searched(house, "port")) == ([mine], [])
    refused = await house.get("/v1/sessions", query="x" * 201)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")
    assert (await house.get("/v1/sessions", "auditor", query="x")).status_code == 403


async def test_of_an_erased_session_no_word_is_kept(house: House, pool: Pool, worker: Pool) -> None:
    id, left = await house.session(turns=3), await house.session(turns=2)
    await house.writer.append(house.stream(id), [e.SessionRenamed(title="Secret", chosen=True)], "ada")
    await house.feed()
    assert await searched(house, "secret") == [id]
    headers = bearer(house.services, ["member"], house.tenant)
    assert (await house.client.delete(f"/v1/sessions/{id}", headers=headers)).status_code == 200
    assert await searched(house, "secret") == [], "at once"
    await house.feed()
    async with reading(pool, house.tenant) as connection:
        kept = await rows(connection, "SELECT DISTINCT session_id FROM projections.session_words")
    assert [row["session_id"] for row in kept] == [left]
    view = house.followers[0]
    with acting_for(EVERY):
        rebuilt = await begin(house.services.store, worker, view.model)  # type: ignore[arg-type]
        await rebuilt.catch_up(view.position)
        assert await view.model.fingerprint(rebuilt.generation) == await view.model.fingerprint(view.generation)


async def test_a_search_goes_on_where_a_page_ends(house: House) -> None:
    ids = []
    for n in range(30):
        ids.append(new_id())
        facts = [e.SessionOpened(user="ada", assistant="default"), *said("tide?" if n % 3 else "dues?", "yes")]
        await house.writer.append(house.stream(ids[-1]), facts, "ada")
    await house.feed()
    wanted = [id for n, id in enumerate(ids) if n % 3][::-1]
    for limit in (1, 7, 20, 1_000):
        assert await searched(house, "tide", limit=limit) == wanted
