"""The console's cookie: its name, what browsers are told of it, and the token without which it changes nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from http.cookies import CookieError, SimpleCookie
from typing import Any

from application.ports.people.outside_identity import SignInAttempt

BY_COOKIE = "colloquy.by_cookie"
"""Set in the scope of a request to the public API that came through the console's door."""
CSRF_HEADER = b"x-colloquy-csrf"
ATTEMPT = "console-attempt"
_ATTEMPT = re.compile(r"[a-z0-9-]{1,32}(\.[A-Za-z0-9_-]{43}){3}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(scope: Any, scheme: str, purpose: str = "console") -> str:
    """Browsers keep `__Host-` cookies to https and to this host. Without TLS the port is in the name: cookies do not
    know ports, and two installations on one machine must not sign each other out."""
    if scheme == "https":
        return f"__Host-colloquy-{purpose}"
    host = _header(scope, b"host").decode("latin-1")
    port = host.rpartition(":")[2]
    return f"colloquy-{purpose}-{port if port.isascii() and port.isdigit() else '80'}"


def session_secret(scope: Any, scheme: str) -> str:
    """The secret in the request's cookie; an empty text when there is none, or more than one."""
    return _cookie(scope, cookie_name(scope, scheme), _SECRET)


def set_cookie(scope: Any, scheme: str, secret: str, max_age_s: int) -> str:
    """The header that gives a browser its session; an empty secret takes it away."""
    path, secure = ("/", "; Secure") if scheme == "https" else ("/console", "")
    name = cookie_name(scope, scheme)
    return f"{name}={secret}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"


def sign_in_attempt(scope: Any, scheme: str) -> SignInAttempt | None:
    """What this browser was sent to a provider with; None when it was not."""
    value = _cookie(scope, cookie_name(scope, scheme, ATTEMPT), _ATTEMPT)
    return SignInAttempt(*value.split(".")) if value else None


def set_attempt(scope: Any, scheme: str, attempt: SignInAttempt, max_age_s: int) -> str:
    """The header by which a browser remembers an attempt. `Lax`: it comes back from another site, by a plain link; and
    it opens nothing by itself."""
    path, secure = ("/", "; Secure") if scheme == "https" else ("/console/sign-in", "")
    value = ".".join((attempt.provider, attempt.state, attempt.nonce, attempt.verifier))
    name = cookie_name(scope, scheme, ATTEMPT)
    return f"{name}={value}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}"


def csrf_token(secret: str) -> str:
    """What a page of ours knows and another site's does not: made from the session's secret."""
    made = hmac.new(secret.encode(), b"colloquy console csrf", hashlib.sha256).digest()
    return urlsafe_b64encode(made).decode().rstrip("=")


def has_csrf_token(scope: Any, secret: str) -> bool:
    """Whether the request says the token of its session."""
    return hmac.compare_digest(_header(scope, CSRF_HEADER), csrf_token(secret).encode())


def _cookie(scope: Any, name: str, form: re.Pattern[str]) -> str:
    """The one value of a cookie; an empty text when there is none of this form, or more than one."""
    found = set()
    for header, value in scope["headers"]:
        if header == b"cookie":
            try:
                cookies = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                continue
            if name in cookies and form.fullmatch(cookies[name].value):
                found.add(cookies[name].value)
    return found.pop() if len(found) == 1 else ""


def _header(scope: Any, name: bytes) -> bytes:
    return next((bytes(value) for header, value in scope["headers"] if header == name), b"")
