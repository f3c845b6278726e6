"""Tokens that an admin takes back before their time."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from api.services import Services
from domain.access import Principal


class Revoked(msgspec.Struct, frozen=True):
    """One token by its `jti`, or all that a `user` holds by now; exactly one of both."""

    jti: Annotated[str, Meta(max_length=200)] = ""
    user: Annotated[str, Meta(max_length=200)] = ""


@post("/v1/tokens/revoke", permission="tenant:configure", status_code=204)
async def revoke_tokens(
    data: JSONBody[Revoked], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Refused by every process within five seconds, and sockets that were opened with them are closed. A user's API
    keys are taken back one by one, where they are."""
    await services.tenants.revoke_tokens(request.user, jti=data.jti, user=data.user)
