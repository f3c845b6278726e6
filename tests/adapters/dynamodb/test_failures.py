"""What is away or refuses us is waited for; only what can never succeed is the request's own fault."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from adapters.aws_failures import REFUSING
from adapters.dynamodb.failures import PASSING, answering
from domain.refusals import DependencyRefuses, DependencyUnavailable


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")


@pytest.mark.parametrize("code", sorted(PASSING | REFUSING))
def test_it_is_waited_for(code: str) -> None:
    with pytest.raises(DependencyUnavailable) as waited, answering():
        raise refused(code)
    assert isinstance(waited.value, DependencyRefuses) == (code in REFUSING)


@pytest.mark.parametrize("code", ["ValidationException", "ConditionalCheckFailedException", "ItemTooLarge"])
def test_it_stays_what_it_is(code: str) -> None:
    with pytest.raises(ClientError), answering():
        raise refused(code)


def test_a_cancelled_transaction_is_judged_by_its_reasons() -> None:
    conflict = refused("TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    with pytest.raises(DependencyUnavailable), answering():
        raise conflict


def test_nobody_there_is_away() -> None:
    with pytest.raises(DependencyUnavailable), answering():
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
