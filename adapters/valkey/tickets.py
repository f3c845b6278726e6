"""Tickets in Valkey: redeemed with GETDEL, so that of two sockets with one ticket only one gets in."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from valkey.exceptions import ValkeyError

from adapters.in_process.tickets import InMemoryTickets, new_ticket
from domain.access import Principal
from domain.refusals import DependencyUnavailable

DEADLINE_S = 1.0
NONCE = 12
Secrets = Callable[[], Sequence[bytes]]
log = structlog.get_logger()


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What a ticket stands for, and until when (Unix seconds): put back after its use it is not good for longer."""

    until: float
    principal: Principal


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Kept)


class ValkeyTickets:
    """See `application.ports.tickets.Tickets`. Its key is a hash, and its value sealed: who reads the store cannot use
    what it holds, and who writes there can make nobody anybody.

    `secrets` are the installation's own, the one to seal with first; the rest open what was sealed before they were
    replaced. While Valkey is away tickets wait in this process, so that a browser that reaches it again still gets in.
    """

    def __init__(self, client: Any, secrets: Secrets) -> None:
        self._client, self._secrets = client, secrets
        self._here = InMemoryTickets()

    async def issue(self, principal: Principal, ttl_s: int) -> str:
        """A new ticket that is good once."""
        ticket = new_ticket()
        sealed = self._seal(ticket, Kept(time.time() + ttl_s, principal))
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._client.set(_key(ticket), sealed, ex=ttl_s)
        except (ValkeyError, OSError, TimeoutError) as error:
            log.warning("ticket_kept_here", error=type(error).__name__)
            return await self._here.issue(principal, ttl_s)
        return ticket

    async def redeem(self, ticket: str) -> Principal | None:
        """Whom it stands for, once."""
        principal = await self._here.redeem(ticket)
        if principal is not None:
            return principal
        try:
            async with asyncio.timeout(DEADLINE_S):
                sealed = await self._client.getdel(_key(ticket))
        except (ValkeyError, OSError, TimeoutError) as error:
            raise DependencyUnavailable(f"tickets: {type(error).__name__}") from None
        kept = self._opened(ticket, sealed) if sealed else None
        return kept.principal if kept and kept.until > time.time() else None

    def _seal(self, ticket: str, kept: Kept) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + _cipher(self._secrets()[0], ticket).encrypt(nonce, _encode(kept), _key(ticket).encode())

    def _opened(self, ticket: str, sealed: bytes) -> Kept | None:
        """None for what was never sealed for this ticket here."""
        for secret in self._secrets():
            try:
                plain = _cipher(secret, ticket).decrypt(sealed[:NONCE], sealed[NONCE:], _key(ticket).encode())
                return _decoder.decode(plain)
            except (InvalidTag, ValueError):  # of another secret, or another shape; msgspec's errors are ValueErrors
                continue
        log.warning("ticket_not_ours")
        return None


def _cipher(secret: bytes, ticket: str) -> AESGCM:
    """A key that takes both to make: what the installation keeps, and what only the ticket's holder has."""
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=ticket.encode(), info=b"colloquy ticket")
    return AESGCM(derive.derive(secret))


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
