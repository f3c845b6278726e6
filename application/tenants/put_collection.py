"""An admin says who may read a set of the tenant's documents, whole; or takes a set away that holds none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from application.execute import TENANT, Context, execute
from application.ports.documents.corpus import DocumentRegister
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.tenants.create_api_key import check_name
from application.users import Users
from domain.access import Principal, is_pseudonym
from domain.refusals import InUse
from domain.tenant import rules
from domain.tenant.commands import DeleteCollection, PutCollection
from domain.tenant.definitions import check_collection
from domain.tenant.document_collections import DocumentCollection


@dataclass(frozen=True, slots=True)
class PutCollectionHandler:
    """Users are named by who asks, and stored as pseudonyms."""

    store: EventStore
    tenants: Tenants
    users: Users

    async def __call__(
        self, principal: Principal, name: str, collection: DocumentCollection, users: Sequence[str]
    ) -> None:
        """`InvalidField` says what cannot be."""
        check_collection(name, replace(collection, users=tuple(users)))
        for user in users:
            if not is_pseudonym(user):
                check_name("users", user)
        tenant = principal.tenant
        pseudonyms = sorted({await self.users.pseudonym(tenant, user) for user in users})
        command = PutCollection(name=name, collection=replace(collection, users=tuple(pseudonyms)))
        await execute(
            self.store,
            f"{tenant}/tenant/{tenant}",
            TENANT,
            lambda state: rules.put_collection(state, command),
            Context(principal.user),
        )
        self.tenants.forget(tenant)


@dataclass(frozen=True, slots=True)
class DeleteCollectionHandler:
    """A document that comes into it at that moment is nobody's to read until there is such a collection again."""

    store: EventStore
    tenants: Tenants
    corpus: DocumentRegister

    async def __call__(self, principal: Principal, name: str) -> None:
        """`NotFound`; `InUse` while it holds documents, or an assistant reads it."""
        tenant, command = principal.tenant, DeleteCollection(name=name)
        if await self.corpus.holds(tenant, name):
            raise InUse(f"The collection {name} holds documents. Delete them or put them elsewhere first.")
        await execute(
            self.store,
            f"{tenant}/tenant/{tenant}",
            TENANT,
            lambda state: rules.delete_collection(state, command),
            Context(principal.user),
        )
        self.tenants.forget(tenant)
