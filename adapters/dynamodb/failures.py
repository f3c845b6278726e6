"""Which of DynamoDB's failures mean that it is away for a while, and which that the request can never succeed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from domain.refusals import DependencyUnavailable

# DynamoDB developer guide, "Error handling": what may be retried. A missing table is one that is not provisioned yet.
PASSING = {
    "InternalServerError", "InternalFailure", "LimitExceededException", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "ServiceUnavailable", "ThrottlingException", "TransactionInProgressException",
    "ResourceNotFoundException", "ResourceInUseException", "UnrecognizedClientException", "ExpiredTokenException",
    "ReplicatedWriteConflictException",
}  # fmt: skip
PASSING_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


@contextmanager
def answering() -> Iterator[None]:
    """Failures that pass become `DependencyUnavailable`; others stay what they are."""
    try:
        yield
    except ClientError as error:
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
        if error.response["Error"]["Code"] in PASSING or reasons & PASSING_REASONS:
            raise _away(error) from error
        raise
    except ParamValidationError:
        raise
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _away(error) from error


def _away(error: Exception) -> DependencyUnavailable:
    return DependencyUnavailable(f"DynamoDB: {type(error).__name__}", retry_after_s=2)
