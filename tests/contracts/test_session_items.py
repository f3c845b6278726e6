"""The session view's items: the fake and DynamoDB behave the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError

from adapters.dynamodb.session_items import DynamoSessionItems
from adapters.dynamodb.table import check_table, provision_table
from application.clock import new_id
from application.ports.sessions.session_items import (
    PAGE_BYTES,
    ItemSpace,
    SessionChange,
    SessionItems,
    Stale,
    item_size,
)
from domain.refusals import DependencyUnavailable
from infra.local.endpoints import Endpoints
from tests.fakes.in_memory_session_items import InMemorySessionItems


@asynccontextmanager
async def dynamodb(url: str, config: AioConfig | None = None) -> AsyncIterator[Any]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}
    async with aioboto3.Session(**keys).client("dynamodb", endpoint_url=url, config=config) as client:
        yield client


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
async def items(request: pytest.FixtureRequest) -> AsyncIterator[SessionItems]:
    if request.param == "fake":
        yield InMemorySessionItems()
        return
    async with dynamodb(request.getfixturevalue("endpoints").aws_url) as client:
        table = f"sessions-{new_id()}"
        await provision_table(client, table)
        await provision_table(client, table)  # a second time changes nothing
        await check_table(client, table)
        yield DynamoSessionItems(client, table)
        await client.delete_table(TableName=table)


@pytest.fixture
def space() -> ItemSpace:
    return ItemSpace(new_id(), 1)


def change(id: str, after: int, version: int, **more: Any) -> SessionChange:
    fields: dict[str, Any] = {"session": {}, "defaults": {}, "turns": {}} | more
    return SessionChange(session_id=id, after=after, version=version, **fields)


async def test_changes_add_up(items: SessionItems, space: ItemSpace) -> None:
    id = new_id()
    opened = {"user": "ada", "created_at": "now", "open": True}
    await items.apply(space, change(id, 0, 1, session=opened))
    await items.apply(
        space,
        change(
            id, 1, 3, session={"title": b"\x00sealed"}, defaults={"first": b"1"}, turns={"a": {"status": "running"}},
            new_turns=1,
        ),
    )  # fmt: skip
    later = {"a": {"status": "completed", "call:1": "{}"}, "b": {"status": "running"}}
    await items.apply(space, change(id, 3, 9, defaults={"first": b"2"}, turns=later, new_turns=1))
    assert await items.fetch(space, id) == opened | {
        "session_id": id, "version": 9, "turns": 2, "title": b"\x00sealed", "first": b"1",
    }  # fmt: skip
    turns = (await items.turns(space, id, after=None, limit=10)).items
    assert turns == [
        {"turn_id": "a", "status": "completed", "call:1": "{}"},
        {"turn_id": "b", "status": "running"},
    ]
    assert (await items.turns(space, id, after="a", limit=10)).items == turns[1:]
    assert (await items.turns(space, id, after=None, limit=1)).items == turns[:1]


async def test_out_of_order_and_repeated_changes_are_refused_whole(items: SessionItems, space: ItemSpace) -> None:
    id = new_id()
    with pytest.raises(Stale) as stale:
        await items.apply(space, change(id, 4, 5, turns={"a": {"status": "x"}}))
    assert stale.value.stored == 0
    await items.apply(space, change(id, 0, 2, session={"title": b"1"}))
    for late in (change(id, 0, 2), change(id, 1, 3, turns={"a": {"status": "x"}}), change(id, 3, 4, new_turns=5)):
        with pytest.raises(Stale) as stale:
            await items.apply(space, late)
        assert stale.value.stored == 2
    assert (await items.turns(space, id, after=None, limit=10)).items == []
    assert (await items.fetch(space, id) or {})["turns"] == 0


async def test_of_rivals_exactly_one_wins(items: SessionItems, space: ItemSpace) -> None:
    id = new_id()
    rivals = [items.apply(space, change(id, 0, 1, new_turns=1)) for _ in range(16)]
    outcomes = await asyncio.gather(*rivals, return_exceptions=True)
    assert [outcome for outcome in outcomes if outcome is None] == [None]
    # A conflict of transactions may be answered as such: whoever lost then comes again and finds itself stale.
    assert all(isinstance(outcome, Stale | DependencyUnavailable) for outcome in outcomes if outcome)
    assert (await items.fetch(space, id) or {})["turns"] == 1


async def test_erasure_leaves_a_marker_that_old_facts_cannot_fill(items: SessionItems, space: ItemSpace) -> None:
    id = new_id()
    await items.apply(space, change(id, 0, 3, session={"user": "ada", "title": b"x"}, turns={"a": {"q": b"y"}}))
    await items.erase(space, id, 5)
    await items.erase(space, id, 4)
    for _ in range(2):
        assert await items.fetch(space, id) is None
        assert (await items.turns(space, id, after=None, limit=10)).items == []
        assert (await items.page(space, "ada", before=None, limit=10)).items == []
        with pytest.raises(Stale) as stale:
            await items.apply(space, change(id, 3, 4, session={"title": b"x"}))
        assert stale.value.stored >= 5
        if stale.value.stored == 5:
            await items.apply(space, change(id, 5, 6, session={"title": b"x"}, turns={"a": {"q": b"y"}}))
    found = [(turn, item) async for stream, turn, item in items.scan(1) if stream.endswith(id)]
    assert found == [("", {"erased": True, "version": 6})]


async def test_a_users_sessions_newest_first(items: SessionItems, space: ItemSpace) -> None:
    ids = [new_id() for _ in range(5)]
    for id in ids:
        await items.apply(space, change(id, 0, 1, session={"user": "ada"}))
        await items.apply(space, change(id, 1, 2, session={"updated_at": "later"}))
    await items.apply(space, change(new_id(), 0, 1, session={"user": "bob"}))
    await items.apply(ItemSpace(space.tenant, 2), change(new_id(), 0, 1, session={"user": "ada"}))
    first = (await items.page(space, "ada", before=None, limit=3)).items
    rest = (await items.page(space, "ada", before=ids[2], limit=3)).items
    assert [item["session_id"] for item in [*first, *rest]] == ids[::-1]
    assert {item["updated_at"] for item in first} == {"later"}


async def test_generations_live_side_by_side_and_go_one_by_one(items: SessionItems, space: ItemSpace) -> None:
    id, later = new_id(), ItemSpace(space.tenant, 2)
    for generation in (space, later):
        await items.apply(generation, change(id, 0, 1, session={"user": "ada"}, turns={"a": {"n": 1}}))
    assert sorted([(stream, turn) async for stream, turn, _ in items.scan(1)]) == [
        (f"{space.tenant}/session/{id}", ""),
        (f"{space.tenant}/session/{id}", "a"),
    ]
    assert await items.drop_generation(1) == 2
    assert await items.fetch(space, id) is None
    assert await items.fetch(later, id)


@pytest.mark.real
async def test_what_can_never_succeed_is_told_from_absence(endpoints: Endpoints, space: ItemSpace) -> None:
    table = f"sessions-{new_id()}"
    async with dynamodb(endpoints.aws_url) as client:
        items = DynamoSessionItems(client, table)
        with pytest.raises(DependencyUnavailable):
            await items.fetch(space, "x")  # the table is not there yet
        await provision_table(client, table)
        with pytest.raises(ClientError):
            await items.apply(space, change(new_id(), 0, 1, session={"title": b"x" * 500_000}))
        await client.delete_table(TableName=table)
    config = AioConfig(connect_timeout=1, retries={"total_max_attempts": 1})
    async with dynamodb("http://127.0.0.1:9", config) as nobody:
        with pytest.raises(DependencyUnavailable):
            await DynamoSessionItems(nobody, table).fetch(space, "x")


async def test_of_many_at_once_each_has_its_own_fate(items: SessionItems, space: ItemSpace) -> None:
    """Those that wait together share a transaction; what is wrong with one of them is not wrong with the others."""
    ids = [new_id() for _ in range(120)]
    stale = {ids[3], ids[77]}
    writes = [items.apply(space, change(id, int(id in stale), 2, session={"user": "ada"}, new_turns=1)) for id in ids]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert {id for id, outcome in zip(ids, outcomes, strict=True) if isinstance(outcome, Stale)} == stale
    assert [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, Stale)] == []
    found = [await items.fetch(space, id) for id in ids]
    assert [item and item["turns"] for item in found] == [None if id in stale else 1 for id in ids]


@pytest.mark.real
async def test_many_at_once_take_few_requests(endpoints: Endpoints, space: ItemSpace) -> None:
    table = f"sessions-{new_id()}"
    async with dynamodb(endpoints.aws_url) as client:
        await provision_table(client, table)
        asked: list[int] = []
        client.meta.events.register(
            "before-call.dynamodb.TransactWriteItems", lambda params, **_: asked.append(len(params["body"]))
        )
        items = DynamoSessionItems(client, table)
        turns = {"a": {"n": 1}}
        await asyncio.gather(*(items.apply(space, change(new_id(), 0, 1, turns=turns)) for _ in range(200)))
        assert 4 <= len(asked) <= 10
        await client.delete_table(TableName=table)


async def test_pages_are_bounded_in_bytes_and_say_whether_there_is_more(items: SessionItems, space: ItemSpace) -> None:
    id, large = new_id(), b"x" * 300_000
    for version in range(1, 11):
        turns = {f"t{version:02}": {"answer": large}}
        await items.apply(space, change(id, version - 1, version, session={"user": "ada"}, turns=turns, new_turns=1))
    seen: list[str] = []
    pages = 0
    while True:
        page = await items.turns(space, id, after=seen[-1] if seen else None, limit=1_000)
        seen += [str(item["turn_id"]) for item in page.items]
        pages += 1
        assert sum(map(item_size, page.items)) < PAGE_BYTES + 400_000
        if not page.more:
            break
    assert seen == [f"t{version:02}" for version in range(1, 11)] and pages == 3
    assert (await items.turns(space, id, after=seen[-2], limit=1)).more is False
    assert (await items.turns(space, id, after=seen[-3], limit=1)).more is True
