"""Sees a client leave while its answer is made."""

from __future__ import annotations

from typing import Any


async def gone(receive: Any) -> None:
    """Returns when the client has left; the request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
