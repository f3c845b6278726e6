"""What `colloquy doctor` says of servers by what they tell of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.postgres.examine import judge_schema, judge_server
from adapters.valkey.examine import judge
from application.ports.incidents.symptom import Symptom

VALKEY: dict[str, Any] = {"valkey_version": "8.1.0", "cluster_enabled": 0, "role": "master", "maxmemory": 0}


def said(found: list[Symptom]) -> list[tuple[str, bool]]:
    """Verdicts, and whether it says how to mend it."""
    return [(finding.verdict, bool(finding.mend)) for finding in found]


@pytest.mark.parametrize(
    ("changed", "skew_s", "verdicts"),
    [
        ({}, 0.0, []),
        ({"valkey_version": "6.2.1"}, 0.0, ["bad"]),
        ({"cluster_enabled": 1}, 0.0, ["bad"]),
        ({"role": "slave"}, 0.0, ["bad"]),
        ({"maxmemory": 1, "maxmemory_policy": "allkeys-lru"}, 0.0, ["warn"]),
        ({"maxmemory": 1, "maxmemory_policy": "volatile-lru"}, 0.0, []),
        ({}, 30.0, ["bad"]),
    ],
)
def test_valkey(changed: dict[str, Any], skew_s: float, verdicts: list[str]) -> None:
    assert said(judge(VALKEY | changed, skew_s)) == [(verdict, True) for verdict in verdicts]


@pytest.mark.parametrize(
    ("version", "read_only", "durable", "vector", "verdicts"),
    [
        (160_004, False, True, "0.8.0", []),
        (130_000, False, True, "0.8.0", ["bad"]),
        (160_004, True, True, "0.8.0", ["bad"]),
        (160_004, False, False, "0.8.0", ["warn"]),
        (160_004, False, True, None, ["bad"]),
        (160_004, False, True, "0.5.1", ["bad"]),
    ],
)
def test_postgres(version: int, read_only: bool, durable: bool, vector: str | None, verdicts: list[str]) -> None:
    assert said(judge_server(version, read_only, durable, vector)) == [(verdict, True) for verdict in verdicts]


def test_a_schema_is_older_or_newer_than_the_program() -> None:
    assert judge_schema({"0001", "0002"}, {"0001", "0002"}) == []
    assert said(judge_schema({"0001", "0002"}, {"0001"})) == [("bad", True)]
    assert said(judge_schema({"0001"}, {"0001", "0002"})) == [("warn", True)]
