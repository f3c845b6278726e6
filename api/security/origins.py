"""Which web pages may open a socket: our own and those a setting names (CWE-1385, cross-site WebSocket hijacking)."""

from __future__ import annotations

from collections.abc import Iterable

from api.settings import Settings

RawHeaders = Iterable[tuple[bytes, bytes]]


def origin_allowed(headers: RawHeaders, settings: Settings, *, scheme: str = "http") -> bool:
    """Whether the handshake comes from a page that we trust, or from no page at all.

    Exact strings are compared: `null`, another scheme and another port are foreign. Our own page is the one whose
    origin is `scheme` and the Host header. Without an Origin it is no browser, and the credentials
    decide; cookies are no credentials here.
    """
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    if not origins:
        return True
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    if len(origins) > 1 or len(hosts) != 1:
        return False
    return origins[0] in settings.allowed_origins or origins[0] == f"{scheme}://{hosts[0]}"
