"""Who may do what: the principal, the roles and the whole table of permissions in one place."""

from __future__ import annotations

import re
from typing import Literal, get_args

import msgspec

Role = Literal["member", "editor", "analyst", "auditor", "admin", "operator"]
Permission = Literal[
    "chat", "search", "session:read", "session:audit", "document:read", "document:write", "cost:read", "audit:read",
    "tenant:configure", "tenant:provision", "ticket:issue", "file:own", "incident:raise", "incident:manage",
]  # fmt: skip

ROLES: tuple[str, ...] = get_args(Role)
PLATFORM_TENANT = "_platform"

PERMISSIONS: dict[str, frozenset[str]] = {
    "member": frozenset(
        {"chat", "search", "session:read", "document:read", "file:own", "incident:raise", "ticket:issue"}
    ),
    "editor": frozenset({"document:read", "document:write", "ticket:issue"}),
    "analyst": frozenset({"cost:read", "ticket:issue"}),
    "auditor": frozenset({"audit:read", "session:audit", "ticket:issue"}),
    "admin": frozenset({"tenant:configure", "incident:manage", "ticket:issue"}),
    "operator": frozenset({"tenant:provision", "ticket:issue"}),
}


PSEUDONYM = re.compile(r"~[a-z2-7]{26}")
"""What a user is called wherever that is kept in the clear: a keyed hash of 128 bits. No name may look like one."""


def is_pseudonym(user: str) -> bool:
    """Whether it is one, rather than the name that older facts hold."""
    return PSEUDONYM.fullmatch(user) is not None


class Identity(msgspec.Struct, frozen=True):
    """What credentials say: a user of a tenant by `name`, with roles, until `expires_at` (Unix seconds).
    `issued_at` is when they began to be good; `groups` are the tenant's own names for whom a user belongs to."""

    tenant: str
    name: str
    roles: frozenset[str]
    expires_at: float
    token_id: str = ""
    issued_at: float = 0.0
    groups: frozenset[str] = frozenset()


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: one user of one tenant, with roles, until `expires_at` (Unix seconds).

    `user` is the pseudonym, the only form that may be stored. `name` is what the credentials say: for the user's own
    eyes, and for those in whose name somebody acts.
    """

    tenant: str
    user: str
    roles: frozenset[str]
    expires_at: float
    token_id: str = ""
    name: str = ""
    issued_at: float = 0.0
    groups: frozenset[str] = frozenset()

    def owns(self, user: str) -> bool:
        """Whether a stored `user` is this one. Facts from before there were pseudonyms hold the name."""
        return user != "" and user in (self.user, self.name)

    def may(self, permission: str) -> bool:
        """Whether any role grants it. Operators act only in the platform's own tenant, and nobody else does there."""
        if (self.tenant == PLATFORM_TENANT) != (permission == "tenant:provision"):
            return permission == "ticket:issue"
        return any(permission in PERMISSIONS.get(role, frozenset()) for role in self.roles)
