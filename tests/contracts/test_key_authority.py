"""Key authorities keep their promises, in memory and in KMS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aioboto3
import pytest
from aiobotocore.config import AioConfig

from adapters.kms.authority import KmsKeyAuthority
from application.clock import new_id
from application.ports.facts.keys import KeyAuthority
from domain.refusals import DependencyUnavailable, NotFound
from infra.local.endpoints import Endpoints
from tests.fakes.plain_key_authority import PlainKeyAuthority

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}


@dataclass
class House:
    """An authority, and how one destroys a tenant's key there."""

    authority: KeyAuthority
    destroy: Callable[[str], Awaitable[None]]


@pytest.fixture(params=["memory", pytest.param("kms", marks=pytest.mark.real)])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    if request.param == "memory":
        plain = PlainKeyAuthority()

        async def forget(tenant: str) -> None:
            plain.destroyed.add(tenant)

        yield House(plain, forget)
        return
    endpoints: Endpoints = request.getfixturevalue("endpoints")
    async with aioboto3.Session(**KEYS).client("kms", endpoint_url=endpoints.aws_url) as client:

        async def delete(tenant: str) -> None:
            found = await client.describe_key(KeyId=f"alias/colloquy/{tenant}")
            await client.schedule_key_deletion(KeyId=found["KeyMetadata"]["KeyId"], PendingWindowInDays=7)

        yield House(KmsKeyAuthority(client), delete)


async def test_a_key_comes_back_from_its_wrapping(house: House) -> None:
    tenant = new_id()
    plain, wrapped = await house.authority.create(tenant)
    assert len(plain) == 32
    assert wrapped != plain
    assert await house.authority.unwrap(tenant, wrapped) == plain


async def test_no_two_keys_are_the_same_even_when_made_at_once(house: House) -> None:
    tenant = new_id()
    made = await asyncio.gather(*(house.authority.create(tenant) for _ in range(5)))
    assert len({plain for plain, _ in made}) == 5
    assert [await house.authority.unwrap(tenant, wrapped) for _, wrapped in made] == [plain for plain, _ in made]


async def test_a_wrapping_is_bound_to_its_tenant(house: House) -> None:
    _, wrapped = await house.authority.create(new_id())
    other = new_id()
    await house.authority.create(other)
    with pytest.raises(DependencyUnavailable):
        await house.authority.unwrap(other, wrapped)


async def test_what_was_destroyed_opens_nothing(house: House) -> None:
    tenant, other = new_id(), new_id()
    _, wrapped = await house.authority.create(tenant)
    plain, others = await house.authority.create(other)
    await house.destroy(tenant)
    with pytest.raises(NotFound):
        await house.authority.unwrap(tenant, wrapped)
    assert await house.authority.unwrap(other, others) == plain


async def test_an_authority_that_is_away_says_so() -> None:
    once = AioConfig(connect_timeout=1, retries={"total_max_attempts": 1})
    async with aioboto3.Session(**KEYS).client("kms", endpoint_url="http://127.0.0.1:1", config=once) as client:
        with pytest.raises(DependencyUnavailable):
            await KmsKeyAuthority(client).create(new_id())
        with pytest.raises(DependencyUnavailable):
            await KmsKeyAuthority(client).unwrap(new_id(), b"wrapped")
