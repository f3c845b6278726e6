"""Users and clients' ids as they are stored: keyed hashes, and the way back for as long as it is kept."""

from __future__ import annotations

from typing import Any

import msgspec

from application.clock import new_id
from application.sessions.live_session import LiveSessions
from application.users import Users, hashed_client_id
from domain.access import Identity, Principal, is_pseudonym
from domain.refusals import DependencyUnavailable, NotFound
from tests.application.turns.harness import TENANT, house, member
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_user_names import InMemoryUserNames
from tests.fakes.small_ports import NoTail

NAME = "Ada <ada@example.org> 王"
ADA = Identity("a", NAME, frozenset({"member"}), 4e9, "j")


class Table(InMemoryUserNames):
    """Counts, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.away = 0, False

    async def fetch(self, *given: Any) -> Any:
        self.asked += 1
        if self.away:
            raise DependencyUnavailable
        return await super().fetch(*given)


class NoKeys(InMemorySealer):
    """A tenant that is none."""

    async def digest(self, tenant: str, data: bytes) -> bytes:
        raise NotFound


class Forgetful(InMemorySealer):
    """The first key that it is asked for was shredded."""

    gone = ""

    async def seal(self, stream: str, *given: Any) -> bytes:
        self.gone = self.gone or stream
        if stream == self.gone:
            raise NotFound
        return await super().seal(stream, *given)


def users(sealer: InMemorySealer | None = None) -> tuple[Users, Table]:
    store, table = InMemoryEventStore(), Table()
    return Users(sealer or InMemorySealer(store.shredded), table, store), table


async def test_a_user_is_one_pseudonym_in_a_tenant_and_another_in_the_next() -> None:
    known, table = users()
    ada = await known.principal(ADA)
    assert ada == await known.principal(ADA) and is_pseudonym(ada.user) and ada.name == NAME
    assert ada.user != (await known.principal(msgspec.structs.replace(ADA, tenant="b"))).user
    assert ada.user != (await known.principal(msgspec.structs.replace(ADA, name=NAME + " "))).user
    assert await known.pseudonym("a", ada.user) == ada.user
    await known.close()
    assert NAME.encode() not in b"".join(table.rows.values())
    assert await known.names("a", [ada.user, "ingest", ""]) == {ada.user: NAME, "ingest": "ingest", "": ""}
    assert await known.name("b", ada.user) == ada.user, "another tenant's row"


async def test_a_name_is_looked_for_once_and_again_after_it_could_not_be_kept() -> None:
    known, table = users()
    table.away = True
    await known.principal(ADA)
    await known.close()
    assert table.rows == {}
    table.away = False
    for _ in range(3):
        user = (await known.principal(ADA)).user
        await known.close()
    assert (table.asked, set(table.rows)) == (2, {("a", user)})


async def test_a_name_can_be_asked_for_as_soon_as_it_was_seen() -> None:
    known, _ = users()
    assert await known.name("a", await known.known("a", NAME)) == NAME


async def test_names_seen_at_once_are_kept_together() -> None:
    known, table = users()
    seen = [await known.known("a", f"{n}@example.org") for n in range(300)]
    await known.close()
    assert (await known.names("a", seen)).keys() == set(seen) and len(table.rows) == 300
    assert table.asked <= 4


async def test_one_erased_name_keeps_no_other_out() -> None:
    known, table = users(Forgetful())
    ada, bob = await known.known("a", "ada"), await known.known("a", "bob")
    await known.close()
    assert set(table.rows) == {("a", bob)} != {("a", ada)}


async def test_after_forgetting_nothing_that_is_kept_leads_from_a_pseudonym_to_its_user() -> None:
    """Who holds the tenant's key may still test a guess (infra/docs/erasure.md); that key goes with the tenant."""
    known, table = users()
    ada = await known.known("a", NAME)
    await known.close()
    copied = table.rows["a", ada]
    await known.forget("a", ada)
    assert table.rows == {} and await known.name("a", ada) == ada
    table.rows["a", ada] = copied  # of a backup
    assert await known.name("a", ada) == ada, "its key is gone"
    del table.rows["a", ada]
    again = Users(known.sealer, table, known.store)  # another process, where they come back
    assert (await again.principal(ADA)).user == ada
    await again.close()
    assert table.rows == {} and await again.name("a", ada) == ada


async def test_where_nothing_can_be_stored_a_user_is_nobody() -> None:
    known, table = users(NoKeys())
    stored = "~" + "a" * 26
    assert [await known.in_facts("a", user) for user in (NAME, stored, "")] == ["", stored, ""]
    one, two = [await known.principal(ADA) for _ in range(2)]
    assert is_pseudonym(one.user) and one.user != two.user
    assert table.rows == {}


def test_a_session_is_owned_by_pseudonym_or_by_the_name_in_old_facts() -> None:
    ada = Principal("a", "~" + "a" * 26, frozenset(), 4e9, name="ada")
    assert [ada.owns(user) for user in (ada.user, "ada", "bob", "~" + "b" * 26, "")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert not Principal("a", "", frozenset(), 4e9).owns("")


async def test_a_clients_id_is_echoed_but_stored_as_a_keyed_hash() -> None:
    canary = "client-canary-id"
    async with house() as ours:
        live = await ours.open()
        turn = await ours.ask(live, "hello", client_id=canary)
        envelopes = await ours.store.load(str(live.id))
        assert {e.causation_id for e in envelopes if e.correlation_id == turn.turn_id} == {
            await hashed_client_id(ours.sealer, str(live.id), canary)
        }
        assert all(canary not in f"{e.causation_id} {e.correlation_id} {e.actor} {e.stream}" for e in envelopes)
        open_bodies = [e.event for e in envelopes if not type(e.event).PRIVATE]
        assert canary not in str(open_bodies)
        elsewhere = LiveSessions(ours.store, NoTail())
        again, new = await ours.create(member(), await elsewhere.get(live.id), client_id=canary, text="hello")
        assert (again.turn_id, again.client_id, new) == (turn.turn_id, canary, False)


async def test_a_hashed_client_id_differs_by_session() -> None:
    sealer, one, two = InMemorySealer(), f"{TENANT}/session/{new_id()}", f"{TENANT}/session/{new_id()}"
    assert await hashed_client_id(sealer, one, "1") == await hashed_client_id(sealer, one, "1")
    assert await hashed_client_id(sealer, one, "1") != await hashed_client_id(sealer, two, "1")
