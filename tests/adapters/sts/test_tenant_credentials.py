"""Requests are signed by whom they are for, and a tenant's session reaches its own items and objects alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import aioboto3
import pytest

from adapters.dynamodb.session_items import DynamoSessionItems
from adapters.s3.blobs import S3Blobs
from adapters.sts.session_policy import LONGEST, session_policy, written
from adapters.sts.tenant_credentials import TenantCredentials
from application.acting_tenant import EVERY, acting_for
from application.clock import new_id
from application.ports.sessions.session_items import ItemSpace
from tests.fakes.policed_aws import allows, asked_of

MINE, THEIRS = new_id(), new_id()
TABLE, BUCKET, ROLE = "colloquy-sessions", "colloquy", "arn:aws:iam::123456789012:role/colloquy-tenant"


class Clock:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Sts:
    """Gives credentials whose key id ends as the tenant does."""

    def __init__(self, clock: Clock) -> None:
        self.asked: list[dict[str, Any]] = []
        self._clock = clock

    async def assume_role(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        await asyncio.sleep(0)
        expires = self._clock() + timedelta(seconds=asked["DurationSeconds"])
        id = asked["RoleSessionName"][-12:]
        return {"Credentials": {"AccessKeyId": id, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expires}}


class Noting:
    """A client of DynamoDB and S3 that notes what it is asked."""

    def __init__(self, tenant: str) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._item = {"pk": {"S": f"{tenant}#3#x"}, "sk": {"S": "turn#y"}}
        self.exceptions = self
        self.ConditionalCheckFailedException = KeyError

    def __getattr__(self, operation: str) -> Any:
        async def note(**given: Any) -> Any:
            self.sent.append((operation, given))
            answers: dict[str, Any] = {"query": {"Items": [self._item]}, "get_item": {}}
            return answers.get(operation, {"Body": Body(), "DeleteMarker": False})

        return note


class Body:
    async def __aenter__(self) -> Body:
        return self

    async def __aexit__(self, *_: object) -> None:
        """There is nothing to end."""

    async def iter_chunks(self, _: int) -> AsyncIterator[bytes]:
        yield b"x"


def policy(tenant: str) -> dict[str, Any]:
    return session_policy(tenant, partition="aws", table=TABLE, bucket=BUCKET)


async def every_request(tenant: str) -> list[tuple[str, dict[str, Any]]]:
    """What the API server asks DynamoDB and S3 for a tenant, by the adapters themselves."""
    client, space, id = Noting(tenant), ItemSpace(tenant, 3), new_id()
    items, blobs = DynamoSessionItems(client, TABLE), S3Blobs(client, BUCKET)
    with acting_for(tenant):
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: items.fetch(space, id), lambda: items.page(space, "u", before=id, limit=1),
            lambda: items.turns(space, id, after=None, limit=1), lambda: blobs.get(f"{tenant}/a/b", BytesIO()),
            lambda: blobs.put(f"{tenant}/a/b", BytesIO(b"x")), lambda: blobs.delete(f"{tenant}/a/b"),
            lambda: items.erase(space, id, 9),
        ]  # fmt: skip
        for call in calls:
            await call()
    return client.sent


async def test_a_tenants_session_may_all_that_is_asked_for_it_and_nothing_that_is_for_another() -> None:
    sent = {tenant: await every_request(tenant) for tenant in (MINE, THEIRS)}
    assert {operation for operation, _ in sent[MINE]} == {
        "get_item", "query", "put_item", "batch_write_item", "get_object", "put_object", "delete_object"
    }  # fmt: skip
    for tenant, requests in sent.items():
        for operation, given in requests:
            for one in asked_of(operation, given):
                assert allows(policy(MINE), one) == (tenant == MINE), one


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("scan", {"TableName": TABLE}),
        ("delete_table", {"TableName": TABLE}),
        ("get_item", {"TableName": "another", "Key": {"pk": {"S": f"{MINE}#1#x"}}}),
        ("get_item", {"TableName": TABLE, "Key": {"pk": {"S": f"{MINE[:-1]}"}}}),
        ("batch_write_item", {"RequestItems": {TABLE: [
            {"DeleteRequest": {"Key": {"pk": {"S": f"{who}#1#x"}}}} for who in (MINE, THEIRS)]}}),
        ("get_object", {"Bucket": "another", "Key": f"{MINE}/a"}),
        ("get_object", {"Bucket": BUCKET, "Key": f"{MINE}"}),
        ("list_object_versions", {"Bucket": BUCKET, "Prefix": f"{THEIRS}/"}),
        ("list_object_versions", {"Bucket": BUCKET}),
    ],
)  # fmt: skip
def test_what_a_session_may_not(operation: str, given: dict[str, Any]) -> None:
    assert not all(allows(policy(MINE), one) for one in asked_of(operation, given))


def test_a_session_lists_and_deletes_its_own() -> None:
    keys = [{"DeleteRequest": {"Key": {"pk": {"S": f"{MINE}#1#x"}}}}]
    for operation, given in (
        ("batch_write_item", {"RequestItems": {TABLE: keys}}),
        ("list_object_versions", {"Bucket": BUCKET, "Prefix": f"{MINE}/a"}),
        ("delete_object", {"Bucket": BUCKET, "Key": f"{MINE}/a", "VersionId": "1"}),
    ):
        assert all(allows(policy(MINE), one) for one in asked_of(operation, given)), operation


def test_the_policy_is_as_short_as_sts_wants_it() -> None:
    longest = session_policy(MINE, partition="aws-us-gov", table="t" * 255, bucket="b" * 63)
    assert len(written(longest)) <= LONGEST


async def test_credentials_are_asked_for_once_and_again_before_they_end() -> None:
    clock = Clock()
    sts = Sts(clock)
    own = TenantCredentials(sts, ROLE, table=TABLE, bucket=BUCKET, now=clock)
    first, second = await asyncio.gather(own.of(MINE), own.of(MINE))
    assert first is second is await own.of(MINE) and len(sts.asked) == 1
    assert sts.asked[0]["Policy"] == written(policy(MINE)) and sts.asked[0]["RoleArn"] == ROLE
    clock.now += timedelta(minutes=56)
    assert await own.of(MINE) is not first and len(sts.asked) == 2
    assert (await own.of(THEIRS)).access_key != first.access_key


@asynccontextmanager
async def aws() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers everything with nothing, and who signed what it was asked."""
    signed: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        signed.append(head.partition("Credential=")[2].partition("/")[0])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", signed


@pytest.mark.real
async def test_a_request_is_signed_by_whom_it_is_for() -> None:
    keys = {"aws_access_key_id": "process", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    async with aws() as (url, signed):
        asked: tuple[tuple[str, Callable[[Any], Any]], ...] = (
            ("dynamodb", lambda client: client.get_item(TableName=TABLE, Key={"pk": {"S": "x"}, "sk": {"S": "y"}})),
            ("s3", lambda client: client.get_object(Bucket=BUCKET, Key="x")),
        )
        for service, ask in asked:
            async with aioboto3.Session(**keys).client(service, endpoint_url=url) as client:
                TenantCredentials(Sts(Clock()), ROLE, table=TABLE, bucket=BUCKET).sign_requests_of(client)
                for acting in (MINE, THEIRS, EVERY, ""):
                    with acting_for(acting):
                        await ask(client)
            assert signed == [MINE[-12:], THEIRS[-12:], "process", "process"]
            signed.clear()
