"""Whose sessions analysts and auditors see nothing of: those of confidential assistants that are not for them."""

from __future__ import annotations

from domain.access import Principal
from domain.tenant.state import Tenant


def hidden_from(tenant: Tenant, principal: Principal) -> frozenset[str]:
    """The assistants of whose sessions somebody sees neither what they cost nor what was said, but in their own."""
    return frozenset(
        name
        for name, one in tenant.assistants.items()
        if one.confidential and not one.is_for(principal.roles, principal.groups)
    )
