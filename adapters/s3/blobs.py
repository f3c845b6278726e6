"""`Blobs` in an S3 bucket."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from adapters.s3.buckets import check_bucket, code_of, make_bucket, reaching
from application.acting_tenant import acting_tenant

DEADLINE_S = 60.0
"""For a whole file, both ways."""
PIECE = 256 * 1024
SMALL = 64 * 1024
"""Written at once: the system takes it sooner than a thread is woken for it."""
AT_ONCE = 4
"""Files that are sent: more would go no faster, and each has some pieces in memory."""
MISSING = ("NoSuchKey", "404")


class S3Blobs:
    """`client` is an aioboto3 S3 client. `DependencyUnavailable` when S3 cannot be reached or refuses."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self._sending = asyncio.Semaphore(AT_ONCE)

    async def provision(self) -> None:
        """Make the bucket; nothing happens when it is ours already. RuntimeError when it is somebody else's."""
        await make_bucket(self._client, self._bucket)

    async def check(self) -> None:
        """See that the bucket is there and may be used; RuntimeError says what is wrong."""
        await check_bucket(self._client, self._bucket)

    async def put(self, key: str, body: BinaryIO) -> None:
        """See `application/ports/files/blobs.py`. The client reads the file itself, a piece at a time and on a thread.
        How long that is it asks the system how long that is, which knows only what has left our buffers."""
        _from_its_beginning(body)
        async with self._sending, _reaching():
            await self._client.put_object(Bucket=self._bucket, Key=_own(key), Body=body)

    async def get(self, key: str, into: BinaryIO) -> bool:
        """See `application/ports/files/blobs.py`."""
        async with _reaching():
            try:
                answer = await self._client.get_object(Bucket=self._bucket, Key=_own(key))
            except ClientError as error:
                if code_of(error) in MISSING:
                    return False
                raise
            async with answer["Body"]:
                async for piece in answer["Body"].iter_chunks(PIECE):
                    await asyncio.to_thread(into.write, piece) if len(piece) > SMALL else into.write(piece)
        into.seek(0)
        return True

    async def delete(self, key: str) -> None:
        """See `application/ports/files/blobs.py`."""
        async with _reaching():
            gone = await self._client.delete_object(Bucket=self._bucket, Key=_own(key))
            if gone.get("DeleteMarker"):  # the bucket keeps versions: all of them go
                await self._delete_versions(key)

    async def _delete_versions(self, key: str) -> None:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
        async for page in pages:
            for version in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                if version["Key"] == key:
                    await self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version["VersionId"])


def _from_its_beginning(body: BinaryIO) -> None:
    body.flush()
    body.seek(0)


def _own(key: str) -> str:
    """A key begins with its tenant."""
    acting_tenant(key.partition("/")[0])
    return key


def _reaching() -> AbstractAsyncContextManager[None]:
    return reaching(DEADLINE_S, "The object store does not answer; try again.")
