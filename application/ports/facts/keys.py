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

    async def renew(self, tenant: str) -> tuple[bytes, bytes]:
        """Another tenant key, which hangs on another key of the authority's than all before: (plain, wrapped)."""
        ...

    async def destroy(self, tenant: str, wrapped: bytes) -> None:
        """Destroy what this wrapped key hangs on: it is unwrapped for nobody any more. Done again nothing happens."""
        ...


class TenantKeys(Protocol):
    """The keys of tenants in this installation."""

    async def create_tenant_key(self, tenant: str) -> None:
        """Make the tenant's key, once; a tenant that has one keeps it."""
        ...


class RenewableKeys(Protocol):
    """Tenants' keys, replaced when something was shredded: a copy of the database from before holds the shredded key,
    wrapped by a tenant's key that the authority would unwrap for ever."""

    async def due(self, tenant: str) -> bool:
        """Whether something was shredded since the tenant's key was replaced, or one that was is not yet destroyed."""
        ...

    async def renew(self, tenant: str) -> None:
        """Replace the tenant's key, and wrap anew all that was not shredded. The key before is destroyed by
        `destroy_replaced` alone. `NotFound` when the tenant has none."""
        ...

    async def write_book(self, tenant: str, into: BinaryIO) -> int:
        """Write down the tenant's keys as they are, wrapped: what a copy of the database from before needs to be read,
        without what was shredded. How often the tenant's key was replaced; `NotFound` when it never was."""
        ...

    async def destroy_replaced(self, tenant: str) -> None:
        """Have the authority destroy what the tenant's earlier keys hang on: copies from before open no more, but with
        the book."""
        ...

    async def destroy_tenant(self, tenant: str) -> None:
        """Destroy the tenant's key and with it everything that was ever sealed for it, here and in every copy."""
        ...


class RestorableKeys(Protocol):
    """Keys in a database that may be a copy from before some were replaced."""

    async def epochs(self) -> list[tuple[str, int]]:
        """All tenants, each with how often its key was replaced by what the database says."""
        ...

    async def restore(self, tenant: str, book: BinaryIO) -> bool:
        """Bring a tenant's keys to those of a book; False when they are not behind it."""
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
