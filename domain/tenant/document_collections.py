"""Named sets of a tenant's documents: for whom each is, and what can happen to it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from domain.event import Event, topic


class DocumentCollection(msgspec.Struct, frozen=True, kw_only=True):
    """A named set of the tenant's documents. Where `roles`, `groups` or `users` (pseudonyms) are named, its documents
    are for whoever has or is one of them; else for all who may read documents."""

    description: str = ""
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    def is_for(self, user: str, roles: Iterable[str], groups: Iterable[str]) -> bool:
        """Whether somebody may read its documents; for everybody else there are none."""
        if not (self.roles or self.groups or self.users):
            return True
        held = not {*self.roles}.isdisjoint(roles) or not {*self.groups}.isdisjoint(groups)
        return held or user in self.users


@topic("collection.put.1", private=True)
class CollectionPut(Event, frozen=True, kw_only=True):
    """A collection is now this: sealed, for its description is the tenant's own words."""

    name: str
    collection: DocumentCollection


@topic("collection.deleted.1")
class CollectionDeleted(Event, frozen=True, kw_only=True):
    """There is no such collection any more."""

    name: str
