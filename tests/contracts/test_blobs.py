"""Blobs keep their promises, in memory and in S3."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from io import BytesIO
from typing import BinaryIO, cast

import aioboto3
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.eventstore.sealed_files import SealingReader, unseal_file
from adapters.s3.blobs import S3Blobs
from api.composition.aws_client import open_aws
from application.clock import new_id
from application.ports.files.blobs import Blobs
from domain.refusals import DependencyUnavailable
from infra.local.endpoints import Endpoints
from tests.application.documents.harness import InMemoryBlobs


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.real)])
async def blobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Blobs]:
    if request.param == "memory":
        yield InMemoryBlobs()
        return
    endpoints: Endpoints = request.getfixturevalue("endpoints")
    for name, value in endpoints.environment(os.environ).items():
        monkeypatch.setenv(name, value)
    async with open_aws("s3") as client:
        made = S3Blobs(client, f"bucket-{new_id()}")
        await made.provision()
        await made.check()
        yield made


async def kept(blobs: Blobs, key: str) -> bytes | None:
    into = BytesIO()
    return into.read() if await blobs.get(key, into) else None


async def test_bytes_are_kept_replaced_and_removed(blobs: Blobs) -> None:
    assert await kept(blobs, "t/a") is None
    await blobs.put("t/a", BytesIO(b"one"))
    await blobs.put("t/a", BytesIO(b"\x00two"))
    assert await kept(blobs, "t/a") == b"\x00two"
    await blobs.put("t/empty", BytesIO(b""))
    assert await kept(blobs, "t/empty") == b""
    await blobs.delete("t/a")
    await blobs.delete("t/a")
    assert await kept(blobs, "t/a") is None


@pytest.mark.real
@pytest.mark.parametrize("blobs", ["s3"], indirect=True)
async def test_where_the_bucket_keeps_versions_all_of_them_go(blobs: S3Blobs) -> None:
    client, bucket = blobs._client, blobs._bucket  # what the store itself still has
    await client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        await blobs.put("t/a", BytesIO(body))
    await blobs.put("t/ab", BytesIO(b"another's"))
    await blobs.delete("t/a")
    found = await client.list_object_versions(Bucket=bucket)
    assert [version["Key"] for version in found["Versions"]] == ["t/ab"] and not found.get("DeleteMarkers")
    assert await kept(blobs, "t/ab") == b"another's"


async def test_a_file_is_kept_whole_wherever_it_stands(blobs: Blobs) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"still in our buffer")
        await blobs.put("t/written", cast(BinaryIO, file))
    assert await kept(blobs, "t/written") == b"still in our buffer"


async def test_what_is_large_comes_back_whole(blobs: Blobs) -> None:
    body = os.urandom(5_000_000)
    await blobs.put("t/large", BytesIO(body))
    assert await kept(blobs, "t/large") == body


async def test_what_is_sealed_while_it_is_sent_comes_back_whole(blobs: Blobs) -> None:
    cipher, body = AESGCM(AESGCM.generate_key(256)), os.urandom(3_000_000)
    await blobs.put("t/sealed", cast(BinaryIO, SealingReader(cipher, BytesIO(body), b"x")))
    sealed, plain = BytesIO(), BytesIO()
    assert await blobs.get("t/sealed", sealed)
    unseal_file(cipher, sealed, plain, b"x")
    assert plain.read() == body


async def test_a_store_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    async with aioboto3.Session().client("s3", region_name="us-east-1", endpoint_url="http://127.0.0.1:1") as client:
        with pytest.raises(DependencyUnavailable):
            await S3Blobs(client, "bucket").put("t/a", BytesIO(b"x"))
