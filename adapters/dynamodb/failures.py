"""What DynamoDB's failures mean: it is away for a while, it lets us not do it until somebody mends that, or the request
can never succeed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import structlog
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from prometheus_client import Counter

from domain.refusals import DependencyUnavailable

# DynamoDB developer guide, "Error handling": what may be retried. A missing table is one that is not provisioned yet.
PASSING = {
    "InternalServerError", "InternalFailure", "LimitExceededException", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "ServiceUnavailable", "ThrottlingException", "TransactionInProgressException",
    "ResourceNotFoundException", "ResourceInUseException", "ExpiredTokenException", "ReplicatedWriteConflictException",
}  # fmt: skip
# Rights, credentials and keys: nothing is wrong with the request, and people can mend it. So it waits, is logged and
# counted, and nothing is parked for it: one bad policy would park every session that is at work.
REFUSING = {
    "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException",
    "IncompleteSignatureException", "IncompleteSignature", "SignatureDoesNotMatch", "OptInRequired", "NotAuthorized",
    "MissingAuthenticationTokenException", "MissingAuthenticationToken", "InvalidClientTokenId", "InvalidAccessKeyId",
    "SubscriptionRequiredException", "InaccessibleEncryptionCredentialsException", "KMSAccessDeniedException",
    "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException",
}  # fmt: skip
REFUSED_S = 10.0
REFUSED = "Requests that rights, credentials or keys did not let us make"
refusals = Counter("colloquy_dynamodb_refusals", REFUSED, ("code",))
log = structlog.get_logger()
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
        if code in REFUSING:
            refusals.labels(code).inc()
            log.error("dynamodb_refuses_us", code=code)
            raise DependencyUnavailable(f"DynamoDB refuses us: {code}", retry_after_s=REFUSED_S) from error
        raise
    except ParamValidationError:
        raise
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _away(error) from error


def _away(error: Exception) -> DependencyUnavailable:
    return DependencyUnavailable(f"DynamoDB: {type(error).__name__}", retry_after_s=2)
