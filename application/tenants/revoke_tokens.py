"""An admin takes tokens back before their time: one by its id, or whatever a user holds."""

from __future__ import annotations

from dataclasses import dataclass

from application.execute import TENANT, Context, execute
from application.ports.facts.event_store import EventStore
from application.ports.tenants.tenants import Tenants
from application.revocations import Revocations, hashed_token_id
from application.users import Users
from domain.access import Principal
from domain.refusals import InvalidField
from domain.tenant import rules
from domain.tenant.commands import RevokeTokens


@dataclass(frozen=True, slots=True)
class RevokeTokensHandler:
    """The refusal comes first and the fact of it after: one without the other is a token too few, never one too
    many."""

    store: EventStore
    tenants: Tenants
    users: Users
    revocations: Revocations

    async def __call__(self, principal: Principal, *, jti: str = "", user: str = "") -> None:
        """Exactly one of both. A user is named as in the tokens; sessions of the console that they began end too."""
        if bool(jti) == bool(user):
            raise InvalidField("jti, user: exactly one of both")
        tenant = principal.tenant
        if jti:
            command = RevokeTokens(token=hashed_token_id(jti))
            await self.revocations.revoke_token(tenant, jti)
        else:
            command = RevokeTokens(user=await self.users.pseudonym(tenant, user))
            await self.revocations.revoke_user(tenant, command.user)
        await execute(
            self.store,
            f"{tenant}/tenant/{tenant}",
            TENANT,
            lambda state: rules.revoke_tokens(state, command),
            Context(principal.user),
        )
        self.tenants.forget(tenant)
