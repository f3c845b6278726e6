"""Reservations keep their promises, in memory and in Valkey."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import valkey.asyncio

from adapters.valkey.reservations import ValkeyReservations
from application.clock import new_id, now
from application.ports.tenants.reservations import (
    RESERVED_S,
    BalanceSnapshot,
    Base,
    CallAmount,
    Claim,
    LimitScope,
    ReservationAnswer,
    Reservations,
    VersionToken,
)
from domain.refusals import DependencyUnavailable
from domain.tenant.budget import Limits
from tests.fakes.in_memory_reservations import InMemoryReservations

CENT = Decimal("0.01")
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.real)])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Reservations]:
    if request.param == "memory":
        yield InMemoryReservations(now=now())
        return
    client = valkey.asyncio.from_url(request.getfixturevalue("endpoints").valkey_url)
    yield ValkeyReservations(client)
    await client.aclose()


@pytest.fixture
def tenant() -> str:
    return new_id()


def bound(user: str = "", **limits: object) -> LimitScope:
    return LimitScope(user, Limits(**limits), "month")  # type: ignore[arg-type]


def money(dollars: str, user: str = "") -> LimitScope:
    return bound(user, limit_usd=Decimal(dollars))


def base(usd: str = "0", position: int = 0, *known: str) -> Base:
    return Base(LATER, Decimal(usd), position, frozenset(known))


def call(id: str, usd: str = "0.01", tokens: int = 0) -> CallAmount:
    return CallAmount(id, Decimal(usd), tokens)


def numbers(standing: BalanceSnapshot | None) -> tuple[Decimal, Decimal]:
    assert standing
    return standing.used_usd, standing.reserved_usd


async def enter(
    shared: Reservations, tenant: str, turn: str, *bounds: LimitScope, lasting_s: float = 60
) -> ReservationAnswer:
    return await shared.enter(tenant, turn, bounds, lasting_s=lasting_s)


# Requests and turns


async def test_a_minutes_requests_go_at_once_and_no_more(shared: Reservations, tenant: str) -> None:
    limit = bound(requests_per_minute=7)
    answers = [await enter(shared, tenant, f"t{n}", limit) for n in range(9)]
    assert [a.verdict for a in answers] == ["ok"] * 7 + ["requests"] * 2
    assert 0 < answers[-1].retry_after_s <= 60 / 7


async def test_turns_at_once_are_counted_and_come_back(shared: Reservations, tenant: str) -> None:
    limit = bound(concurrent_turns=2)
    await enter(shared, tenant, "a", limit)
    await enter(shared, tenant, "b", limit)
    assert (await enter(shared, tenant, "b", limit)).verdict == "ok", "it has its place already"
    assert (await enter(shared, tenant, "c", limit)).verdict == "turns"
    await shared.leave(tenant, "a", [limit])
    assert (await enter(shared, tenant, "c", limit)).verdict == "ok"


async def test_a_turn_that_runs_already_is_never_refused_and_counts(shared: Reservations, tenant: str) -> None:
    limit = bound(concurrent_turns=1, requests_per_minute=1)
    await enter(shared, tenant, "a", limit)
    assert (await shared.enter(tenant, "b", [limit], lasting_s=60, always=True)).verdict == "ok"
    await shared.leave(tenant, "a", [limit])
    assert (await enter(shared, tenant, "c", limit)).verdict == "turns"


async def test_what_one_bound_refuses_takes_nothing_from_the_other(shared: Reservations, tenant: str) -> None:
    own, ada = bound(concurrent_turns=2, requests_per_minute=10), bound("ada", concurrent_turns=1)
    await enter(shared, tenant, "a", own, ada)
    refused = await enter(shared, tenant, "b", own, ada)
    assert (refused.verdict, refused.bound) == ("turns", 1)
    assert (await enter(shared, tenant, "c", own, bound("bob", concurrent_turns=1))).verdict == "ok"


async def test_requests_are_counted_with_turns_and_sockets_apart(shared: Reservations, tenant: str) -> None:
    limits = [bound(requests_per_minute=4), bound("ada")]
    for _ in range(2):
        assert (await shared.count(tenant, "requests", limits)).verdict == "ok"
        assert (await enter(shared, tenant, new_id(), *limits)).verdict == "ok"
    refused = await shared.count(tenant, "requests", limits)
    assert refused.verdict == "requests" and refused.bound == 0 and 0 < refused.retry_after_s <= 15
    assert (await enter(shared, tenant, "t", *limits)).verdict == "requests"
    assert [(await shared.count(tenant, "sockets", limits)).verdict for _ in range(5)] == ["ok"] * 4 + ["requests"]


async def test_requests_that_come_at_once_are_let_in_as_they_came(shared: Reservations, tenant: str) -> None:
    ada, bob = ([bound(requests_per_minute=30), bound(user, requests_per_minute=20)] for user in ("ada", "bob"))
    asked = [ada if n % 3 else bob for n in range(300)]
    found = await asyncio.gather(*(shared.count(tenant, "requests", limits) for limits in asked))
    let_in = [n for n, answer in enumerate(found) if answer.verdict == "ok"]
    assert len(let_in) == 30
    for limits, others in ((ada, 10), (bob, 10)):
        own = [answer.verdict for limit, answer in zip(asked, found, strict=True) if limit is limits]
        assert others <= own.count("ok") <= 20 and own == sorted(own), "who came first is let in first"
    assert all(answer.retry_after_s > 0 for answer in found if answer.verdict != "ok")


async def test_a_limit_that_is_changed_begins_with_a_full_bucket(shared: Reservations, tenant: str) -> None:
    for limit in (3, 5):
        limits = [bound(requests_per_minute=limit), bound("ada")]
        found = [(await shared.count(tenant, "requests", limits)).verdict for _ in range(limit + 1)]
        assert found == ["ok"] * limit + ["requests"]


async def test_a_users_own_limit_stands_beside_the_tenants(shared: Reservations, tenant: str) -> None:
    own = bound(requests_per_minute=100)
    found = [await shared.count(tenant, "requests", [own, bound("ada", requests_per_minute=2)]) for _ in range(3)]
    assert [(one.verdict, one.bound) for one in found] == [("ok", 0), ("ok", 0), ("requests", 1)]
    assert (await shared.count(tenant, "requests", [own, bound("bob", requests_per_minute=2)])).verdict == "ok"


async def test_who_waits_comes_before_who_has_had_it_all(shared: Reservations, tenant: str) -> None:
    """A limit of 600 a minute gives twenty in two seconds. Ada asks ten times as often as bob."""
    own, let_in = bound(requests_per_minute=600), {"ada": 0, "bob": 0}

    async def asks(user: str) -> None:
        let_in[user] += (await shared.count(tenant, "requests", [own, bound(user)])).verdict == "ok"

    for _ in range(600):
        await asks("ada")
    assert let_in["ada"] == 600, "alone she may have all of it"
    let_in["ada"], ends = 0, time.monotonic() + 2
    for n in range(100_000):
        if isinstance(shared, InMemoryReservations):
            shared.now += timedelta(milliseconds=5)
        if (n > 400) if isinstance(shared, InMemoryReservations) else (time.monotonic() > ends):
            break
        for user in ("ada",) * 10 + ("bob",):
            await asks(user)
    assert let_in["bob"] >= 6 and let_in["ada"] >= 6, let_in


async def test_tenants_share_nothing(shared: Reservations, tenant: str) -> None:
    limit = bound(concurrent_turns=1, requests_per_minute=1)
    await enter(shared, tenant, "a", limit)
    assert (await enter(shared, new_id(), "a", limit)).verdict == "ok"


@pytest.mark.real
async def test_places_of_a_killed_process_come_back(endpoints: object, tenant: str) -> None:
    client = valkey.asyncio.from_url(endpoints.valkey_url)  # type: ignore[attr-defined]
    shared, limit = ValkeyReservations(client), bound(concurrent_turns=1)
    await enter(shared, tenant, "killed", limit, lasting_s=0.1)
    async with asyncio.timeout(10):
        while (await enter(shared, tenant, "next", limit)).verdict != "ok":
            pass
    await client.aclose()


# Tokens


async def test_tokens_are_taken_by_estimate_and_given_back(shared: Reservations, tenant: str) -> None:
    limit = bound(tokens_per_minute=1000)
    assert (await shared.reserve(tenant, call("a", tokens=900), [limit], [VersionToken()])).verdict == "ok"
    refused = await shared.reserve(tenant, call("b", tokens=200), [limit], [VersionToken()])
    assert refused.verdict == "tokens" and 0 < refused.retry_after_s <= 6
    await shared.settle(tenant, call("a", tokens=100), 800, [limit], [VersionToken()])
    assert (await shared.reserve(tenant, call("b", tokens=800), [limit], [VersionToken()])).verdict == "ok"


async def test_a_call_larger_than_a_minute_goes_when_the_bucket_is_full_and_is_paid_for(
    shared: Reservations, tenant: str
) -> None:
    limit = bound(tokens_per_minute=100)
    assert (await shared.reserve(tenant, call("a", tokens=1000), [limit], [VersionToken()])).verdict == "ok"
    refused = await shared.reserve(tenant, call("b", tokens=1), [limit], [VersionToken()])
    assert 535 < refused.retry_after_s < 541


# Money


async def test_money_is_unknown_until_it_was_measured(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    assert (await shared.reserve(tenant, call("a"), [limit], [VersionToken()])).verdict == "unknown"
    standing = await shared.rebase(tenant, limit, base("0.90"), {})
    assert numbers(standing) == (Decimal("0.90"), 0)
    assert (await shared.reserve(tenant, call("a"), [limit], [standing.mark])).verdict == "ok"
    assert (await shared.reserve(tenant, call("b"), [limit], [VersionToken("other", 0)])).verdict == "unknown"


async def test_reserve_and_settle_never_pass_the_limit(shared: Reservations, tenant: str) -> None:
    limit = money("0.05")
    mark = (await shared.rebase(tenant, limit, base(), {})).mark
    answers = await asyncio.gather(*(shared.reserve(tenant, call(f"c{n}"), [limit], [mark]) for n in range(50)))
    taken = [n for n, a in enumerate(answers) if a.verdict == "ok"]
    assert len(taken) == 5 and {a.verdict for a in answers} == {"ok", "money"}
    assert {a.retry_after_s for a in answers if a.verdict == "money"} == {RESERVED_S}, "what is reserved may come back"
    for n in taken:
        settled = await shared.settle(tenant, call(f"c{n}", "0.002"), 0, [limit], [mark])
    assert numbers(settled.standings[0]) == (CENT, 0)
    assert (await shared.reserve(tenant, call("d", "0.04"), [limit], [mark])).verdict == "ok"
    await shared.settle(tenant, call("d", "0.04"), 0, [limit], [mark])
    over = await shared.reserve(tenant, call("e", "0.001"), [limit], [mark])
    assert over.verdict == "money" and over.retry_after_s > 80_000, "until the period ends"


async def test_twice_is_once(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    mark = (await shared.rebase(tenant, limit, base(), {})).mark
    for _ in range(2):
        answer = await shared.reserve(tenant, call("a", "0.5"), [limit], [mark])
    assert numbers(answer.standings[0]) == (0, Decimal("0.5"))
    for _ in range(2):
        answer = await shared.settle(tenant, call("a", "0.2"), 0, [limit], [mark])
    assert numbers(answer.standings[0]) == (Decimal("0.2"), 0)


async def test_a_users_money_is_part_of_the_tenants(shared: Reservations, tenant: str) -> None:
    bounds = [money("1"), money("0.02", "ada")]
    marks = [(await shared.rebase(tenant, b, base(), {})).mark for b in bounds]
    for id in ("a", "b"):
        await shared.reserve(tenant, call(id), bounds, marks)
    refused = await shared.reserve(tenant, call("c"), bounds, marks)
    assert (refused.verdict, refused.bound) == ("money", 1)
    assert [numbers(s) for s in refused.standings] == [(0, 2 * CENT), (0, 2 * CENT)]


async def test_the_ledgers_sum_replaces_the_calls_it_holds(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    mark = (await shared.rebase(tenant, limit, base("0.1"), {})).mark
    for id in ("a", "b", "c"):
        await shared.reserve(tenant, call(id, "0.1"), [limit], [mark])
        await shared.settle(tenant, call(id, "0.05"), 0, [limit], [mark])
    _, ids = await shared.counted(tenant, limit)
    assert sorted(ids) == ["a", "b", "c"]
    standing = await shared.rebase(tenant, limit, base("0.2", 2, "a", "b"), {})
    assert numbers(standing) == (Decimal("0.25"), 0)
    assert (await shared.counted(tenant, limit))[1] == ["c"]
    late = await shared.settle(tenant, call("a", "0.05"), 0, [limit], [standing.mark])
    assert numbers(late.standings[0]) == (Decimal("0.25"), 0), "the sum holds it"


async def test_an_older_look_at_the_ledger_changes_nothing(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    await shared.rebase(tenant, limit, base("0.5", 9), {})
    assert numbers(await shared.rebase(tenant, limit, base("0.1", 8), {})) == (Decimal("0.5"), 0)
    assert numbers(await shared.rebase(tenant, limit, base("0.4", 10), {})) == (Decimal("0.4"), 0), "a correction"


async def test_claims_are_counted_once_and_the_truth_wins(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    claims = {"a": Claim(Decimal("0.3"), True), "b": Claim(Decimal("0.1"), False)}
    for _ in range(2):
        standing = await shared.rebase(tenant, limit, base(), claims)
        assert numbers(standing) == (Decimal("0.1"), Decimal("0.3"))
    settled = {"a": Claim(Decimal("0.2"), False)}
    assert numbers(await shared.rebase(tenant, limit, base(), settled)) == (Decimal("0.3"), 0)
    stale = {"a": Claim(Decimal("0.9"), True)}
    assert numbers(await shared.rebase(tenant, limit, base(), stale)) == (Decimal("0.3"), 0)


async def test_another_kind_of_period_begins_anew(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    mark = (await shared.rebase(tenant, limit, base("0.5"), {})).mark
    daily = LimitScope("", limit.limits, "day")
    assert (await shared.reserve(tenant, call("a"), [daily], [mark])).verdict == "unknown"
    standing = await shared.rebase(tenant, daily, base("0.1"), {})
    assert numbers(standing) == (Decimal("0.1"), 0) and standing.mark.epoch != mark.epoch


async def test_a_counter_that_went_back_in_time_is_not_trusted(shared: Reservations, tenant: str) -> None:
    limit = money("1")
    mark = (await shared.rebase(tenant, limit, base(), {})).mark
    later = VersionToken(mark.epoch, mark.seq + 5)
    assert (await shared.reserve(tenant, call("a"), [limit], [later])).verdict == "unknown"


@pytest.mark.real
async def test_what_nobody_settles_counts_as_spent(endpoints: object, tenant: str) -> None:
    client = valkey.asyncio.from_url(endpoints.valkey_url)  # type: ignore[attr-defined]
    shared, limit = ValkeyReservations(client, life_s=0.05), money("1")
    mark = (await shared.rebase(tenant, limit, base(), {})).mark
    await shared.reserve(tenant, call("lost", "0.25"), [limit], [mark])
    async with asyncio.timeout(10):
        while (standing := await shared.rebase(tenant, limit, base(), {})).reserved_usd:
            pass
    assert numbers(standing) == (Decimal("0.25"), 0)
    found = await shared.settle(tenant, call("lost", "0.2"), 0, [limit], [standing.mark])
    assert numbers(found.standings[0]) == (Decimal("0.2"), 0)
    await client.aclose()


@pytest.mark.real
async def test_keys_begin_with_the_tenant_and_name_no_user(endpoints: object, tenant: str) -> None:
    client = valkey.asyncio.from_url(endpoints.valkey_url)  # type: ignore[attr-defined]
    shared = ValkeyReservations(client)
    limits: dict[str, Any] = {"requests_per_minute": 5, "concurrent_turns": 2, "tokens_per_minute": 9}
    bounds = [bound(**limits, limit_usd=CENT), bound("ada-lovelace", **limits, limit_usd=CENT)]
    marks = [(await shared.rebase(tenant, b, base(), {})).mark for b in bounds]
    await enter(shared, tenant, "t", *bounds)
    await shared.reserve(tenant, call("c", tokens=5), bounds, marks)
    keys = [key.decode() async for key in client.scan_iter(match=f"*{tenant}*")]
    assert len(keys) == 11 and all(key.startswith(f"{{{tenant}}}:") and "lovelace" not in key for key in keys)
    assert all([await client.ttl(key) > 0 for key in keys]), "nothing stays for ever"
    await client.aclose()


async def test_away_is_said_and_said_quickly() -> None:
    shared = ValkeyReservations(valkey.asyncio.from_url("valkey://127.0.0.1:1"))
    for _ in range(2):
        with pytest.raises(DependencyUnavailable):
            await enter(shared, "t", "a", bound(concurrent_turns=1))
