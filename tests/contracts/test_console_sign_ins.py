"""Links are good once, sessions until they end; on the fake and in Valkey, where what is held opens nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import valkey.asyncio

from adapters.valkey.console_sign_ins import ValkeyConsoleSignIns
from application.acting_tenant import acting_for
from application.ports.people.console_sign_ins import ConsoleSignIns
from domain.access import Identity
from domain.refusals import DependencyUnavailable
from tests.fakes.in_memory_console_sign_ins import InMemoryConsoleSignIns

OURS, OLDER = b"1" * 32, b"2" * 32


def ada(left_s: float = 600) -> Identity:
    return Identity("01977c9e-1111-7000-8000-000000000001", "ada", frozenset({"member"}), time.time() + left_s, "j-1")


@pytest.fixture
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    client: Any = valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url)
    yield client
    await client.aclose()


@pytest.fixture(params=["in memory", pytest.param("valkey", marks=pytest.mark.real)])
def signing(request: pytest.FixtureRequest) -> ConsoleSignIns:
    if request.param == "in memory":
        return InMemoryConsoleSignIns()
    return ValkeyConsoleSignIns(request.getfixturevalue("client"), lambda: [OURS])


async def test_a_link_is_good_once_also_for_many_at_once(signing: ConsoleSignIns) -> None:
    who = ada()
    secret = await signing.make_link(who, 600)
    found = await asyncio.gather(*(signing.redeem_link(secret) for _ in range(20)))
    assert len(secret) == 43 and [one for one in found if one] == [who]
    for guess in ("", "a" * 43, "\0*?[" * 1000):
        assert await signing.redeem_link(guess) is None and await signing.find(guess) is None


async def test_all_sessions_of_a_user_end_together_and_no_others(signing: ConsoleSignIns) -> None:
    who, bob = ada(), msgspec.structs.replace(ada(), name="bob")
    secrets, other = [await signing.begin(one) for one in (who, ada(60), who)], await signing.begin(bob)
    with acting_for(who.tenant):
        assert await signing.end_all(who.tenant, "ada") == 3
        assert await signing.end_all(who.tenant, "ada") == 0
    assert [await signing.find(secret) for secret in secrets] == [None] * 3
    assert await signing.find(other)


async def test_a_session_is_found_until_it_is_ended(signing: ConsoleSignIns) -> None:
    who = ada()
    secret, other = await signing.begin(who), await signing.begin(who)
    one, another = await signing.find(secret), await signing.find(other)
    assert one and another and one == await signing.find(secret)
    assert one.token_id != another.token_id and secret not in one.token_id
    assert msgspec.structs.replace(one, token_id=who.token_id) == who
    ids = [one.token_id, another.token_id, "j-1", ""]
    assert await signing.ended(ids) == set()
    assert await signing.redeem_link(secret) is None  # a session is no link
    await signing.end(secret)
    await signing.end(secret)
    assert (await signing.find(secret), await signing.find(other)) == (None, another)
    assert await signing.ended(ids) == {one.token_id} and await signing.ended([]) == set()


async def test_a_session_is_over_when_its_time_is(signing: ConsoleSignIns) -> None:
    assert await signing.find(await signing.begin(ada(left_s=0))) is None


@pytest.mark.real
async def test_what_valkey_holds_opens_nothing_and_goes(client: Any) -> None:
    signing, before = ValkeyConsoleSignIns(client, lambda: [OURS]), {key async for key in client.scan_iter()}
    secret, session = await signing.make_link(ada(), 600), await signing.begin(ada())
    link_key, session_key = sorted({key async for key in client.scan_iter()} - before)
    for key in (link_key, session_key):
        value = await client.get(key)
        assert 0 < await client.ttl(key) <= 600 and b"ada" not in value
        assert secret.encode() not in key + value and session.encode() not in key + value
    link, kept = await client.get(link_key), await client.get(session_key)
    await client.set(session_key, link)  # a link's entry is no session's
    assert await signing.find(session) is None
    await client.set(session_key, kept[:-1] + bytes([kept[-1] ^ 1]))
    assert await signing.find(session) is None
    await client.set(session_key, kept)
    assert await signing.find(session) is not None
    rotated = ValkeyConsoleSignIns(client, lambda: [OLDER, OURS])
    assert await rotated.find(session) is not None


async def test_without_valkey_nobody_is_signed_in() -> None:
    signing = ValkeyConsoleSignIns(valkey.asyncio.from_url("redis://127.0.0.1:1"), lambda: [OURS])
    for asked in (
        signing.find("a" * 43),
        signing.begin(ada()),
        signing.make_link(ada(), 600),
        signing.end("a" * 43),
        signing.ended(["console:a"]),
    ):
        with pytest.raises(DependencyUnavailable):
            await asked
