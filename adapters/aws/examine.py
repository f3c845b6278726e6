"""Looks at DynamoDB, S3 and KMS before somebody relies on them: what is there or allowed, and whose clock is off."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from application.clock import now
from application.ports.incidents.symptom import Symptom, bad, ok

SKEW_S = 60.0
"""AWS refuses signatures whose clock is five minutes away."""
DENIED = {"AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException", "403"}


async def examine_table(dynamodb: Any, name: str) -> list[Symptom]:
    """Whether the table is there and may be read."""
    try:
        table = (await dynamodb.describe_table(TableName=name))["Table"]
        await dynamodb.get_item(TableName=name, Key={"pk": {"S": "doctor"}, "sk": {"S": "doctor"}})
    except ClientError as error:
        return [refusal("dynamodb", error, f"the table {name}", "read models are written there")]
    if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        return [bad("dynamodb", f"the table is {table['TableStatus']}", "wait for it, or see AWS's console")]
    return [ok("dynamodb", f"table {name} with {table.get('ItemCount', 0)} items or so")]


async def examine_bucket(s3: Any, bucket: str) -> list[Symptom]:
    """Whether the bucket takes, gives and deletes."""
    key = f"doctor/{secrets.token_hex(8)}"
    try:
        put = await s3.put_object(Bucket=bucket, Key=key, Body=b"doctor")
        await s3.get_object(Bucket=bucket, Key=key)
        await s3.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        return [refusal("s3", error, f"the bucket {bucket}", "documents, files and evidence are kept there")]
    return clock_of("s3", put) or [ok("s3", f"bucket {bucket} takes, gives and deletes")]


async def examine_keys(kms: Any) -> list[Symptom]:
    """Whether KMS answers."""
    try:
        drawn = await kms.generate_random(NumberOfBytes=16)
    except ClientError as error:
        if _code(error) not in DENIED:
            return [refusal("kms", error, "keys", "tenants' keys are wrapped by it")]
        return [ok("kms", "it answers (what its keys may be used for shows when a tenant is made)")]
    return clock_of("kms", drawn) or [ok("kms", "it answers")]


def refusal(part: str, error: ClientError, what: str, why: str) -> Symptom:
    """What AWS refused, and what its code asks for."""
    code = _code(error)
    if code in DENIED:
        return bad(part, f"{what}: {code}; {why}", "see the role's policy, and whose credentials these are")
    if code in ("ResourceNotFoundException", "NoSuchBucket", "404"):
        return bad(part, f"{what} is not there; {why}", "run `colloquy migrate`, or name another")
    return bad(part, f"{what}: {code}; {why}", "see what AWS says of this code")


def clock_of(part: str, answer: Mapping[str, Any]) -> list[Symptom]:
    """A finding when AWS's clock and ours are far apart."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    if not date:
        return []
    theirs: datetime = parsedate_to_datetime(date)
    skew = abs((theirs.astimezone(UTC) - now()).total_seconds())
    if skew <= SKEW_S:
        return []
    return [bad(part, f"AWS's clock and ours are {skew:.0f} s apart", "have ours set by NTP: AWS refuses soon")]


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
