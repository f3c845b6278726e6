"""A bucket of our name in somebody else's account is never taken for ours."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.dynamodb.table import check_table
from adapters.kms.authority import KmsKeyAuthority
from adapters.s3.anchors import S3Anchors
from adapters.s3.blobs import S3Blobs
from api.composition.aws_client import open_aws


class Answering:
    """A client whose operations answer, or fail, as they are told to."""

    def __init__(self, **answers: Any) -> None:
        self._answers, self.asked = answers, dict[str, Any]()
        self.meta = type("Meta", (), {"region_name": "us-east-1"})

    def __getattr__(self, operation: str) -> Any:
        async def call(**asked: Any) -> Any:
            self.asked[operation] = asked
            answer = self._answers[operation]
            if isinstance(answer, str):
                raise ClientError({"Error": {"Code": answer, "Message": answer}}, operation)
            return answer

        return call


def of_ours(**answers: Any) -> list[S3Blobs | S3Anchors]:
    return [S3Blobs(Answering(**answers), "b"), S3Anchors(Answering(**answers), "b", 365)]


async def test_making_it_takes_ours_and_refuses_anothers() -> None:
    for bucket in (*of_ours(create_bucket={}), *of_ours(create_bucket="BucketAlreadyOwnedByYou")):
        await bucket.provision()
    for bucket in of_ours(create_bucket="BucketAlreadyExists"):
        with pytest.raises(RuntimeError, match="somebody else's"):
            await bucket.provision()


async def test_checking_says_what_is_wrong() -> None:
    for bucket in of_ours(head_bucket={}):
        await bucket.check()
    for code in ("404", "403"):
        for bucket in of_ours(head_bucket=code):
            with pytest.raises(RuntimeError, match=f"cannot be used.*{code}"):
                await bucket.check()
    with pytest.raises(RuntimeError, match="cannot be used"):
        await check_table(Answering(describe_table="ResourceNotFoundException"), "t")
    with pytest.raises(RuntimeError, match="other keys"):
        await check_table(Answering(describe_table={"Table": {"KeySchema": []}}), "t")


async def test_the_owner_goes_with_each_call_but_the_one_that_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    async with open_aws("s3", "123456789012") as client:
        told = {}
        for operation in ("PutObject", "GetObject", "DeleteObject", "HeadBucket", "CreateBucket"):
            model = client.meta.service_model.operation_model(operation)
            event = f"provide-client-params.s3.{operation}"
            ((_, params),) = await client.meta.events.emit(event, params={"Bucket": "b"}, model=model, context={})
            told[operation] = params.get("ExpectedBucketOwner")
            assert told[operation] is None or "ExpectedBucketOwner" in model.input_shape.members
    assert told.pop("CreateBucket") is None and set(told.values()) == {"123456789012"}


async def test_a_tenants_key_carries_the_tags_that_policies_ask_for() -> None:
    kms = Answering(
        describe_key="NotFoundException", create_key={"KeyMetadata": {"KeyId": "k"}}, create_alias={},
        generate_data_key={"Plaintext": b"p", "CiphertextBlob": b"c"},
    )  # fmt: skip
    await KmsKeyAuthority(kms).create("t-1")
    assert kms.asked["create_key"]["Tags"] == [
        {"TagKey": "colloquy", "TagValue": "tenant"}, {"TagKey": "colloquy:tenant", "TagValue": "t-1"},
    ]  # fmt: skip
