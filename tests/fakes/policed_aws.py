"""AWS with its policies: a client that refuses what a session policy does not allow, as IAM would; the emulator takes
anything from anybody."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

Policy = dict[str, Any]
Asked = tuple[str, str, dict[str, list[str]]]
"""An action, the resource that it is for, and what the condition keys are then."""


def allows(policy: Policy, asked: Asked) -> bool:
    """Whether a statement of a policy of Allows alone lets it through
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)."""
    action, resource, context = asked
    return any(
        statement["Effect"] == "Allow"
        and action in _many(statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in _many(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), _many(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
        for statement in policy["Statement"]
    )


def _holds(operator: str, found: list[str] | None, wanted: list[str]) -> bool:
    match operator:
        case "Null":
            return (found is None) == (wanted == ["true"])
        case "ForAllValues:StringLike":
            return all(any(fnmatchcase(one, pattern) for pattern in wanted) for one in found or ())
        case "StringLike":
            return bool(found) and all(any(fnmatchcase(one, pattern) for pattern in wanted) for one in found or ())
    raise NotImplementedError(operator)


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def asked_of(operation: str, given: dict[str, Any]) -> list[Asked]:
    """What a call of a client of DynamoDB or S3 asks for."""
    if "Bucket" in given:
        return [_of_s3(operation, given)]
    tables = given.get("RequestItems") or {given.get("TableName"): []}
    return [_of_dynamodb(operation, str(table), requests, given) for table, requests in tables.items()]


def _of_s3(operation: str, given: dict[str, Any]) -> Asked:
    bucket = f"arn:aws:s3:::{given['Bucket']}"
    if operation == "list_object_versions":
        return "s3:ListBucketVersions", bucket, {"s3:prefix": [given["Prefix"]]} if "Prefix" in given else {}
    action = {"put_object": "PutObject", "get_object": "GetObject", "delete_object": "DeleteObject"}[operation]
    return f"s3:{action}{'Version' if 'VersionId' in given else ''}", f"{bucket}/{given['Key']}", {}


def _of_dynamodb(operation: str, table: str, requests: list[Any], given: dict[str, Any]) -> Asked:
    """The condition key holds the first key attribute of each item that is named, in an index that of the index
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html)."""
    resource, keys = f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}", list[str]()
    match operation:
        case "get_item":
            keys = [given["Key"]["pk"]["S"]]
        case "put_item":
            keys = [given["Item"]["pk"]["S"]]
        case "query":
            value = given["KeyConditionExpression"].split(" AND ")[0].split(" = ")[1]
            keys = [given["ExpressionAttributeValues"][value]["S"]]
            resource += f"/index/{given['IndexName']}" if "IndexName" in given else ""
        case "batch_write_item":
            named = [next(iter(request.values())) for request in requests]
            keys = [(one.get("Key") or one["Item"])["pk"]["S"] for one in named]
    action = "".join(word.capitalize() for word in operation.split("_"))
    return f"dynamodb:{action}", resource, {"dynamodb:LeadingKeys": keys} if keys else {}


class PolicedClient:
    """A client whose every call is first held to the policy of whoever it is signed by; `inner` answers what passes."""

    def __init__(self, inner: Any, policy: Callable[[], Policy]) -> None:
        self._inner, self._policy = inner, policy
        self.denied: list[Asked] = []

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self._inner, operation)
        if operation in ("exceptions", "meta"):
            return found

        def call(*names: Any, **given: Any) -> Any:
            if operation != "get_paginator":  # which asks for nothing by itself
                self._judge(operation, given)
            return found(*names, **given)

        return call

    def _judge(self, operation: str, given: dict[str, Any]) -> None:
        refused = [one for one in asked_of(operation, given) if not allows(self._policy(), one)]
        self.denied += refused
        if refused:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}, operation)
