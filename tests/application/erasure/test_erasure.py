"""What goes with a session, a user, a tenant, and with time; what stays; and what a receipt says of it."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.files.scratch import UnnamedFiles
from application.acting_tenant import acting_for
from application.clock import new_id, now
from application.erasure.expire import WALKED
from application.execute import Context
from application.ports.tenants.tenants import TenantRow
from application.sessions.live_session import LiveSession
from application.shredding import RestoreKeys, book_of
from application.tenants.put_retention import PutRetentionHandler
from domain.access import PLATFORM_TENANT, Identity, Principal
from domain.erasures import ErasureCompleted
from domain.event import StreamId
from domain.ids import first_id
from domain.model_calls import TokensUsed
from domain.refusals import InvalidField, NotFound, Refusal, SessionNotFound, TurnInProgress
from domain.session import events as e
from domain.tenant import rules
from domain.tenant.commands import CreateTenant
from domain.tenant.events import Retention, TenantErased
from domain.tenant.state import Tenant, evolve
from tests.application.erasure.harness import ACME, ADMIN, NOW, ErasureHouse
from tests.fakes.small_ports import FixedTenants

OPERATOR = Principal(PLATFORM_TENANT, "~op", frozenset({"operator"}), 2e9)
ASKED = e.TurnStarted(turn_id="t", client_id="c", text="what I asked")
ENDED = e.TurnFailed(turn_id="t", code="internal", message="", retryable=True)
USED = TokensUsed(call_id="c", step="answer", model="m", user="me")


class NotedTenants(FixedTenants):
    """Which tenants' settings were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def settings(self, tenant: str, fresh_s: float = 10.0) -> Tenant:
        self.asked.append(tenant)
        return await super().settings(tenant, fresh_s)


@pytest.fixture
async def house() -> ErasureHouse:
    found = ErasureHouse()
    await found.opened()
    return found


async def test_a_user_goes_with_all_that_is_theirs_and_nobody_elses(house: ErasureHouse) -> None:
    with acting_for(ACME):
        ada, bob = await house.users.known(ACME, "ada"), await house.users.known(ACME, "bob")
        mine = {await house.session(ada, ASKED, ENDED, USED) for _ in range(3)} | {await house.session("ada")}
        theirs = await house.session(bob, ASKED)
        file, other_file = (
            await house.files.add("a.txt", b"x", user=ada),
            await house.files.add("b.txt", b"y", user=bob),
        )
        by = Principal(ACME, ada, frozenset({"member"}), 2e9, name="ada")
        incident = await house.incidents.raising.by_member(by, title="Help", text="Me")
        await house.incidents.settled()
        await house.create_key(ADMIN, "a key", "ada")
        kept, _ = await house.create_key(ADMIN, "another", "bob")
        browser = await house.console.begin(Identity(ACME, "ada", frozenset({"member"}), time.time() + 60))
        before = list(house.store.log)

        receipt = await house.user(ADMIN, "ada")

        assert receipt.taken == {"api_keys": 1, "sign_ins": 1, "sessions": 4, "files": 1, "incidents": 1}
        assert receipt.final and receipt.subject == ada
        assert house.shredded("session") == mine == set(house.views)
        assert house.shredded("file") == {file} and house.shredded("incident") == {incident}
        assert house.shredded("user") == {ada}
        assert await house.users.name(ACME, ada) == ada and await house.users.name(ACME, bob) == "bob"
        assert await house.console.find(browser) is None
        assert [house.revocations.is_revoked(Principal(ACME, user, frozenset(), 2e9)) for user in (ada, bob)] == [1, 0]
        assert list((await house.tenants.settings(ACME)).api_keys) == [kept.key_id]
        assert [row.file_id for row in await house.files.register.page(ACME, bob, after=None, limit=9)] == [other_file]
        assert not (await house.live.get(StreamId(ACME, "session", theirs))).state.erased
        assert house.store.log[: len(before)] == before, "facts are never changed"
        assert house.renewal.done == ["renew", "write_book", "destroy_replaced"], "once for all, in this order"
        [fact] = house.receipts_stored()
        assert fact == ErasureCompleted(what="user", subject=ada, taken=receipt.taken)
        assert b"ada" not in msgspec.msgpack.encode(fact).replace(ada.encode(), b"")

        again = await house.user(ADMIN, ada)
        assert set(again.taken.values()) == {0}, "by pseudonym too, and what is gone is gone"


class Going:
    """A turn that runs in this process: cancelled, it stores its end."""

    turn_id, ended = "t", False

    def __init__(self, live: LiveSession) -> None:
        self.live = live

    async def cancel(self) -> bool:
        await self.live.commit(lambda _: [e.TurnCancelled(turn_id="t")], Context("~ada"))
        self.live.run = None
        return True

    async def fail(self, refusal: Refusal) -> None:
        raise AssertionError("it is cancelled")


async def test_a_turn_of_theirs_that_runs_here_is_ended_first(house: ErasureHouse) -> None:
    with acting_for(ACME):
        ada = await house.users.known(ACME, "ada")
        live = await house.live.get(StreamId(ACME, "session", await house.session(ada, ASKED)))
        live.run = Going(live)
        assert (await house.user(ADMIN, "ada")).taken["sessions"] == 1
        facts = [type(fact.event) for fact in house.store.log if fact.stream == str(live.id)]
        assert facts[-2:] == [e.TurnCancelled, e.SessionErased]


