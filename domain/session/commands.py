"""What can be asked of a session."""

from __future__ import annotations

from typing import Any

import msgspec


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a session of `user` with an assistant."""

    user: str
    assistant: str = "default"


class RenameSession(msgspec.Struct, frozen=True, kw_only=True):
    """Call the session by another title."""

    title: str


class CreateTurn(msgspec.Struct, frozen=True, kw_only=True):
    """Say something. `client_id` is the client's own name for the turn: the idempotency key."""

    turn_id: str
    client_id: str
    text: str
    attachments: tuple[str, ...] = ()
    use_cache: bool = True
    metadata: dict[str, Any] = {}
    instructions: str = ""
    collections: tuple[str, ...] = ("",)


class ConfirmTool(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether a call that waits may be made; `by` is empty when time says so."""

    turn_id: str
    call: str
    allow: bool
    by: str = ""


class GiveFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """Rate a turn that has ended."""

    turn_id: str
    rating: str
    comment: str = ""
