"""What AWS would bill: every call in Bedrock's own model invocation log format, and sums by tenant and model.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html (without the bodies)
"""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = "invocation-logs"
KEPT = 100_000  # calls listed by the control endpoint; sums are kept for ever
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


@dataclass
class BilledCall:
    """One call. `status` is the HTTP status that the client saw or would have seen; tokens are zero when refused."""

    request_id: str
    operation: str
    model: str
    metadata: dict[str, str] = field(default_factory=dict)
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    status: int = 200
    error_code: str = ""
    fault: str = ""
    at: str = ""

    def listed(self) -> dict[str, Any]:
        """For the control endpoint."""
        ids = {key: self.metadata.get(key, "") for key in ("call_id", "tenant_id")}
        return {**ids, **asdict(self)}

    def record(self) -> dict[str, Any]:
        """In Bedrock's format."""
        found = {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": self.at,
            "accountId": "000000000000",
            "region": os.environ.get("AWS_REGION", "us-east-1"),
            "requestId": self.request_id,
            "operation": self.operation,
            "modelId": self.model,
            "input": {
                "inputContentType": "application/json",
                "inputTokenCount": self.input_tokens,
                "cacheReadInputTokenCount": self.cache_read_tokens,
                "cacheWriteInputTokenCount": self.cache_write_tokens,
            },
            "output": {"outputContentType": "application/json", "outputTokenCount": self.output_tokens},
            "requestMetadata": self.metadata,
        }
        return {**found, "errorCode": self.error_code} if self.error_code else found

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> BilledCall:
        """Back from Bedrock's format."""
        used = record["input"]
        return cls(
            record["requestId"],
            record["operation"],
            record["modelId"],
            record.get("requestMetadata", {}),
            used["inputTokenCount"],
            record["output"]["outputTokenCount"],
            used.get("cacheReadInputTokenCount", 0),
            used.get("cacheWriteInputTokenCount", 0),
            error_code=record.get("errorCode", ""),
            at=record["timestamp"],
        )


class InvocationLog:
    """Calls as they end. With a data directory they are lines of a file a day, written before `add` returns."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self.calls: deque[BilledCall] = deque(maxlen=KEPT)
        self._sums: dict[tuple[str, str], dict[str, int]] = {}
        self._folder = data_dir / FOLDER if data_dir else None
        self._day, self._file = "", -1
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(self._folder.glob("*.jsonl")):
                self._load(path)

    def add(self, call: BilledCall) -> None:
        """Keep a call; it is in the file when this returns."""
        call.at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._count(call)
        if self._folder:
            os.write(self._open_day(call.at[:10]), (json.dumps(call.record()) + "\n").encode())

    def totals(self) -> dict[str, Any]:
        """`{"tenants": {tenant: {model: sums}}, "models": {model: sums}}`; calls without a tenant are under ""."""
        tenants: dict[str, dict[str, dict[str, int]]] = {}
        models: dict[str, dict[str, int]] = {}
        for (tenant, model), sums in self._sums.items():
            tenants.setdefault(tenant, {})[model] = dict(sums)
            of_model = models.setdefault(model, dict.fromkeys(sums, 0))
            for name, value in sums.items():
                of_model[name] += value
        return {"tenants": tenants, "models": models}

    def _count(self, call: BilledCall) -> None:
        self.calls.append(call)
        key = (call.metadata.get("tenant_id", ""), call.model)
        sums = self._sums.setdefault(key, dict.fromkeys(("calls", *COUNTS), 0))
        sums["calls"] += 1
        for name in COUNTS:
            sums[name] += getattr(call, name)

    def _load(self, path: Path) -> None:
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        if torn:  # a write that a kill interrupted: that answer's last byte never left either
            path.write_bytes(whole + b"\n" if whole else b"")
        for line in whole.splitlines():
            self._count(BilledCall.from_record(json.loads(line)))

    def _open_day(self, day: str) -> int:
        if day != self._day:
            assert self._folder
            if self._file >= 0:
                os.close(self._file)
            self._file = os.open(self._folder / f"{day}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._day = day
        return self._file
