"""Heads of a tenant's audit tree: what is signed, anchored outside, and bound to the one before."""

from __future__ import annotations

from hashlib import sha256

import msgspec


class TreeHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed head says: that the tenant's log had `tree_size` facts up to the position `last_position`, under
    the root `root_hash` (hex), at a moment (RFC 3339). `previous` is the hash of the signed head before it (hex; empty
    in the first)."""

    tenant: str
    tree_size: int
    root_hash: str
    at: str
    last_position: int
    previous: str = ""


class ForgedHead(Exception):
    """What is shown as a head was not signed with a key of this installation."""


def head_hash(jws: str) -> str:
    """What the next head calls the one before."""
    return sha256(jws.encode()).hexdigest()
