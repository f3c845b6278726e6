"""Each job may do on AWS what it was seen to do, and nothing more; the templates are what CloudFormation takes."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore import xform_name
from botocore.session import get_session

from adapters.sts.session_policy import session_policy
from tests.architecture.made_docs import ROOT
from tests.infra.cloudformation.record import CALLS
from tests.infra.verifiers import installed, run

STACK = ROOT / "infra" / "cloudformation"
JOBS = ("serve", "relay", "project", "ingest", "migrate", "reconcile")
ACTIONS = {
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions", "s3:DeleteObjectVersion"),  # which it is for
    "dynamodb:TransactWriteItems": ("dynamodb:UpdateItem",),  # has no right of its own: those of what it holds
    "kms:CreateKey": ("kms:CreateKey", "kms:TagResource"),  # for its tags
    "bedrock-runtime:ApplyGuardrail": ("bedrock:ApplyGuardrail",),
}
"""What a call asks for where it is not called as the right is."""
BEDROCK = {
    "serve": {"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"},  # Converse, ConverseStream, embeddings
    "ingest": {"bedrock:InvokeModel"},
}
"""Made by requests of our own signing (adapters/bedrock/http.py), which no hook of the library sees."""
SELDOM = {
    "serve": {
        "kms:UpdateAlias", "kms:ScheduleKeyDeletion",  # an erasure gives the tenant another key
        "bedrock-runtime:ApplyGuardrail",  # where COLLOQUY_GUARDRAIL names one
        "sts:AssumeRole",  # where COLLOQUY_TENANT_ROLE names one
        "s3:ListObjectVersions",  # what is deleted from a bucket that keeps versions goes with all of them
    },
    "project": {"dynamodb:BatchWriteItem", "dynamodb:Scan"},  # erased sessions; generations that go
    "ingest": {"bedrock-runtime:ApplyGuardrail"},
    # `--no-create`, as the chart asks by default; after a restore; when one is drilled
    "migrate": {"s3:HeadBucket", "s3:GetObject", "dynamodb:DeleteTable"},
    "reconcile": {"s3:ListObjectsV2", "s3:GetObject", "kms:Decrypt"},  # logs of Bedrock's own; here a folder
}  # fmt: skip
"""Calls that a job's code makes and no journey need have brought about; each is in the code, which is looked up."""
CREATES = {"s3:CreateBucket", "dynamodb:CreateTable", "dynamodb:DeleteTable"}
"""Of `migrate`, and of a restore that is drilled, on a machine of one's own; on AWS the stack makes them."""
VIA_STORAGE = {
    "serve": {"kms:Decrypt", "kms:GenerateDataKey"}, "ingest": {"kms:Decrypt"}, "migrate": {"kms:Decrypt"}
}  # fmt: skip
"""What S3 asks of the buckets' key in a caller's name."""


class Tags(yaml.SafeLoader):  # type: ignore[misc]  # the library has no types
    """CloudFormation's short forms, as what they stand for."""


def _tag(loader: Tags, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: node.value}
    return {name: loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else {}}


Tags.add_multi_constructor("!", _tag)


