"""What the console tells browsers: which scripts, styles and servers a page may use, and that it is nobody else's."""

from __future__ import annotations

import re
from typing import Any

EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of an empty `<style>`: Plotly makes one and fills it by the object model, which no policy forbids."""
CHART_STYLE = "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
"""The hash of the sheet for maps that Plotly's script brings along, though nothing here draws one."""
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")


def page_headers(scope: Any, scheme: str, *, charts: bool = False) -> dict[str, str]:
    """Headers of every page. `charts` adds what Plotly needs beside it."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    # Browsers before CSP 3 do not count a socket to the same host as 'self'.
    socket = f" {'wss' if scheme == 'https' else 'ws'}://{host}" if _HOST.fullmatch(host) else ""
    directives = [
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self'{f' {EMPTY_STYLE} {CHART_STYLE}' if charts else ''}",
        f"img-src 'self' data:{' blob:' if charts else ''}",
        f"connect-src 'self'{socket}",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
    return {
        "content-security-policy": "; ".join(directives),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "x-frame-options": "DENY",
    }