async def test_a_session_is_erased_by_its_user_or_an_admin_and_then_is_nowhere(house: ErasureHouse) -> None:
    with acting_for(ACME):
        member = Principal(ACME, "~ada", frozenset({"member"}), 2e9)
        own, other = [StreamId(ACME, "session", await house.session("~ada", ASKED, ENDED)) for _ in range(2)]
        receipt, stores = await house.own.session(member, own)
        assert receipt.final and receipt.subject == own.id and {"fact", "key", "view"} <= set(stores)
        assert (await house.own.any_session(ADMIN, other)).taken == {"sessions": 1}
        absent = StreamId(ACME, "session", "01977c9e-1111-7000-8000-00000000dead")
        for gone in (own, other, absent):
            with pytest.raises(SessionNotFound):
                await house.own.session(member, gone)
            with pytest.raises(SessionNotFound):
                await house.own.any_session(ADMIN, gone)
        running = StreamId(ACME, "session", await house.session("~ada", ASKED))
        with pytest.raises(TurnInProgress):
            await house.own.any_session(ADMIN, running)
        assert len(house.receipts_stored()) == 2


async def test_without_the_key_service_it_is_erased_and_made_final_later(house: ErasureHouse) -> None:
    with acting_for(ACME):
        house.renewal.away = True
        receipt = await house.own.any_session(ADMIN, StreamId(ACME, "session", await house.session("~ada")))
        assert not receipt.final and not house.receipts_stored()[0].final
        house.renewal.away = False
    await house.expire()
    assert house.renewal.done == ["renew", "write_book", "destroy_replaced"] and not house.renewal.owed
    assert house.blobs.kept[book_of(ACME)]
    restore = RestoreKeys(house.renewal, house.blobs, UnnamedFiles(Path(tempfile.gettempdir())))
    assert not await restore.of(ACME, 1) and not await restore.of("01977c9e-1111-7000-8000-00000000dead", 0)
    assert await restore.of(ACME, 0), "a copy from before"
    done = list(house.renewal.done)
    await house.expire()
    assert house.renewal.done == done, "nothing is due any more"


async def test_what_is_kept_no_longer_goes_by_itself_by_kind(house: ErasureHouse) -> None:
    put = PutRetentionHandler(house.store, house.tenants)
    at = now()
    with acting_for(ACME):
        old, fresh = await house.session("~ada", ASKED, ENDED), await house.session("~ada")
        file = await house.files.add("a.txt", b"x", user="~ada")
        house.at = at + timedelta(days=29)
        await put(ADMIN, Retention(session_days=30))
        assert await house.expire.of(ACME) is None
        for days in (0, 40_000):
            with pytest.raises(InvalidField):
                await put(ADMIN, Retention(file_days=days))
    house.at = at + timedelta(days=31)
    await house.expire()
    assert house.shredded("session") == {old, fresh} and not house.shredded("file")
    with acting_for(ACME):
        await put(ADMIN, Retention(session_days=30, file_days=10))
        receipt = await house.expire.of(ACME)
    assert receipt and receipt.taken == {"sessions": 0, "files": 1, "documents": 0, "incidents": 0}
    assert house.shredded("file") == {file}
    assert [fact.reason for fact in house.receipts_stored()] == ["retention"] * 2
    assert first_id(at) <= old < first_id(at + timedelta(minutes=1))


async def test_a_round_asks_of_few_tenants_and_comes_to_all(house: ErasureHouse) -> None:
    """However many there are: those with nothing to do cost a round nothing, and none is passed over for ever."""
    rows = [TenantRow(tenant_id=new_id(), name=str(n), created_at=NOW) for n in range(3 * WALKED - 2)]
    for row in rows:
        await house.directory.add(row)
    noted = house.expire.tenants = NotedTenants()
    for round in range(1, 4):
        await house.expire()
        assert len(noted.asked) <= WALKED * round
    assert sorted(noted.asked) == sorted([ACME, *(row.tenant_id for row in rows)])
    await house.expire()
    assert noted.asked[-WALKED:] == noted.asked[:WALKED], "then from the first again"


async def test_a_tenant_goes_whole_and_never_comes_back(house: ErasureHouse) -> None:
    with acting_for(ACME):
        session = await house.session("~ada", ASKED, ENDED, USED)
        file = await house.files.add("a.txt", b"x", user="~ada")
        house.blobs.kept[book_of(ACME)] = b"keys"
    with acting_for(PLATFORM_TENANT):
        receipt = await house.tenant(OPERATOR, ACME)
        assert receipt.taken == {"sessions": 1, "files": 1, "incidents": 0, "documents": 0} and receipt.final
        with pytest.raises(NotFound):
            await house.tenant(OPERATOR, ACME)
        assert not await house.directory.known([ACME])
    assert house.revocations.is_closed(ACME)
    with acting_for(ACME):
        assert (await house.live.get(StreamId(ACME, "session", session))).state.erased
    assert house.shredded("file") == {file}
    assert house.renewal.done == ["destroy_tenant"] and house.rows.erased == [ACME] and not house.blobs.kept
    assert USED in [fact.event for fact in house.store.log], "what it cost stays"
    gone = evolve(Tenant(name="Acme"), TenantErased())
    assert gone.erased and not gone.name and rules.erase_tenant(gone) == []
    with pytest.raises(NotFound):
        rules.create_tenant(gone, CreateTenant(name="Acme"))
