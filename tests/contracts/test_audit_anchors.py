"""Anchors are kept, and stay what they were, in memory and in S3; where the store locks, they cannot be removed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.s3.anchors import S3Anchors
from api.composition.aws_client import open_aws
from application.clock import new_id
from application.ports.facts.audit_anchors import Anchor, AnchoredLeaf, AnchorName, AnchorStore
from infra.local.endpoints import Endpoints
from tests.fakes.in_memory_anchors import InMemoryAnchors

ANCHOR = Anchor(jws="a.b.c", begin=3, leaves=[AnchoredLeaf(17, "session/x", 2, "ab" * 32)])


def name(size: int, mark: str = "a") -> AnchorName:
    return AnchorName(size, mark * 64)


@asynccontextmanager
async def open_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    endpoints: Endpoints = request.getfixturevalue("endpoints")
    for variable, value in endpoints.environment(os.environ).items():
        monkeypatch.setenv(variable, value)
    async with open_aws("s3") as client:
        yield client


@pytest.fixture
async def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    async with open_s3(request, monkeypatch) as client:
        yield client


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.real)])
async def anchors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AnchorStore]:
    if request.param == "memory":
        yield InMemoryAnchors()
        return
    async with open_s3(request, monkeypatch) as client:
        made = S3Anchors(client, f"bucket-{new_id()}", 30)
        await made.provision()
        await made.provision()
        yield made


async def test_what_was_put_first_counts_and_is_listed_by_size(anchors: AnchorStore) -> None:
    one, two = new_id(), new_id()
    assert await anchors.tenants() == []
    assert [found async for found in anchors.names(one)] == []
    for size in (9, 10, 100):
        assert await anchors.put(one, name(size), ANCHOR) is True
    await anchors.put(one, name(9), Anchor(jws="other", begin=0, leaves=[]))
    await anchors.put(two, name(5), ANCHOR)
    assert [found async for found in anchors.names(one)] == [name(9), name(10), name(100)]
    assert [found async for found in anchors.names(one, after=9)] == [name(10), name(100)]
    assert await anchors.get(one, name(9)) == ANCHOR
    assert await anchors.get(one, name(9, "b")) is None
    assert sorted(await anchors.tenants()) == sorted([one, two])


@pytest.mark.real
async def test_a_locked_anchor_is_seen_through_a_deletion_and_cannot_be_removed(s3: Any) -> None:
    bucket, tenant = f"bucket-{new_id()}", new_id()
    anchors = S3Anchors(s3, bucket, 30)
    await anchors.provision()
    assert await anchors.put(tenant, name(9), ANCHOR)
    (version,) = (await s3.list_object_versions(Bucket=bucket))["Versions"]
    with pytest.raises(ClientError):
        await s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    await s3.delete_object(Bucket=bucket, Key=version["Key"])
    assert [found async for found in anchors.names(tenant)] == [name(9)]
    assert await anchors.get(tenant, name(9)) == ANCHOR


@pytest.mark.real
async def test_a_store_that_cannot_lock_keeps_anchors_and_says_so(s3: Any) -> None:
    bucket, tenant = f"bucket-{new_id()}", new_id()
    await s3.create_bucket(Bucket=bucket)
    anchors = S3Anchors(s3, bucket, 30)
    await anchors.provision()
    assert await anchors.put(tenant, name(9), ANCHOR) is False
    assert await anchors.get(tenant, name(9)) == ANCHOR
