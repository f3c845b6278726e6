"""Clients of AWS services; credentials, region and endpoints are AWS's own settings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aioboto3
from aiobotocore.config import AioConfig

CONNECTIONS = 100


@asynccontextmanager
async def open_aws(name: str, bucket_owner: str = "") -> AsyncIterator[Any]:
    """One client of a service (`s3`, `kms`, `dynamodb`). Where the account that owns our buckets is named, a bucket of
    the same name in any other is refused: nothing is written to who took the name."""
    config = AioConfig(
        max_pool_connections=CONNECTIONS,
        connect_timeout=2,
        read_timeout=5,
        retries={"total_max_attempts": 3, "mode": "standard"},
        parameter_validation=False,  # the service validates, and says what is wrong no worse
        # A file is read once, while it is sent: neither hashed nor summed beforehand on the event loop. TLS keeps it
        # whole on its way, and its seal says afterwards whether it is.
        s3={"payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    async with aioboto3.Session(region_name=region).client(name, config=config) as client:
        if bucket_owner:
            client.meta.events.register("provide-client-params.s3", partial(_of_owner, bucket_owner))
        yield client


def _of_owner(owner: str, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
    return params if model.name == "CreateBucket" else {**params, "ExpectedBucketOwner": owner}
