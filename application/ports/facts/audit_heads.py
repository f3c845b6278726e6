"""Who signs heads of audit trees, and who tells a signed head from a forged one."""

from __future__ import annotations

from typing import Any, Protocol

from domain.audit_heads import TreeHead


class HeadSigner(Protocol):
    """Holds the private key, in the process that anchors alone."""

    def sign(self, head: TreeHead) -> str:
        """A compact JWS (ES256, with `kid`) of it."""
        ...


class HeadVerifier(Protocol):
    """Holds the public keys, also of heads that were signed before the last rotation."""

    def read(self, jws: str) -> TreeHead:
        """What a signed head says; `ForgedHead` says why it is none."""
        ...

    def public_key(self, jws: str) -> dict[str, Any]:
        """The JSON Web Key that it was signed with; `ForgedHead` when there is no such key."""
        ...


class HeadKeys(HeadSigner, HeadVerifier, Protocol):
    """Both."""
