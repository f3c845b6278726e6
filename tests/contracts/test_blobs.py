"""Blobs keep their promises, in memory and in S3."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import aioboto3
import pytest

from adapters.s3.blobs import S3Blobs
from application.clock import new_id
from application.ports.blobs import Blobs
from domain.refusals import DependencyUnavailable
from infra.local.endpoints import Endpoints
from tests.documents.house import InMemoryBlobs


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.real)])
async def blobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Blobs]:
    if request.param == "memory":
        yield InMemoryBlobs()
        return
    endpoints: Endpoints = request.getfixturevalue("endpoints")
    for name, value in endpoints.environment(os.environ).items():
        monkeypatch.setenv(name, value)
    async with aioboto3.Session().client("s3") as client:
        made = S3Blobs(client, f"bucket-{new_id()}")
        await made.provision()
        await made.provision()
        yield made


async def test_bytes_are_kept_replaced_and_removed(blobs: Blobs) -> None:
    assert await blobs.get("t/a") is None
    await blobs.put("t/a", b"one")
    await blobs.put("t/a", b"\x00two")
    assert await blobs.get("t/a") == b"\x00two"
    await blobs.put("t/empty", b"")
    assert await blobs.get("t/empty") == b""
    await blobs.delete("t/a")
    await blobs.delete("t/a")
    assert await blobs.get("t/a") is None


async def test_what_is_large_comes_back_whole(blobs: Blobs) -> None:
    body = os.urandom(5_000_000)
    await blobs.put("t/large", body)
    assert await blobs.get("t/large") == body


async def test_a_store_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    async with aioboto3.Session().client("s3", region_name="us-east-1", endpoint_url="http://127.0.0.1:1") as client:
        with pytest.raises(DependencyUnavailable):
            await S3Blobs(client, "bucket").put("t/a", b"x")
