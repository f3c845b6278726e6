"""`InvocationLogs` in an S3 bucket, where Bedrock delivers them: gzip JSON lines in a folder an hour."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.bedrock_logs.invocation_records import read_record
from application.ports.models.invocation_logs import LoggedCall, UnreadableLine
from domain.refusals import DependencyUnavailable

DEADLINE_S = 60.0
LATE = timedelta(hours=1)
"""How long after its call a line may be delivered, and so in the folder of a later hour."""


class S3InvocationLogs:
    """`client` is an aioboto3 S3 client; objects are `PREFIX/AWSLogs/ACCOUNT/BedrockModelInvocationLogs/REGION/
    YYYY/MM/DD/HH/*.json.gz` (all accounts and regions below the prefix are read). Bodies that AWS puts aside, in
    `.../HH/data/`, are not fetched.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
    """

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self._client, self._bucket = client, bucket
        self._root = f"{prefix.strip('/')}/AWSLogs/".lstrip("/")

    async def read(self, since: datetime, until: datetime) -> AsyncGenerator[LoggedCall | UnreadableLine, None]:
        """See `application/ports/models/invocation_logs.py`."""
        regions = [
            region
            for account in await self._folders(self._root)
            for region in await self._folders(f"{account}BedrockModelInvocationLogs/")
        ]
        hour = since.replace(minute=0, second=0, microsecond=0)
        while hour < until + LATE:
            for region in regions:
                async for key in self._keys(f"{region}{hour:%Y/%m/%d/%H}/"):
                    for line in _lines_of(await self._body(key), f"s3://{self._bucket}/{key}"):
                        if isinstance(line, UnreadableLine) or since <= line.at < until:
                            yield line
            hour += timedelta(hours=1)

    async def _folders(self, prefix: str) -> list[str]:
        return [page["Prefix"] async for page in self._list(prefix, "CommonPrefixes")]

    async def _keys(self, prefix: str) -> AsyncGenerator[str, None]:
        async for found in self._list(prefix, "Contents"):
            if found["Key"].endswith(".json.gz"):
                yield found["Key"]

    async def _list(self, prefix: str, what: str) -> AsyncGenerator[dict[str, Any], None]:
        """The objects or folders right below a prefix, in order, page by page."""
        asked: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix, "Delimiter": "/"}
        while True:
            async with _reaching():
                page = await self._client.list_objects_v2(**asked)
            for found in page.get(what, []):
                yield found
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    async def _body(self, key: str) -> bytes:
        async with _reaching():
            answer = await self._client.get_object(Bucket=self._bucket, Key=key)
            async with answer["Body"] as stream:
                return bytes(await stream.read())


def _lines_of(body: bytes, place: str) -> Iterator[LoggedCall | UnreadableLine]:
    """Unpacked line by line: bodies of prompts and answers can make an object many times as large."""
    try:
        with gzip.open(BytesIO(body)) as lines:
            for line in lines:
                if not line.isspace():
                    yield read_record(line, place)
    except (OSError, EOFError, zlib.error) as error:
        yield UnreadableLine(place, str(error))


@asynccontextmanager
async def _reaching() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield
    except (BotoCoreError, ClientError, TimeoutError, OSError) as error:
        raise DependencyUnavailable(f"The invocation logs cannot be read: {error}", retry_after_s=5) from error
