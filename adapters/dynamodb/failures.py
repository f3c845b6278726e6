"""What DynamoDB's failures mean: it is away for a while, it lets us not do it until somebody mends that, or the request
can never succeed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from adapters.aws_failures import refused
from domain.refusals import DependencyUnavailable

# DynamoDB developer guide, "Error handling": what may be retried. A missing table is one that is not provisioned yet.
PASSING = {
    "InternalServerError", "InternalFailure", "LimitExceededException", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "ServiceUnavailable", "ThrottlingException", "TransactionInProgressException",
    "ResourceNotFoundException", "ResourceInUseException", "ExpiredTokenException", "ReplicatedWriteConflictException",
}  # fmt: skip
PASSING_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


@contextmanager
def answering() -> Iterator[None]:
    """Failures that pass, or that people can mend, become `DependencyUnavailable`; others stay what they are."""
    try:
        yield
    except ClientError as error:
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
        code = error.response["Error"]["Code"]
        if code in PASSING or reasons & PASSING_REASONS:
            raise _away(error) from error
        # Nothing is parked for it: one bad policy would park every session that is at work.
        if refusal := refused("DynamoDB", error):
            raise refusal from error
        raise
    except ParamValidationError:
        raise
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _away(error) from error


def _away(error: Exception) -> DependencyUnavailable:
    return DependencyUnavailable(f"DynamoDB: {type(error).__name__}", retry_after_s=2)
