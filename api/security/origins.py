"""Which web pages may open a socket: our own and those a setting names (CWE-1385, cross-site WebSocket hijacking)."""

from __future__ import annotations

from collections.abc import Iterable

from api.settings import Settings

RawHeaders = Iterable[tuple[bytes, bytes]]


def own_origin(headers: RawHeaders, scheme: str) -> bool:
    """Whether a request comes from a page of this very origin, or from no page at all. Browsers say it of whatever is
    no plain GET, and no page can say it for them (Fetch, section 3.1; Fetch Metadata)."""
    said = {name: value.decode("latin-1") for name, value in headers}
    if said.get(b"sec-fetch-site", "same-origin") != "same-origin":
        return False
    return said.get(b"origin") in (None, f"{scheme}://{said.get(b'host', '')}")


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
