"""What a session for one tenant may do at AWS: with items whose leading key is its, and objects below its prefix."""

from __future__ import annotations

from typing import Any

import msgspec

LONGEST = 2_048
"""Characters that STS takes of a session policy, without its blanks
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""


def session_policy(tenant: str, *, partition: str, table: str, bucket: str) -> dict[str, Any]:
    """The policy that a role is narrowed by while somebody acts for this tenant; what the role itself does not have is
    not gained by it. `partition` is AWS's own (`aws`, `aws-cn`, `aws-us-gov`)."""
    items, objects = f"arn:{partition}:dynamodb:*:*:table/{table}", f"arn:{partition}:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:BatchWriteItem"],
                "Resource": [items, f"{items}/index/*"],
                # "ForAllValues" alone would let through what names no key at all.
                "Condition": {
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{tenant}#*"]},
                    "Null": {"dynamodb:LeadingKeys": "false"},
                },
            },
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
                "Resource": f"{objects}/{tenant}/*",
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
                "Resource": objects,
                "Condition": {"StringLike": {"s3:prefix": f"{tenant}/*"}},
            },
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringLike": {"kms:ViaService": "s3.*"}},
            },
        ],
    }


def written(policy: dict[str, Any]) -> str:
    """As it is sent: without blanks."""
    return msgspec.json.encode(policy).decode()
