"""The names of users by their pseudonyms: sealed, a row each, so that one can be forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class UserNames(Protocol):
    """A tenant's table from pseudonym to sealed name."""

    async def keep(self, tenant: str, sealed: Mapping[str, bytes]) -> None:
        """Add rows, by pseudonym; one that is there already stays."""
        ...

    async def fetch(self, tenant: str, pseudonyms: Collection[str]) -> Mapping[str, bytes]:
        """The rows of those that are known."""
        ...

    async def remove(self, tenant: str, pseudonym: str) -> None:
        """Take a row away."""
        ...
