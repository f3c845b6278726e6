"""What is given from outside wins, part by part; nobody's own credentials are hidden by stand-in ones."""

from __future__ import annotations

import pytest

from infra.local.endpoints import Endpoints, given_outside
from tests.given import with_given

LOCAL = Endpoints(
    database_url="postgresql://local", nats_url="nats://local", valkey_url="valkey://local", aws_url="http://aws.local",
    bedrock_url="http://bedrock.local",
)  # fmt: skip
BEDROCK = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"


def test_without_anything_given_every_part_is_started_and_named() -> None:
    assert given_outside({"COLLOQUY_NATS_URL": ""}) == frozenset()
    assert LOCAL.environment() == {
        "COLLOQUY_DATABASE_URL": "postgresql://local",
        "COLLOQUY_NATS_URL": "nats://local",
        "COLLOQUY_VALKEY_URL": "valkey://local",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://aws.local",
        "AWS_ENDPOINT_URL_S3": "http://aws.local",
        "AWS_ENDPOINT_URL_KMS": "http://aws.local",
        "AWS_ENDPOINT_URL_STS": "http://aws.local",
        BEDROCK: "http://bedrock.local",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
    }


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"COLLOQUY_DATABASE_URL": "x"}, {"postgres"}),
        ({BEDROCK: "x", "AWS_ACCESS_KEY_ID": "x"}, {"bedrock"}),
        ({"AWS_ENDPOINT_URL_S3": "x"}, set()),
        ({f"AWS_ENDPOINT_URL_{service}": "x" for service in ("S3", "KMS", "DYNAMODB")}, {"aws"}),
        ({"AWS_ENDPOINT_URL": "x"}, {"aws", "bedrock"}),
    ],
)
def test_a_part_that_is_given_is_not_started(given: dict[str, str], parts: set[str]) -> None:
    assert given_outside(given) == parts


def test_what_is_given_is_not_named_again() -> None:
    given = {"COLLOQUY_NATS_URL": "nats://theirs", "AWS_ENDPOINT_URL_S3": "https://theirs"}
    assert not given.keys() & LOCAL.environment(given).keys()
    assert with_given(LOCAL, given).nats_url == "nats://theirs"


@pytest.mark.parametrize(
    "given",
    [
        {"AWS_ACCESS_KEY_ID": "theirs"},
        {"AWS_PROFILE": "theirs"},
        {BEDROCK: "https://bedrock-runtime.eu-central-1.amazonaws.com"},  # the machine's own role, or a file
    ],
)
def test_credentials_of_somebodys_own_are_not_hidden(given: dict[str, str]) -> None:
    assert "AWS_ACCESS_KEY_ID" not in LOCAL.environment(given)


def test_a_region_of_somebodys_own_is_not_hidden() -> None:
    assert "AWS_REGION" not in LOCAL.environment({"AWS_DEFAULT_REGION": "eu-central-1"})
