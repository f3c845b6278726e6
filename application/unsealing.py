"""One of many sealed things, opened for a list: what is damaged is left out, and the others are shown."""

from __future__ import annotations

import structlog

from application.ports.facts.keys import KeyDamaged, Sealer
from domain.refusals import Refusal

log = structlog.get_logger()


async def unseal_if_whole(sealer: Sealer, stream: str, sealed: bytes, context: str) -> bytes | None:
    """What was sealed; None when the key is gone, or key or bytes are damaged for good. Other refusals are raised."""
    try:
        return await sealer.unseal(stream, sealed, context)
    except Refusal as refusal:
        if not isinstance(refusal, KeyDamaged):
            raise
    except Exception as error:  # bytes that were altered; each library has its own word for it
        log.error("sealed_item_damaged", stream=stream, context=context, error=type(error).__name__)
    return None
