"""Sealed attributes of the session view: what they are bound to, and how they are read again."""

from __future__ import annotations

from collections.abc import Mapping

from application.ports.facts.keys import Sealer
from application.ports.sessions.session_items import Value
from application.unsealing import unseal_if_whole

Plain = str | int | bool


def context_of(attribute: str) -> str:
    """What a sealed attribute is bound to besides its stream: it cannot be passed off as another one."""
    return f"session_view/{attribute}"


async def unsealed(sealer: Sealer, stream: str, attributes: Mapping[str, Value]) -> dict[str, Plain]:
    """The attributes as text and numbers; those damaged, or whose key is gone, are left out. Unlock first."""
    plain: dict[str, Plain] = {}
    for name, value in attributes.items():
        if not isinstance(value, bytes):
            plain[name] = value
        elif (body := await unseal_if_whole(sealer, stream, value, context_of(name))) is not None:
            plain[name] = body.decode()
    return plain
