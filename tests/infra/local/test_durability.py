"""What was acknowledged is there after a kill and after a restart."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aioboto3
import nats
import psycopg
import pytest
import valkey
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from application.clock import now
from infra.local.object_locks import ObjectLocks
from infra.local.operation_log import OperationLog
from infra.local.stack import Stack, running
from tests.infra.local.test_lifetimes import ALL, answers
from tests.infra.local.waiting import wait_until

ONLY_AWS = ALL - {"aws"}


@asynccontextmanager
async def aws(url: str, service: str) -> AsyncIterator[Any]:
    """A client that neither retries nor waits long."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
    session = aioboto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    async with session.client(service, endpoint_url=url, config=config) as client:
        yield client


async def make_table(client: Any) -> None:
    await client.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def add_one(key: str) -> list[Mapping[str, Any]]:
    """A new item and a count of items, together or not at all."""
    return [
        {"Put": {"TableName": "items", "Item": {"k": {"S": key}}, "ConditionExpression": "attribute_not_exists(k)"}},
        {
            "Update": {
                "TableName": "items",
                "Key": {"k": {"S": "count"}},
                "UpdateExpression": "ADD n :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        },
    ]


async def write_until_killed(url: str, name: str, stack: Stack) -> list[str]:
    """Write from eight sides, kill the emulator in the middle; the keys that were acknowledged."""
    acknowledged: list[str] = []

    async def write(client: Any, side: int) -> None:
        number = 0
        while True:
            number += 1
            key = f"{name}-{side}-{number}"
            try:
                await client.transact_write_items(TransactItems=add_one(key))
            except (ClientError, BotoCoreError, OSError):
                return
            acknowledged.append(key)
            if len(acknowledged) == 100:
                os.kill(stack.pids["aws"], signal.SIGKILL)

    async with aws(url, "dynamodb") as client:
        await asyncio.wait_for(asyncio.gather(*(write(client, side) for side in range(8))), 60)
    return acknowledged


def until_replaced(stack: Stack, pid: int) -> None:
    """Until another emulator runs. It need not be ready: callers wait at the listening socket."""
    wait_until(lambda: bool(stack.news(1)) and stack.pids["aws"] != pid, "the emulator runs again")


@pytest.mark.real
async def test_no_acknowledged_write_is_lost_or_applied_twice_when_the_aws_emulator_is_killed(data_dir: Path) -> None:
    with running(data_dir, fast=False, without=ONLY_AWS) as stack:
        url, kept = stack.endpoints.aws_url, list[str]()
        async with aws(url, "dynamodb") as client:
            await make_table(client)
        for round_ in range(3):
            before = stack.pids["aws"]
            kept += await write_until_killed(url, str(round_), stack)
            await asyncio.to_thread(until_replaced, stack, before)
        found, count = await read_all(url)
        assert set(kept) <= found
        assert count == len(found)


async def read_all(url: str) -> tuple[set[str], int]:
    """The keys of all items, and the count that was kept with them."""
    keys: set[str] = set()
    async with aws(url, "dynamodb") as client:
        async for page in client.get_paginator("scan").paginate(TableName="items"):
            keys |= {item["k"]["S"] for item in page["Items"]}
        count = await client.get_item(TableName="items", Key={"k": {"S": "count"}})
    return keys - {"count"}, int(count["Item"]["n"]["N"])


@pytest.mark.real
async def test_keys_buckets_objects_and_locks_survive_a_kill(data_dir: Path) -> None:
    with running(data_dir, fast=False, without=ONLY_AWS) as stack:
        url = stack.endpoints.aws_url
        async with aws(url, "kms") as kms, aws(url, "s3") as s3:
            key = (await kms.create_key())["KeyMetadata"]["KeyId"]
            sealed = (await kms.encrypt(KeyId=key, Plaintext=b"secret"))["CiphertextBlob"]
            await s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
            until = {"Mode": "COMPLIANCE", "RetainUntilDate": now() + timedelta(days=1)}
            put = await s3.put_object(Bucket="locked", Key="o/1", Body=b"body", ContentType="text/x")
            await s3.put_object_retention(Bucket="locked", Key="o/1", Retention=until)
            before = stack.pids["aws"]
            os.kill(before, signal.SIGKILL)
        await asyncio.to_thread(
            wait_until, lambda: bool(stack.news(1)) and stack.pids["aws"] != before, "it runs again"
        )
        async with aws(url, "kms") as kms, aws(url, "s3") as s3:
            assert (await kms.decrypt(CiphertextBlob=sealed))["Plaintext"] == b"secret"
            got = await s3.get_object(Bucket="locked", Key="o/1")
            assert (await got["Body"].read(), got["ContentType"]) == (b"body", "text/x")
            with pytest.raises(ClientError, match="AccessDenied"):
                await s3.delete_object(Bucket="locked", Key="o/1", VersionId=put["VersionId"])


@pytest.mark.real
async def test_a_restart_keeps_urls_and_data(data_dir: Path) -> None:
    with running(data_dir, fast=False, without=frozenset({"bedrock"})) as stack:
        first = stack.endpoints
        with psycopg.connect(first.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            connection.execute("CREATE EXTENSION vector")
        client = await nats.connect(first.nats_url)
        await client.jetstream().add_stream(name="kept", subjects=["kept"])
        await client.jetstream().publish("kept", b"42")
        await client.close()
        with valkey.Valkey.from_url(first.valkey_url) as cache:
            cache.set("kept", "42")
        async with aws(first.aws_url, "dynamodb") as table:
            await make_table(table)
            await table.transact_write_items(TransactItems=add_one("kept"))
    with running(data_dir, fast=False, without=frozenset({"bedrock"})) as stack:
        assert stack.endpoints == first
        with psycopg.connect(first.database_url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        client = await nats.connect(first.nats_url)
        assert (await client.jetstream().stream_info("kept")).state.messages == 1
        await client.close()
        with valkey.Valkey.from_url(first.valkey_url) as cache:
            assert cache.get("kept") == b"42"
        assert await read_all(first.aws_url) == ({"kept"}, 1)


@pytest.mark.real
def test_a_cluster_that_was_half_made_is_made_anew(data_dir: Path) -> None:
    with running(data_dir, fast=False, without=ALL):
        pass
    draft = data_dir / "postgres" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18")
    with running(data_dir, fast=False, without=ALL - {"postgres"}) as stack:
        assert answers(stack.endpoints.database_url)


def test_a_torn_write_ends_its_log_file_and_no_other(tmp_path: Path) -> None:
    first = OperationLog(tmp_path)
    first.add([(b"x-amz-target", b"a"), (b"x-other", b"b")], b"one")
    first.add([], b"two")
    torn = tmp_path / "ops.1"
    torn.write_bytes(torn.read_bytes()[:-1])
    second = OperationLog(tmp_path)
    second.add([], b"three")
    assert list(second.since(0)) == [([(b"x-amz-target", b"a")], b"one"), ([], b"three")]


def test_a_snapshot_makes_older_log_files_obsolete(tmp_path: Path) -> None:
    log = OperationLog(tmp_path)
    log.add([], b"in the snapshot")
    mark = log.go_on()
    log.add([], b"after it")
    assert [body for _, body in log.since(mark)] == [b"after it"]
    log.forget_before(mark)
    assert [body for _, body in OperationLog(tmp_path).since(0)] == [b"after it"]


def test_an_emulator_that_holds_locks_elsewhere_still_saves(capsys: pytest.CaptureFixture[str]) -> None:
    loaded: list[dict[str, str]] = []
    service = SimpleNamespace(get_state=lambda: {"buckets": "b"}, load_persisted_state=loaded.append)
    locks = ObjectLocks(service)
    assert "a restart forgets them" in capsys.readouterr().err
    service.load_persisted_state(service.get_state())
    assert (loaded, locks.count()) == ([{"buckets": "b"}], 0)
