"""Session policies as a simulator of IAM that others keep judges them, where there is node and its package."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.sts.test_tenant_credentials import BUCKET, MINE, TABLE, THEIRS, every_request, policy
from tests.fakes.policed_aws import Asked, Policy, allows, asked_of

pytestmark = pytest.mark.real
INSTALL_S, RUN_S = 60, 60
PACKAGE = "@cloud-copilot/iam-simulate@0.1"


def deletion(tenant: str) -> dict[str, Any]:
    """Of one item of a tenant's."""
    return {"DeleteRequest": {"Key": {"pk": {"S": f"{tenant}#1#x"}}}}


STRANGE: list[tuple[str, dict[str, Any]]] = [
    ("get_item", {"TableName": "another", "Key": {"pk": {"S": f"{MINE}#1#x"}}}),
    ("get_item", {"TableName": TABLE, "Key": {"pk": {"S": MINE[:-1]}}}),
    ("get_object", {"Bucket": "another", "Key": f"{MINE}/a"}),
    ("get_object", {"Bucket": BUCKET, "Key": MINE}),
    ("delete_object", {"Bucket": BUCKET, "Key": f"{MINE}/a", "VersionId": "1"}),
    ("list_object_versions", {"Bucket": BUCKET, "Prefix": f"{MINE}/a"}),
    ("list_object_versions", {"Bucket": BUCKET, "Prefix": f"{THEIRS}/"}),
    ("list_object_versions", {"Bucket": BUCKET}),
    ("delete_table", {"TableName": TABLE}),
    ("batch_write_item", {"RequestItems": {TABLE: [deletion(MINE), deletion(MINE)]}}),
    ("batch_write_item", {"RequestItems": {TABLE: [deletion(MINE), deletion(THEIRS)]}}),
]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    npm = shutil.which("npm")
    if not (npm and shutil.which("node")):
        pytest.skip("there is no node on this machine: policies were judged by our own evaluator alone")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    try:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("the npm registry did not give the simulator: policies were judged by our own evaluator alone")
    shutil.copy(Path(__file__).with_name("iam_simulate.mjs"), tmp_path)
    return tmp_path


def policies() -> Iterator[Policy]:
    """A tenant's, and what is left of it without each statement, and without each statement's condition."""
    yield (whole := policy(MINE))
    for number, statement in enumerate(whole["Statement"]):
        others = [one for at, one in enumerate(whole["Statement"]) if at != number]
        without_condition = {name: value for name, value in statement.items() if name != "Condition"}
        yield whole | {"Statement": others}
        yield whole | {"Statement": [*others, without_condition]}


def judged(package: Path, cases: list[tuple[Policy, Asked]]) -> list[bool]:
    """By the simulator."""
    command = [str(shutil.which("node")), "iam_simulate.mjs"]
    found = subprocess.run(
        command, cwd=package, input=json.dumps(cases), capture_output=True, text=True, timeout=RUN_S, check=False
    )
    assert found.returncode == 0, found.stderr
    return list(json.loads(found.stdout))


async def test_both_judge_every_request_alike_under_the_policy_and_what_is_left_of_it(package: Path) -> None:
    sent = [*await every_request(MINE), *await every_request(THEIRS), *STRANGE]
    asked = [one for operation, given in sent for one in asked_of(operation, given)]
    cases: list[tuple[Policy, Asked]] = [(one, request) for one in policies() for request in asked]
    verdicts = await asyncio.to_thread(judged, package, cases)
    assert [case for case, verdict in zip(cases, verdicts, strict=True) if allows(*case) != verdict] == []
    assert 0 < sum(verdicts[: len(asked)]) < len(asked)
    assert len(cases) == 9 * len(asked)
