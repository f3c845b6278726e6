"""Invocation logs are read the same from a folder, from a copy of the bucket in a folder, and from S3."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aioboto3
import pytest

from adapters.bedrock_logs.log_files import FolderInvocationLogs
from adapters.bedrock_logs.log_objects import S3InvocationLogs
from adapters.s3.blobs import S3Blobs
from application.clock import new_id
from application.ports.models.invocation_logs import InvocationLogs, LoggedCall, UnreadableLine
from domain.refusals import DependencyUnavailable
from domain.usage import Usage
from infra.local.bedrock.invocation_log import BilledCall, InvocationLog
from infra.local.endpoints import Endpoints
from tests.fakes.in_memory_invocation_logs import InMemoryInvocationLogs

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
REGION = "AWSLogs/000000000000/BedrockModelInvocationLogs/us-east-1"


def record(at: datetime, request_id: str = "r", **fields: Any) -> dict[str, Any]:
    """As Bedrock writes it, with bodies."""
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": "000000000000",
        "region": "us-east-1",
        "requestId": request_id,
        "operation": "ConverseStream",
        "modelId": "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.anthropic.claude-test",
        "input": {
            "inputContentType": "application/json",
            "inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "long " * 1_000}]}]},
            "inputTokenCount": 11,
            "cacheReadInputTokenCount": 7,
            "cacheWriteInputTokenCount": 5,
        },
        "output": {
            "outputBodyJson": {"usage": {"inputTokens": 11, "cacheDetails": [{"ttl": "1h", "inputTokens": 3}]}},
            "outputTokenCount": 13,
        },
        "requestMetadata": {"call_id": "c", "tenant_id": "t"},
    } | fields


class Delivery:
    """Logs under test, and how files come to where they are read from."""

    def __init__(self, kind: str, folder: Path, client: Any = None) -> None:
        self._kind, self._folder, self._client, self._files = kind, folder, client, 0
        self.bucket = f"logs-{new_id()}"
        self.logs: InvocationLogs = (
            S3InvocationLogs(client, self.bucket, "some/prefix/") if client else FolderInvocationLogs(folder)
        )

    async def put(self, hour: datetime, *records: dict[str, Any] | bytes) -> None:
        """A file of lines delivered in that hour."""
        lines = [entry if isinstance(entry, bytes) else json.dumps(entry).encode() for entry in records]
        await self.put_bytes(hour, b"\n".join(lines) + b"\n")

    async def put_bytes(self, hour: datetime, body: bytes, *, packed: bool = True) -> None:
        self._files += 1
        name = f"{hour:%Y%m%dT%H%M%S}000Z_{self._files:04}.json.gz"
        await self._write(f"{REGION}/{hour:%Y/%m/%d/%H}", name, gzip.compress(body) if packed else body)

    async def put_aside(self, hour: datetime, body: bytes) -> None:
        """A body that was too large for its line."""
        await self._write(f"{REGION}/{hour:%Y/%m/%d/%H}/data", "x_input.json.gz", gzip.compress(body))

    async def _write(self, folder: str, name: str, body: bytes) -> None:
        if self._client:
            await S3Blobs(self._client, self.bucket).put(f"some/prefix/{folder}/{name}", BytesIO(body))
            return
        if self._kind == "stand_in":  # one plain file a day, as the local stand-in writes it
            day = "-".join(folder.split("/")[-4:-1]) if not folder.endswith("data") else ""
            if not day:
                return
            plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else b"\xff torn\n"
            with (self._folder / f"{day}.jsonl").open("ab") as file:
                file.write(plain)
            return
        (self._folder / folder).mkdir(parents=True, exist_ok=True)
        (self._folder / folder / name).write_bytes(body)

    async def read(self, since: datetime, until: datetime) -> list[LoggedCall | UnreadableLine]:
        return [line async for line in self.logs.read(since, until)]


@pytest.fixture(params=["stand_in", "copy", pytest.param("s3", marks=pytest.mark.real)])
async def delivery(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Delivery]:
    if request.param != "s3":
        yield Delivery(request.param, tmp_path)
        return
    endpoints: Endpoints = request.getfixturevalue("endpoints")
    for name, value in endpoints.environment(os.environ).items():
        monkeypatch.setenv(name, value)
    async with aioboto3.Session().client("s3") as client:
        made = Delivery("s3", tmp_path, client)
        await S3Blobs(client, made.bucket).provision()
        yield made


def ids(lines: list[LoggedCall | UnreadableLine]) -> list[str]:
    return [line.request_id for line in lines if isinstance(line, LoggedCall)]


async def test_a_line_tells_of_its_call(delivery: Delivery) -> None:
    await delivery.put(NOON, record(NOON, errorCode="ModelTimeoutException"))
    (line,) = await delivery.read(NOON, NOON + HOUR)
    assert line == LoggedCall(
        request_id="r",
        at=NOON,
        operation="ConverseStream",
        model="us.anthropic.claude-test",
        usage=Usage(11, 13, 7, 5, 3),
        metadata={"call_id": "c", "tenant_id": "t"},
        error_code="ModelTimeoutException",
    )


async def test_the_range_is_half_open_and_late_lines_are_found_in_later_hours(delivery: Delivery) -> None:
    await delivery.put(NOON - HOUR, record(NOON - timedelta(seconds=1), "before"))
    await delivery.put(NOON, record(NOON, "first"), record(NOON + 0.5 * HOUR, "middle"))
    await delivery.put(NOON + HOUR, record(NOON + HOUR - timedelta(seconds=1), "late"), record(NOON + HOUR, "after"))
    assert ids(await delivery.read(NOON, NOON + HOUR)) == ["first", "middle", "late"]


async def test_several_days_come_in_order(delivery: Delivery) -> None:
    for day in (2, 0, 1):
        at = NOON + timedelta(days=day)
        await delivery.put(at, record(at, f"day-{day}"))
    assert ids(await delivery.read(NOON - HOUR, NOON + timedelta(days=3))) == ["day-0", "day-1", "day-2"]


async def test_what_cannot_be_read_is_said_and_the_rest_goes_on(delivery: Delivery) -> None:
    await delivery.put(NOON, b"{torn", b"", record(NOON, "good"), b'{"timestamp": "no"}')
    await delivery.put_bytes(NOON, b"no gzip", packed=False)
    await delivery.put(NOON, record(NOON, "better"))
    found = await delivery.read(NOON, NOON + HOUR)
    assert ids(found) == ["good", "better"]
    unreadable = [line for line in found if isinstance(line, UnreadableLine)]
    assert len(unreadable) == 3
    assert all(line.place and line.why for line in unreadable)


async def test_bodies_put_aside_are_passed_over(delivery: Delivery) -> None:
    await delivery.put_aside(NOON, b'{"messages": []}')
    await delivery.put(NOON, record(NOON))
    assert ids(await delivery.read(NOON, NOON + HOUR)) == ["r"]


async def test_counts_and_metadata_may_be_absent(delivery: Delivery) -> None:
    await delivery.put(NOON, record(NOON, input={}, output={"outputTokenCount": None}, requestMetadata=None))
    (line,) = await delivery.read(NOON, NOON + HOUR)
    assert isinstance(line, LoggedCall)
    assert (line.usage, line.metadata) == (Usage(), {})


async def test_the_fake_keeps_to_the_range_and_the_order_too() -> None:
    logs = InMemoryInvocationLogs()
    for minute in (61, 30, 0, -1):
        at = NOON + timedelta(minutes=minute)
        logs.lines.append(LoggedCall(request_id=f"{minute}", at=at, operation="Converse", model="m", usage=Usage()))
    logs.torn.append(UnreadableLine("file", "torn"))
    found = [line async for line in logs.read(NOON, NOON + HOUR)]
    assert ids(found) == ["0", "30"]
    assert len(found) == 3


async def test_what_the_stand_in_writes_can_be_read(tmp_path: Path) -> None:
    call = BilledCall("r", "ConverseStream", "us.anthropic.claude-test", {"call_id": "c"}, 11, 13, 7, 5)
    InvocationLog(tmp_path).add(call)
    at = datetime.fromisoformat(call.at)
    logs = FolderInvocationLogs(tmp_path / "invocation-logs")
    (line,) = [line async for line in logs.read(at, at + HOUR)]
    assert isinstance(line, LoggedCall)
    assert (line.usage, line.metadata, line.at) == (Usage(11, 13, 7, 5), {"call_id": "c"}, at)


async def test_a_place_that_is_not_there_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DependencyUnavailable):
        _ = [line async for line in FolderInvocationLogs(tmp_path / "none").read(NOON, NOON + HOUR)]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MAX_ATTEMPTS"):
        monkeypatch.setenv(name, "1")
    async with aioboto3.Session().client("s3", region_name="us-east-1", endpoint_url="http://127.0.0.1:1") as client:
        with pytest.raises(DependencyUnavailable):
            _ = [line async for line in S3InvocationLogs(client, "b").read(NOON, NOON + HOUR)]
