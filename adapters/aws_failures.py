"""What failures of AWS's services mean: away for a while, or not ours to use until somebody mends rights or keys."""

from __future__ import annotations

import structlog
from botocore.exceptions import ClientError
from prometheus_client import Counter

from domain.refusals import DependencyRefuses, DependencyUnavailable

REFUSING = {
    "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException",
    "IncompleteSignatureException", "IncompleteSignature", "SignatureDoesNotMatch", "OptInRequired", "NotAuthorized",
    "MissingAuthenticationTokenException", "MissingAuthenticationToken", "InvalidClientTokenId", "InvalidAccessKeyId",
    "SubscriptionRequiredException", "InaccessibleEncryptionCredentialsException", "KMSAccessDeniedException",
    "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException", "AllAccessDisabled",
    "AccountProblem", "KMS.DisabledException", "KMS.NotFoundException", "InvalidToken",
}  # fmt: skip
"""Rights, credentials and keys: nothing is wrong with the request, and people can mend it."""
REFUSED_S = 10.0
refusals = Counter(
    "colloquy_aws_refusals", "Requests that rights, credentials or keys did not let us make", ("service", "code")
)
log = structlog.get_logger()


def refused(service: str, error: Exception) -> DependencyRefuses | None:
    """What to raise where `service` refuses us, noted and counted; None for any other failure."""
    code = str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
    if code not in REFUSING:
        return None
    refusals.labels(service, code).inc()
    log.error("aws_refuses_us", service=service, code=code)
    return DependencyRefuses(f"{service} refuses us: {code}", retry_after_s=REFUSED_S)


def failure(service: str, error: Exception, otherwise: str, retry_after_s: float) -> DependencyUnavailable:
    """What to raise: that, or that it is away, as `otherwise` says."""
    return refused(service, error) or DependencyUnavailable(otherwise, retry_after_s=retry_after_s)
