"""Services that settings name, in place of those of the tests' own stack."""

from __future__ import annotations

from collections.abc import Mapping

from infra.local.endpoints import BEDROCK, DATABASE, EMULATED, NATS, VALKEY, Endpoints, given_value


def with_given(endpoints: Endpoints, environment: Mapping[str, str]) -> Endpoints:
    """The same, with what settings from outside name in its place."""
    return Endpoints(
        database_url=given_value(environment, DATABASE) or endpoints.database_url,
        nats_url=given_value(environment, NATS) or endpoints.nats_url,
        valkey_url=given_value(environment, VALKEY) or endpoints.valkey_url,
        aws_url=given_value(environment, EMULATED[0]) or endpoints.aws_url,
        bedrock_url=given_value(environment, BEDROCK) or endpoints.bedrock_url,
    )
