"""Questions whose answers their users rated down, from the audit log: the last word on a turn counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from api.cli.connection import checked

LIMIT = 500


def rated_down(http: httpx.Client) -> list[dict[str, str]]:
    """Rows of a file of questions, the oldest first, each question once; those of erased sessions cannot be read."""
    last: dict[str, Mapping[str, Any]] = {}
    for event in _events(http, kind="feedback.given.1"):
        if event["data"]:
            last[event["data"]["turn_id"]] = event
    rows: dict[str, dict[str, str]] = {}
    for turn, event in last.items():
        if event["data"]["rating"] != "down":
            continue
        question = _question(http, event["stream"].rpartition("/")[2], turn)
        if question:
            rows[question] = {"question": question, "expected": "", "comment": event["data"].get("comment", "")}
    return list(rows.values())


def _question(http: httpx.Client, session: str, turn: str) -> str:
    for event in _events(http, session=session, kind="turn.started.1"):
        if event["data"] and event["data"]["turn_id"] == turn:
            return str(event["data"]["text"])
    return ""


def _events(http: httpx.Client, **of: str) -> Iterator[Mapping[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        body = checked(http.get("/v1/audit/events", params={**of, **cursor, "limit": LIMIT}))
        yield from body["events"]
        if not body["next"]:
            return
        cursor = {"cursor": body["next"]}
