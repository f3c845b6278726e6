"""What was taken back is refused by every process within seconds, told or not, and is forgotten in its time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.people.revocations import tenant_hash
from application.revocations import LOOK_S, Revocations
from application.tasks import Loops
from domain.access import Principal
from domain.refusals import RateLimited
from tests.fakes.in_memory_revocations import InMemoryRevocations
from tests.virtual_time import in_virtual_time

ADA, OTHER = "~" + "a" * 26, "~" + "b" * 26
AT = datetime(2026, 11, 1, tzinfo=UTC)


def holding(jti: str = "j-1", *, tenant: str = "t", user: str = ADA, issued_s: float = -60.0) -> Principal:
    issued = AT.timestamp() + issued_s
    return Principal(tenant, user, frozenset({"member"}), issued + 900, jti, issued_at=issued)


class Days:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


async def test_a_token_a_user_or_a_tenant_and_nobody_else() -> None:
    ours = Revocations(InMemoryRevocations(), 960, lambda: AT)
    assert not ours.is_revoked(holding())
    await ours.revoke_token("t", "j-1")
    assert ours.is_revoked(holding()) and not ours.is_revoked(holding("j-2"))
    assert not ours.is_revoked(holding(tenant="another"))
    await ours.revoke_user("t", OTHER)
    told = {seconds: ours.is_revoked(holding("j-3", user=OTHER, issued_s=seconds)) for seconds in (-60, 0, 1)}
    assert told == {-60: True, 0: True, 1: False}
    assert not ours.is_revoked(holding("j-3", issued_s=-60))
    await ours.close_tenant("t")
    assert ours.is_closed("t") and ours.is_revoked(holding("j-9", issued_s=60))
    await ours.close_tenant("t", lifted=True)
    assert not ours.is_closed("t") and not ours.is_revoked(holding("j-9"))


@pytest.mark.parametrize("quiet", [False, True], ids=["told", "its news are lost"])
@in_virtual_time
async def test_other_processes_refuse_too(quiet: bool) -> None:
    log = InMemoryRevocations()
    log.quiet, seconds = quiet, LOOK_S + 0.1 if quiet else 0.1
    here, there = Revocations(log, 960, lambda: AT), Revocations(log, 960, lambda: AT)
    async with Loops() as loops:
        loops.every("revocations", 0.0, there.follow)
        await here.revoke_user("t", ADA)
        await asyncio.sleep(seconds)
        assert there.is_revoked(holding())
        for closed in (True, False):
            await here.close_tenant("t", lifted=not closed)
            await asyncio.sleep(seconds)
            assert there.is_closed("t") == closed


async def test_what_can_refuse_nothing_any_more_is_forgotten_and_a_closed_tenant_stays_closed() -> None:
    today = Days()
    ours = Revocations(InMemoryRevocations(), 960, today)
    await ours.revoke_token("t", "j-1")
    await ours.close_tenant("u")
    today.at += timedelta(seconds=961)
    await ours.refresh()
    assert not ours.is_revoked(holding()) and ours.is_closed("u")
    assert tenant_hash("t") not in ours._held


async def test_a_tenant_may_not_fill_the_memory_of_all() -> None:
    ours = Revocations(InMemoryRevocations(), 960, lambda: AT)
    with pytest.raises(RateLimited):
        for number in range(10_001):
            await ours.revoke_token("t", f"j-{number}")
    await ours.close_tenant("t")
    assert ours.is_closed("t")
