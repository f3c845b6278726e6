"""Auditors get heads, proofs and exports that somebody else can verify; the offline program does."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.services import Services
from application.tenants.note_audit_read import NoteAuditReadHandler
from domain.merkle import includes, is_consistent, leaf_hash
from infra.audit import verify_export
from projections.audit_reads import AuditReads
from projections.audit_tree.checks import keep_checks
from projections.audit_tree.export import AuditExport
from projections.audit_tree.proofs import TreeProofs
from tests.api.harness import asgi, bearer, make_services
from tests.fakes.in_memory_user_names import users_on
from tests.projections.audit_tree.harness import Logs

pytestmark = pytest.mark.real


class Auditor:
    """Of a tenant."""

    def __init__(self, services: Services, client: httpx.AsyncClient, tenant: str) -> None:
        self._services, self._client, self._tenant = services, client, tenant

    async def asks(self, path: str, role: str = "auditor", **query: Any) -> httpx.Response:
        headers = bearer(self._services, [role], self._tenant)
        return await self._client.get(f"/v1/audit/{path}", headers=headers, params=query)

    async def gets(self, path: str, **query: Any) -> Any:
        answer = await self.asks(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def auditors(logs: Logs, tmp_path: Path) -> AsyncIterator[list[Auditor]]:
    """Of the two tenants."""
    store = logs.store
    services = make_services(
        tmp_path,
        store=store,
        users=users_on(store.vault, store),
        audit=AuditReads(logs.pool, store),
        tree=TreeProofs(logs.pool),
        export=AuditExport(logs.pool, store, store.lanes),
        head_keys=logs.keys,
        note_audit_read=NoteAuditReadHandler(store),
    )
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy") as client:
        yield [Auditor(services, client, tenant) for tenant in logs.tenants]


async def test_each_fact_is_proved_to_be_in_the_signed_tree(logs: Logs, auditors: list[Auditor]) -> None:
    ours = auditors[0]
    head = await ours.gets("head")
    root, size, said = bytes.fromhex(head["root_hash"]), head["tree_size"], logs.keys.read(head["jws"])
    assert (said.tenant, said.tree_size, said.root_hash) == (logs.tenants[0], size, head["root_hash"])
    events = (await ours.gets("events", limit=1000))["events"][:size]
    for index in (0, 1, size // 2, size - 1):
        proof = await ours.gets(f"proof/{events[index]['position']}")
        assert (proof["leaf_index"], proof["tree_size"]) == (index, size)
        assert proof["leaf_hash"] == events[index]["leaf_hash"]
        path = [bytes.fromhex(step) for step in proof["path"]]
        assert includes(index, size, bytes.fromhex(proof["leaf_hash"]), path, root)
    earlier = size // 3
    old = await ours.gets(f"proof/{events[0]['position']}", tree_size=earlier)
    assert old["tree_size"] == earlier
    await logs.round()
    newer = await ours.gets("head")
    assert newer["tree_size"] > size, "looking is itself a fact"
    path = [bytes.fromhex(step) for step in (await ours.gets("consistency", **{"from": size}))["path"]]
    between = await ours.gets("consistency", **{"from": size, "to": newer["tree_size"]})
    assert [bytes.fromhex(step) for step in between["path"]] == path
    assert is_consistent(size, newer["tree_size"], root, bytes.fromhex(newer["root_hash"]), path)
    assert logs.keys.read(newer["jws"]).previous, "each head is bound to the one before"


async def test_what_is_not_there_is_refused_in_words(logs: Logs, auditors: list[Auditor]) -> None:
    ours, theirs = auditors
    size, foreign = (await ours.gets("head"))["tree_size"], logs.rows(logs.tenants[1])[0][0]
    for path, query, status, code in (
        (f"proof/{foreign}", {}, 404, "not_found"),
        ("proof/999999", {}, 404, "not_found"),
        (f"proof/{logs.rows(logs.tenants[0])[4][0]}", {"tree_size": 4}, 400, "invalid_range"),
        (f"proof/{logs.rows(logs.tenants[0])[4][0]}", {"tree_size": size + 99}, 400, "invalid_range"),
        ("consistency", {"from": 5, "to": 4}, 400, "invalid_range"),
        ("consistency", {"from": -1}, 400, "invalid_range"),
        ("consistency", {"from": 1, "to": size + 99}, 400, "invalid_range"),
        ("export", {"format": "xml"}, 400, "invalid_field"),
        ("export", {"after": -1}, 400, "invalid_range"),
    ):
        answer = await ours.asks(path, **query)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, query)
    for path in ("head", "proof/1", "consistency?from=1", "export"):
        assert (await theirs.asks(path, role="admin")).status_code == 403


def run_verifier(path: Path, *options: str) -> tuple[int, str]:
    """The program as an outsider runs it: by itself, isolated from this project."""
    program = [sys.executable, "-I", verify_export.__file__, str(path), *options]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=30, cwd=path.parent)
    return done.returncode, done.stdout + done.stderr


async def test_an_export_verifies_elsewhere_and_an_edited_one_does_not(
    logs: Logs, auditors: list[Auditor], tmp_path: Path
) -> None:
    await logs.round()
    text = (await auditors[0].asks("export")).text
    *lines, last = text.splitlines()
    rows, end = [json.loads(line) for line in lines], json.loads(last)
    for row in rows:
        assert leaf_hash(base64.b64decode(row["leaf"])).hex() == row["leaf_hash"]
    assert next(row for row in rows if row["kind"] == "turn.started.1")["data"]["text"].startswith("What is")
    assert set(end) == {"head", "public_key"} and end["head"]["tree_size"] == len(rows)
    whole, key = tmp_path / "log.jsonl", tmp_path / "key.json"
    whole.write_text(text)
    key.write_text(json.dumps(end["public_key"]))
    held = tmp_path / "held.json"
    held.write_text(last)
    assert run_verifier(whole, "--key", str(key), "--since", str(held)) == (0, "verified\n")
    await logs.write(logs.tenants[0], 2)
    await logs.round()
    later = tmp_path / "later.jsonl"
    later.write_text((await auditors[0].asks("export")).text)
    assert run_verifier(later, "--key", str(key), "--since", str(held)) == (0, "verified\n")

    stranger = (await auditors[1].asks("export")).text.splitlines()
    edited = rows[7] | {"leaf": base64.b64encode(base64.b64decode(rows[7]["leaf"]) + b"\0").decode()}
    rehashed = edited | {"leaf_hash": leaf_hash(base64.b64decode(edited["leaf"])).hex()}
    forged = end["head"] | {"jws": end["head"]["jws"][:-8] + "AAAAAAAA"}
    where = f"position {rows[7]['position']} of {rows[7]['stream']}"
    newer = tmp_path / "newer.json"
    newer.write_text(later.read_text().splitlines()[-1])

    def at_7(row: Any) -> list[str]:
        return [*lines[:7], json.dumps(row), *lines[8:], last]

    for what, changed, options in (
        (f"altered: {where}", at_7(edited), ()),
        ("altered: ", at_7(rehashed), ()),
        ("altered: ", at_7(rows[7] | {"version": 99}), ()),
        ("missing", [*lines[:7], *lines[8:], last], ()),
        ("reordered", [*lines[:7], lines[8], lines[7], *lines[9:], last], ()),
        ("foreign", at_7(json.loads(stranger[7])), ()),
        ("inserted", [*lines, lines[-1], last], ()),
        ("truncated", [*lines[:-3], last], ()),
        ("truncated", lines, ()),
        ("forged head", [*lines, json.dumps(end | {"head": forged})], ()),
        ("truncated", [*lines, last], ("--since", str(newer))),
    ):
        path = tmp_path / "edited.jsonl"
        path.write_text("\n".join(changed) + "\n")
        code, said = run_verifier(path, *options)
        assert code == 1 and what in said, (what, said)


async def test_a_siem_gets_a_stream_of_events_after_a_position(logs: Logs, auditors: list[Auditor]) -> None:
    answer = await auditors[0].asks("export", format="ocsf")
    events = [json.loads(line) for line in answer.text.splitlines()]
    rows = logs.rows(logs.tenants[0])
    assert [event["metadata"]["sequence"] for event in events] == [row[0] for row in rows[: len(events)]]
    for event in events:
        assert event["class_uid"] == 6003 and event["type_uid"] == 600300 + event["activity_id"] and event["time"] > 0
    opened = next(event for event in events if event["api"]["operation"] == "session.opened.1")
    assert (opened["activity_name"], opened["resources"][0]["type"]) == ("Create", "session")
    after = events[40]["metadata"]["sequence"]
    rest = await auditors[0].asks("export", format="ocsf", after=after)
    assert json.loads(rest.text.splitlines()[0])["metadata"]["sequence"] == rows[41][0]


async def test_the_state_of_the_log_is_what_its_last_check_said(logs: Logs, auditors: list[Auditor]) -> None:
    assert (await auditors[0].gets("log"))["state"] == "unknown"
    await keep_checks(logs.worker, await logs.verification().check())
    assert [(await auditor.gets("log"))["state"] for auditor in auditors] == ["verified", "verified"]
    row = logs.rows(logs.tenants[0])[9]
    with logs.as_before():
        logs.sql(("UPDATE events_0 SET topic = 'x' WHERE notification_id = %s", (row[0],)))
        await keep_checks(logs.worker, await logs.verification().check())
    state = await auditors[0].gets("log")
    assert (state["state"], (await auditors[1].gets("log"))["state"]) == ("not verified", "verified")
    assert f"position {row[0]} of {row[1]}" in state["detail"]
