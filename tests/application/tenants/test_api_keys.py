"""API keys: whom they act as, that a revoked one opens nothing soon, and what of their use is stored."""

from __future__ import annotations

import msgspec
import pytest

from application.acting_tenant import act_for
from application.clock import now
from application.execute import TENANT as AGGREGATE
from application.execute import Context, execute
from application.tenants.api_key_text import API_KEY, new_key, parts_of
from application.tenants.api_keys import FRESH_S, MOST_USED, ApiKeys
from application.tenants.cached_tenants import CachedTenants
from application.tenants.create_api_key import CreateApiKeyHandler
from application.tenants.open_keys import NEVER
from application.tenants.revoke_api_key import RevokeApiKeyHandler
from domain.access import Principal
from domain.refusals import InvalidField, NotFound, Unauthorized
from domain.tenant import rules
from domain.tenant.commands import CreateTenant
from tests.fakes.in_memory_api_key_uses import InMemoryApiKeyUses
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_user_names import users_on

TENANT, OTHER = "01977c9e-1111-7000-8000-000000000001", "01977c9e-1111-7000-8000-000000000002"
ADMIN = Principal(TENANT, "~admin", frozenset({"admin"}), 0.0)


class Unheard(InMemoryEventStore):
    """Tells nobody of changes, as when the news are lost with a connection."""

    def on_tenant_change(self, listener: object) -> None:
        return None


class Process:
    """What one process knows of keys, on a clock of ours."""

    def __init__(self, store: InMemoryEventStore, uses: InMemoryApiKeyUses) -> None:
        self.seconds, self.reads = 0.0, 0
        self.sealer = InMemorySealer(store.shredded)
        self.users = users_on(self.sealer, store)
        self.tenants = CachedTenants(store, self.clock)
        self.keys = ApiKeys(self.tenants, self.users, uses, self.clock)
        self.create = CreateApiKeyHandler(store, self.tenants, self.users)
        self.revoke = RevokeApiKeyHandler(store, self.tenants, self.keys)

    def clock(self) -> float:
        return self.seconds


@pytest.fixture
async def store() -> InMemoryEventStore:
    act_for(TENANT)
    found = Unheard()
    command = CreateTenant(name="Acme")
    stream = f"{TENANT}/tenant/{TENANT}"
    await execute(found, stream, AGGREGATE, lambda state: rules.create_tenant(state, command), Context("~op"))
    return found


@pytest.fixture
def here(store: InMemoryEventStore) -> Process:
    return Process(store, InMemoryApiKeyUses())


async def test_a_key_acts_as_its_user_and_as_a_member_alone(here: Process) -> None:
    made, key = await here.create(ADMIN, "Ada's notebook", "ada")
    principal = await here.keys.principal(key)
    assert (principal.tenant, principal.name, principal.roles) == (TENANT, "ada", frozenset({"member"}))
    assert principal.user == made.user == await here.users.pseudonym(TENANT, "ada")
    assert principal.expires_at == NEVER and await here.keys.still_good(principal)
    assert key.startswith(made.prefix) and key.encode() not in msgspec.msgpack.encode(made)


async def test_whatever_is_not_that_key_opens_nothing(here: Process) -> None:
    _, key = await here.create(ADMIN, "one", "ada")
    parts = parts_of(key)
    assert parts is not None and parts.tenant == TENANT
    bad = [
        "", API_KEY, key[:-1], key + "A", key[:-1] + "=", key[:-1] + "+", key[:-1] + ("A" if key[-1] != "A" else "B"),
        key.replace(API_KEY, "ck-"), f" {key}", f"{key}\n", new_key(TENANT), new_key(OTHER), "ck_" + "é" * 72,
    ]  # fmt: skip
    for wrong in bad:
        with pytest.raises(Unauthorized):
            await here.keys.principal(wrong)


async def test_a_revoked_key_opens_nothing_where_it_was_revoked_and_soon_elsewhere(
    here: Process, store: InMemoryEventStore
) -> None:
    elsewhere = Process(store, InMemoryApiKeyUses())
    elsewhere.users = elsewhere.keys.users = here.users
    made, key = await here.create(ADMIN, "one", "ada")
    principal = await elsewhere.keys.principal(key)
    await here.revoke(ADMIN, made.key_id)
    with pytest.raises(Unauthorized):
        await here.keys.principal(key)
    assert not await here.keys.still_good(principal)
    assert await elsewhere.keys.principal(key)  # nobody told it, and so it cannot know yet
    elsewhere.seconds = FRESH_S
    assert FRESH_S < 5
    with pytest.raises(Unauthorized):
        await elsewhere.keys.principal(key)
    assert not await elsewhere.keys.still_good(principal)
    with pytest.raises(NotFound):
        await here.revoke(ADMIN, made.key_id)


async def test_who_was_erased_opens_nothing(here: Process) -> None:
    made, key = await here.create(ADMIN, "one", "ada")
    assert await here.keys.principal(key)
    await here.users.forget(TENANT, made.user)
    here.seconds = FRESH_S
    with pytest.raises(Unauthorized, match="erased"):
        await here.keys.principal(key)


async def test_uses_are_noted_without_a_write_each(here: Process) -> None:
    made, key = await here.create(ADMIN, "one", "ada")
    idle, _ = await here.create(ADMIN, "two", "grace")
    uses = here.keys.uses
    assert isinstance(uses, InMemoryApiKeyUses)
    began = now()
    for _ in range(100):
        await here.keys.principal(key)
    assert uses.writes == 0 < MOST_USED
    listed = {key.key_id: (user, at) for key, user, at in await here.keys.listed(TENANT)}
    assert listed[idle.key_id] == ("grace", None) and listed[made.key_id][0] == "ada"
    await here.keys.store_uses()
    await here.keys.store_uses()
    assert uses.writes == 1 and began <= uses.rows[TENANT][made.key_id] == listed[made.key_id][1]
    await here.revoke(ADMIN, made.key_id)
    assert uses.rows[TENANT] == {}


async def test_who_made_and_revoked_a_key_is_in_the_log_and_the_key_is_not(
    here: Process, store: InMemoryEventStore
) -> None:
    made, key = await here.create(ADMIN, "one", "ada")
    await here.revoke(ADMIN, made.key_id)
    facts = await store.load(f"{TENANT}/tenant/{TENANT}")
    told = [(fact.event.TOPIC, fact.actor) for fact in facts[1:]]
    assert told == [("api_key.created.1", "~admin"), ("api_key.revoked.1", "~admin")]
    assert all(key.encode() not in msgspec.msgpack.encode(fact.event) for fact in facts)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "~aaaaaaaaaaaaaaaaaaaaaaaaaa"])
async def test_names_that_nobody_has(here: Process, name: str) -> None:
    for fields in ((name, "ada"), ("one", name)):
        with pytest.raises(InvalidField):
            await here.create(ADMIN, *fields)