@cache
def template(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((STACK / name).read_text(), Tags)  # noqa: S506  # a kind of SafeLoader
    return found


def statements(job: str) -> Iterator[dict[str, Any]]:
    policy = template("access.yaml")["Resources"].get(f"{job.capitalize()}Policy")
    for statement in policy["Properties"]["PolicyDocument"]["Statement"] if policy else ():
        yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def allowed(job: str) -> set[str]:
    found = set()
    for statement in statements(job):
        actions = statement["Action"]
        found |= set([actions] if isinstance(actions, str) else actions)
    return found


def needed(job: str) -> set[str]:
    recorded = set(json.loads(CALLS.read_text()).get(job, ())) | SELDOM.get(job, set())
    made = {action for call in recorded - CREATES for action in ACTIONS.get(call, (call,))}
    return made | BEDROCK.get(job, set()) | VIA_STORAGE.get(job, set())


@cache
def calls_in_code() -> set[str]:
    """Every operation that an adapter, or a check of health, asks a client of AWS for."""
    asked = ("s3", "dynamodb", "kms", "bedrock-runtime", "sts")
    services = {name: get_session().get_service_model(name) for name in asked}
    of_method = {
        (name, xform_name(operation)): f"{name}:{operation}"
        for name, model in services.items()
        for operation in model.operation_names
    }
    folders = {"s3": "s3", "dynamodb": "dynamodb", "kms": "kms", "pii": "bedrock-runtime", "bedrock_logs": "s3"}
    folders["sts"] = "sts"
    found = {"s3:HeadBucket", "dynamodb:DescribeTable"}  # api/health_checks.py
    for folder, service in folders.items():
        for path in (ROOT / "adapters" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [node.attr] if isinstance(node, ast.Attribute) else []
                names += [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
                found |= {of_method[service, name] for name in names if (service, name) in of_method}
    return found


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_do_what_it_was_seen_to_do_and_nothing_more(job: str) -> None:
    """Recorded by `python -m tests.infra.cloudformation.record`."""
    assert allowed(job) == needed(job)
    assert not {action for action in allowed(job) if "*" in action}
    for statement in statements(job):
        named = json.dumps(statement["Resource"])
        assert named != '"*"' or "Condition" in statement, f"{statement['Sid']} is about everything"


def test_a_tenants_role_may_what_its_narrowest_session_may_and_the_server_does_not_then() -> None:
    session = session_policy("t", partition="aws", table="sessions", bucket="documents")["Statement"]
    in_session = {action for statement in session for action in statement["Action"]}
    assert allowed("tenant") == in_session and len(in_session) == 12
    parted = [s["Fn::If"] for s in template("access.yaml")["Resources"]["ServePolicy"]["Properties"]["PolicyDocument"]
              ["Statement"] if "Fn::If" in s]  # fmt: skip
    gone = {action for condition, statement, _ in parted if condition == "OneRole" for action in statement["Action"]}
    assert gone == {action for action in in_session if not action.startswith(("kms:", "s3:List"))}
    assert [statement["Action"] for condition, statement, _ in parted if condition == "RoleOfTenants"] == [
        "sts:AssumeRole"
    ]


def test_each_call_in_the_code_was_seen_or_is_known_to_be_seldom() -> None:
    recorded = {call for calls in json.loads(CALLS.read_text()).values() for call in calls}
    known = recorded | {call for calls in SELDOM.values() for call in calls}
    assert calls_in_code() - known == set()
    assert known - calls_in_code() == set(), "nobody makes these any more"


@pytest.mark.real
def test_the_templates_are_what_cloudformation_takes() -> None:
    run(installed("cfn-lint"), *(str(path) for path in sorted(STACK.glob("*.yaml"))))


def test_what_holds_data_outlives_the_stack_and_is_closed() -> None:
    resources = template("data.yaml")["Resources"]
    kinds = {name: one["Type"].removeprefix("AWS::") for name, one in resources.items()}
    for name, one in resources.items():
        if kinds[name] in ("RDS::DBInstance", "DynamoDB::Table", "S3::Bucket", "KMS::Key"):
            assert (
                one["DeletionPolicy"] in ("Retain", "Snapshot") and one["UpdateReplacePolicy"] == one["DeletionPolicy"]
            )
        if kinds[name] == "S3::Bucket":
            assert set(one["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
            policy = next(other for other in resources.values() if other["Properties"].get("Bucket") == {"Ref": name})
            sids = {said["Sid"] for said in policy["Properties"]["PolicyDocument"]["Statement"]}
            assert "TlsAlone" in sids
    table, database = resources["SessionsTable"]["Properties"], resources["Database"]["Properties"]
    assert table["DeletionProtectionEnabled"] and table["PointInTimeRecoverySpecification"]
    assert database["DeletionProtection"] and database["StorageEncrypted"] and not database["PubliclyAccessible"]
    assert resources["Cache"]["Properties"]["NumNodeGroups"] == 1, "cluster mode is off"


def test_the_table_of_the_stack_is_the_one_that_migrate_makes() -> None:
    from adapters.dynamodb.table import BY_OWNER, INDEX_KEYS, KEYS

    table = template("data.yaml")["Resources"]["SessionsTable"]["Properties"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == list(KEYS)
    assert [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]] == list(INDEX_KEYS)
    assert index["IndexName"] == BY_OWNER and index["Projection"] == {"ProjectionType": "ALL"}


def test_the_stack_is_written_where_it_is_looked_for() -> None:
    assert {path.name for path in Path(STACK).glob("*.yaml")} == {"data.yaml", "access.yaml"}
