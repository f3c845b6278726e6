"""`AnchorStore` in an S3 bucket of its own, whose objects are locked for a time where the store can do that."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from botocore.exceptions import ClientError

from adapters.s3.buckets import check_bucket, code_of, make_bucket, reaching
from application.acting_tenant import acting_tenant
from application.clock import now
from application.ports.facts.audit_anchors import Anchor, AnchorName

DEADLINE_S = 20.0
FOLDER = "audit"
MAX_ANCHOR = 64 * 1024 * 1024
"""Of an anchor when it is unpacked."""
NO_LOCKS = ("InvalidRequest", "NotImplemented", "InvalidArgument", "ObjectLockConfigurationNotFoundError")
log = structlog.get_logger()
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Anchor).decode


class S3Anchors:
    """See `application.ports.facts.audit_anchors.AnchorStore`. `client` is an aioboto3 S3 client; objects are locked in
    compliance mode for `retain_days`."""

    def __init__(self, client: Any, bucket: str, retain_days: int) -> None:
        self._client, self._bucket, self._days = client, bucket, retain_days

    async def provision(self) -> None:
        """Make the bucket, with locks where the store has them; nothing happens when it is ours already."""
        try:
            await make_bucket(self._client, self._bucket, ObjectLockEnabledForBucket=True)
        except ClientError as error:
            if code_of(error) not in NO_LOCKS:
                raise
            await make_bucket(self._client, self._bucket)

    async def check(self) -> None:
        """See that the bucket is there and may be used; RuntimeError says what is wrong."""
        await check_bucket(self._client, self._bucket)

    async def put(self, tenant: str, name: AnchorName, anchor: Anchor) -> bool:
        """See the port."""
        key = _key(tenant, name)
        body = await asyncio.to_thread(lambda: gzip.compress(_encode(anchor), 5, mtime=0))
        given = {"Bucket": self._bucket, "Key": key, "Body": body, "ContentType": "application/gzip"}
        until = now() + timedelta(days=self._days)
        async with _reaching():
            try:
                await self._client.put_object(
                    **given, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until, ChecksumAlgorithm="SHA256"
                )
                return True
            except ClientError as error:
                if code_of(error) not in NO_LOCKS:
                    raise
            log.warning("audit_anchor_unlocked", bucket=self._bucket)
            await self._client.put_object(**given)
            return False

    async def names(self, tenant: str, *, after: int = 0) -> AsyncIterator[AnchorName]:
        """See the port. Versions are listed, not what stands in front of them."""
        prefix = f"{acting_tenant(tenant)}/{FOLDER}/"
        asked: dict[str, Any] = {"KeyMarker": f"{prefix}{after:016d}~"}
        last = ""
        while asked:
            async with _reaching():
                page = await self._client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **asked)
            for version in page.get("Versions", ()):
                if version["Key"] != last:
                    last = version["Key"]
                    name = _name(last.removeprefix(prefix))
                    if name is not None and name.tree_size > after:
                        yield name
            asked = _next(page)

    async def get(self, tenant: str, name: AnchorName) -> Anchor | None:
        """See the port: the first that was put under this name."""
        key = _key(tenant, name)
        async with _reaching():
            page = await self._client.list_object_versions(Bucket=self._bucket, Prefix=key)
            versions = [version for version in page.get("Versions", ()) if version["Key"] == key]
            if not versions:
                return None
            oldest = min(versions, key=lambda version: version["LastModified"])
            one = {} if oldest.get("VersionId") in (None, "null") else {"VersionId": oldest["VersionId"]}
            answer = await self._client.get_object(Bucket=self._bucket, Key=key, **one)
            async with answer["Body"] as body:
                packed = await body.read(MAX_ANCHOR)
        try:
            return _decode(await asyncio.to_thread(_unpacked, packed))
        except (OSError, EOFError, ValueError, msgspec.MsgspecError):
            return None

    async def tenants(self) -> list[str]:
        """See the port."""
        found: list[str] = []
        asked: dict[str, Any] = {"Delimiter": "/"}
        while asked:
            async with _reaching():
                page = await self._client.list_object_versions(Bucket=self._bucket, **asked)
            found += [prefix["Prefix"].rstrip("/") for prefix in page.get("CommonPrefixes", ())]
            asked = {"Delimiter": "/", **following} if (following := _next(page)) else {}
        return found


def _next(page: dict[str, Any]) -> dict[str, Any]:
    """Where a list goes on; {} when it does not."""
    if not page.get("IsTruncated"):
        return {}
    names = {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"}
    return {name: page[marker] for name, marker in names.items() if page.get(marker)}


def _unpacked(packed: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        found = file.read(MAX_ANCHOR + 1)
    if len(found) > MAX_ANCHOR:
        raise ValueError("an anchor is larger than any that is put")
    return found


def _key(tenant: str, name: AnchorName) -> str:
    return f"{acting_tenant(tenant)}/{FOLDER}/{name.tree_size:016d}-{name.root_hash}.json.gz"


def _name(text: str) -> AnchorName | None:
    size, dash, rest = text.partition("-")
    root, dot, _ = rest.partition(".")
    return AnchorName(int(size), root) if dash and dot and size.isdecimal() and len(root) == 64 else None


def _reaching() -> AbstractAsyncContextManager[None]:
    return reaching(DEADLINE_S, "The object store of the anchors does not answer.")
