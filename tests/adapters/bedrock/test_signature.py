"""Our signature is the library's, to the byte."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from adapters.bedrock.signature import Signature, host_of

HOSTS = ["bedrock-runtime.us-east-1.amazonaws.com", "127.0.0.1:4567"]
PATHS = ["/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream", "/model/arn%3Aaws%3Ax%2Fy/invoke"]


def theirs(credentials: ReadOnlyCredentials, url: str, body: bytes, at: datetime, headers: dict[str, str]) -> str:
    """What the library puts into `Authorization`."""
    request = AWSRequest(method="POST", url=url, headers=headers, data=body)
    signer = SigV4Auth(credentials, "bedrock", "us-east-1")
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    asked = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, asked), request)
    signer._inject_signature_to_request(request, signature)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("token", [None, "a/session+token=="])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", HOSTS)
def test_it_is_the_librarys_signature(host: str, path: str, token: str | None) -> None:
    said = {"content-type": "application/json", "accept": "application/json"}
    ours = Signature("us-east-1", "bedrock", host)
    for secret in ("secret", "another"):
        for at in (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)):
            credentials = ReadOnlyCredentials("AKID", secret, token)
            signed = ours.headers(credentials, path, b'{"a":1}', at, said)
            assert signed["authorization"] == theirs(credentials, f"https://{host}{path}", b'{"a":1}', at, said)
            assert signed.get("x-amz-security-token") == token


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://bedrock.example", "bedrock.example"),
        ("https://bedrock.example:443", "bedrock.example"),
        ("http://bedrock.example:443", "bedrock.example:443"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://[::1]:4567", "[::1]:4567"),
    ],
)
def test_the_port_is_named_where_it_is_not_the_schemes_own(url: str, host: str) -> None:
    assert host_of(urlsplit(url)) == host
