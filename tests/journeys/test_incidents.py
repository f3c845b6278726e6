"""An incident in a whole installation: its evidence agrees with the audit log, and says nothing after erasure."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import httpx
import pytest

from infra.bench.harness.installation import Installed
from tests.journeys.conftest import chatting, reading, set_pace

pytestmark = pytest.mark.real
QUESTION = "Where does the lighthouse keeper hide the four silver spoons?"


def frozen(http: httpx.Client, incident: str) -> dict[str, Any]:
    """The incident when its evidence is laid down: a moment later, by a task of its own."""
    deadline = time.monotonic() + 60
    while not (shown := http.get(f"/v1/incidents/{incident}").raise_for_status().json())["evidence"]["frozen"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return dict(shown)


def evidence(shown: dict[str, Any]) -> dict[str, Any]:
    """What its link gives out, to whoever has it."""
    return dict(httpx.get(shown["evidence"]["url"], timeout=30).raise_for_status().json())


def leaves(http: httpx.Client, session: str, *, upto: int) -> dict[int, str]:
    """Of the session's facts by position, once the audit log's read model has that one."""
    deadline = time.monotonic() + 60
    while True:
        asked: dict[str, Any] = {"session": session, "limit": 1000}
        events = http.get("/v1/audit/events", params=asked).raise_for_status().json()["events"]
        if events and events[-1]["position"] >= upto:
            return {event["position"]: event["leaf_hash"] for event in events}
        assert time.monotonic() < deadline
        time.sleep(0.1)


async def test_evidence_agrees_with_the_audit_log_and_says_nothing_after_erasure(ours: Installed) -> None:
    set_pace(ours)
    async with chatting(ours) as chat:
        await chat.open()
        turn = (await chat.ask("q", QUESTION))["turn_id"]
    with reading(ours, "member") as http, reading(ours, "admin") as admin, reading(ours, "auditor") as auditor:
        about = {"title": "Wrong", "text": "It made that up.", "session_id": chat.session_id, "turn_id": turn}
        incident = http.post("/v1/incidents", json=about).raise_for_status().json()["incident_id"]
        shown = frozen(http, incident)
        assert (shown["status"], shown["turn_id"], shown["raised_by"]) == ("open", turn, "user-0")
        before = evidence(shown)
        assert len(before["facts"]) > 3 and QUESTION in str(before["facts"])
        hashes = leaves(auditor, chat.session_id, upto=before["facts"][-1]["position"])
        for fact in before["facts"]:
            assert fact["leaf_hash"] == hashes[fact["position"]]
            assert hashlib.sha256(b"\0" + base64.b64decode(fact["leaf"])).hexdigest() == fact["leaf_hash"]
        changed = admin.patch(f"/v1/incidents/{incident}", json={"status": "acknowledged"})
        assert changed.json()["status"] == "acknowledged"
        assert http.delete(f"/v1/sessions/{chat.session_id}").is_success
        after = evidence(admin.get(f"/v1/incidents/{incident}").json())
        assert QUESTION not in str(after) and after["texts"] == "gone"
        assert [fact["leaf_hash"] for fact in after["facts"]] == [fact["leaf_hash"] for fact in before["facts"]]
