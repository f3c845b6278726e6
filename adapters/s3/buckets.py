"""Buckets of S3: made once, looked at when a process starts, and reached within a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.aws_failures import failure

OURS_ALREADY, ANOTHERS = "BucketAlreadyOwnedByYou", "BucketAlreadyExists"


async def make_bucket(client: Any, bucket: str, **asked: Any) -> None:
    """Make it, as `asked`; nothing happens when it is ours already. RuntimeError when it is somebody else's."""
    region = client.meta.region_name
    # The oldest region is the one that must not be named.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        await client.create_bucket(Bucket=bucket, **place, **asked)
    except ClientError as error:
        if code_of(error) == ANOTHERS:
            raise RuntimeError(f"the bucket {bucket} is somebody else's: choose another name") from None
        if code_of(error) != OURS_ALREADY:
            raise


async def check_bucket(client: Any, bucket: str) -> None:
    """See that it is there and may be used; RuntimeError says what is wrong."""
    try:
        await client.head_bucket(Bucket=bucket)
    except ClientError as error:
        raise RuntimeError(f"the bucket {bucket} cannot be used: {error}") from None


def code_of(error: ClientError) -> str:
    """S3's own name of an error."""
    return str(error.response["Error"]["Code"])


@asynccontextmanager
async def reaching(deadline_s: float, otherwise: str) -> AsyncIterator[None]:
    """What is done with S3 in here: `DependencyUnavailable`, which says `otherwise`, when it is away, slow or
    refuses."""
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except (BotoCoreError, ClientError, TimeoutError, OSError) as error:
        raise failure("S3", error, otherwise, 5) from error
