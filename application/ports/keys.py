"""Keys of tenants, held by somebody who gives them out and can destroy them; and what is sealed with their like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol

from domain.refusals import DependencyUnavailable


class KeyUnusable(DependencyUnavailable):
    """A key that is there cannot be used now; try again."""


class KeyNotAtHand(KeyUnusable):
    """A key was let go of since it was unlocked; unlock it again."""


class KeyDamaged(KeyUnusable):
    """A key is damaged: what it sealed cannot be opened, now or later."""

    retryable = False


class KeyAuthority(Protocol):
    """Wraps and unwraps a tenant's 256-bit key (KMS). Losing the authority's key destroys all that hangs on it."""

    async def create(self, tenant: str) -> tuple[bytes, bytes]:
        """A new tenant key: (plain, wrapped). The wrapped form is bound to the tenant."""
        ...

    async def unwrap(self, tenant: str, wrapped: bytes) -> bytes:
        """The plain key. `domain.refusals.DependencyUnavailable` when the authority cannot be reached, `NotFound` when
        it has destroyed what the key hangs on."""
        ...


class TenantKeys(Protocol):
    """The keys of tenants in this installation."""

    async def create_tenant_key(self, tenant: str) -> None:
        """Make the tenant's key, once; a tenant that has one keeps it."""
        ...


class Sealer(Protocol):
    """Seals bytes with a stream's own data key, so that shredding the key shreds them wherever they went."""

    async def unlock(self, streams: Sequence[str]) -> None:
        """Bring the data keys of these streams into memory at once, so that unsealing each costs no round trip. One
        that is there but cannot be used keeps no other out: whoever needs it hears `KeyUnusable`."""
        ...

    async def make_keys(self, streams: Sequence[str]) -> None:
        """Have a data key in memory for each of these streams, made where there is none, so that sealing costs no round
        trip. One that was shredded or is damaged keeps no other out: whoever seals with it hears so."""
        ...

    async def seal(self, stream: str, plain: bytes, context: str) -> bytes:
        """AES-256-GCM of `plain` with the stream's key, bound to `stream` and `context`. Makes the key if need be, but
        never a second one: `domain.refusals.NotFound` when the stream's key was shredded."""
        ...

    async def unseal(self, stream: str, sealed: bytes, context: str) -> bytes | None:
        """What was sealed; None when the key is gone, `KeyUnusable` when it is there but cannot be used."""
        ...

    async def sealing(self, stream: str, plain: BinaryIO, context: str) -> BinaryIO:
        """What `plain` is when it is sealed, made piece by piece as it is read; it can be wound back. Keys as with
        `seal`."""
        ...

    async def unseal_file(self, stream: str, sealed: BinaryIO, into: BinaryIO, context: str) -> bool:
        """Write to `into`, which then stands at its beginning, what `seal` or `sealing` sealed; False when the key is
        gone. Nothing of it counts when it raises: what was changed or cut is found out at the latest at its end."""
        ...

    async def digest(self, tenant: str, data: bytes) -> bytes:
        """A keyed hash (HMAC-SHA-256) under a key of the tenant: equal for equal data, telling nothing of it."""
        ...
