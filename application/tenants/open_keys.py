"""Keys of a tenant that open something: those of users and those of machines, as one kind of thing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from domain.tenant.service_accounts import all_good_keys
from domain.tenant.state import Tenant

NEVER = 4_102_444_800.0
"""When a key expires: with the century. It ends by being revoked, not with the tokens of the user that it acts as."""
KEY_ROLES = frozenset({"member"})
API_KEY, SERVICE_KEY = "api-key:", "service-key:"
"""What begins the id of a principal's credentials."""


class OpenKey(msgspec.Struct, frozen=True, kw_only=True):
    """Whom it lets act (a pseudonym) in which roles, until when (Unix seconds)."""

    key_id: str
    token_id: str
    user: str
    roles: frozenset[str]
    prefix: str
    hash: bytes
    until: float = NEVER


def open_keys(tenant: Tenant, at: datetime) -> Iterator[OpenKey]:
    """Those that are good then."""
    for one in tenant.api_keys.values():
        yield OpenKey(
            key_id=one.key_id, token_id=API_KEY + one.key_id, user=one.user, roles=KEY_ROLES,
            prefix=one.prefix, hash=one.hash,
        )  # fmt: skip
    for account, key in all_good_keys(tenant.service_accounts, at):
        yield OpenKey(
            key_id=key.key_id, token_id=SERVICE_KEY + key.key_id, user=account.user, roles=frozenset(account.roles),
            prefix=key.prefix, hash=key.hash, until=key.ends_at.timestamp() if key.ends_at else NEVER,
        )  # fmt: skip
