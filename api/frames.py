"""Every frame a client may send and how it is read, and the server frames that carry no seq of their own."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from application.frame_limits import MAX_FRAME
from domain.refusals import (
    DuplicateKey,
    EmptyPrompt,
    FrameTooLarge,
    InvalidCharacter,
    InvalidField,
    InvalidJson,
    InvalidMessage,
    MetadataTooLarge,
    PromptTooLong,
    TooDeep,
    UnknownType,
)

MAX_TEXT = 32_000
MAX_METADATA = 4_096
MAX_DEPTH = 16
MAX_ID = 200


class ClientFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What every client frame may have: `id`, the client's own name for it."""

    id: str | UnsetType = UNSET


class SessionOpen(ClientFrame, frozen=True, kw_only=True):
    """Begin a session, or come back to one and to what followed `after_seq`."""

    assistant: str = "default"
    session_id: str | None = None
    after_seq: int | None = None


class TurnCreate(msgspec.Struct, frozen=True, kw_only=True):
    """Say something."""

    id: str
    text: str
    attachments: tuple[str, ...] = ()
    cache: str = "use"
    metadata: dict[str, Any] = {}


class TurnCancel(ClientFrame, frozen=True, kw_only=True):
    """Stop an answer."""

    turn_id: str


class ToolConfirm(ClientFrame, frozen=True, kw_only=True):
    """Say whether a call that waits may be made."""

    turn_id: str
    call: str
    allow: bool


class FeedbackCreate(ClientFrame, frozen=True, kw_only=True):
    """Rate an answer."""

    turn_id: str
    rating: str
    comment: str = ""


class Ping(ClientFrame, frozen=True, kw_only=True):
    """Is anybody there?"""


AnyClientFrame = SessionOpen | TurnCreate | TurnCancel | ToolConfirm | FeedbackCreate | Ping
CLIENT_FRAMES: dict[str, type[AnyClientFrame]] = {
    "session.open": SessionOpen,
    "turn.create": TurnCreate,
    "turn.cancel": TurnCancel,
    "tool.confirm": ToolConfirm,
    "feedback.create": FeedbackCreate,
    "ping": Ping,
}


class Limits(msgspec.Struct, frozen=True):
    """What a client may send: characters of text, bytes of metadata, levels of nesting."""

    max_text: int = MAX_TEXT
    max_metadata: int = MAX_METADATA
    max_depth: int = MAX_DEPTH


class SessionOpened(msgspec.Struct, kw_only=True, tag="session.opened"):
    """The socket watches a session now. `history` holds its newest finished turns, `history_next` is the cursor of all
    older ones."""

    seq: int
    session_id: str
    at: str
    assistant: str
    history: list[msgspec.Raw]
    history_next: str | None
    limits: Limits = Limits()
    client_id: str | UnsetType = UNSET


class Error(msgspec.Struct, kw_only=True, tag="error"):
    """A frame was refused, or the socket is about to close."""

    seq: int
    session_id: str
    at: str
    code: str
    message: str
    client_id: str | UnsetType = UNSET
    retry_after_s: float | UnsetType = UNSET


class Notice(msgspec.Struct, kw_only=True):
    """The base of short server frames."""

    seq: int
    session_id: str
    at: str


class Pong(Notice, kw_only=True, tag="pong"):
    """The answer to a ping."""

    client_id: str | UnsetType = UNSET


class AuthExpiring(Notice, kw_only=True, tag="session.auth_expiring"):
    """The credentials run out in so many seconds."""

    in_s: int


class SessionDraining(Notice, kw_only=True, tag="session.draining"):
    """The server is about to restart; connect again after so many milliseconds."""

    reconnect_after_ms: int


encode = msgspec.json.Encoder().encode


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey
    return found


def _no_constant(name: str) -> Any:
    raise InvalidJson(f"{name} is not JSON.")


def parse_json(text: str) -> Any:
    """JSON as the contract wants it: no duplicate keys, no NaN, no NUL or half surrogate anywhere, not too deep."""
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except RecursionError:
        raise TooDeep from None
    except ValueError:
        raise InvalidJson from None
    _inspect(value, MAX_DEPTH)
    return value


def _inspect(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if "\x00" in value or not _encodable(value):
            raise InvalidCharacter
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidJson
    elif isinstance(value, dict | list):
        if depth == 0:
            raise TooDeep
        if isinstance(value, dict):
            for key in value:
                _inspect(key, depth)
        for item in value.values() if isinstance(value, dict) else value:
            _inspect(item, depth - 1)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def client_id_of(text: str) -> str | UnsetType:
    """The `id` of a frame that was refused, if it can be read at all."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return UNSET
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and _encodable(found) and 0 < len(found) <= MAX_ID else UNSET


def read_frame(text: str) -> AnyClientFrame:
    """A client frame from its JSON text; a Refusal that says what is wrong with it otherwise."""
    if len(text) > MAX_FRAME:
        raise FrameTooLarge
    value = parse_json(text)
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise InvalidMessage
    kind = CLIENT_FRAMES.get(value["type"])
    if kind is None:
        raise UnknownType(f"There is no message of type {value['type'][:60]!r}.")
    try:
        frame: AnyClientFrame = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidField(str(error)) from None
    _check(frame)
    return frame


def _check(frame: AnyClientFrame) -> None:
    if isinstance(frame.id, str) and not (0 < len(frame.id) <= MAX_ID and frame.id.isprintable()):
        raise InvalidField("`id` must be 1 to 200 printable characters.")
    match frame:
        case TurnCreate():
            if not frame.text.strip():
                raise EmptyPrompt
            if len(frame.text) > MAX_TEXT:
                raise PromptTooLong(f"The prompt has {len(frame.text)} characters; the limit is {MAX_TEXT}.")
            if len(msgspec.json.encode(frame.metadata)) > MAX_METADATA:
                raise MetadataTooLarge
            if frame.cache not in ("use", "bypass"):
                raise InvalidField('`cache` must be "use" or "bypass".')
            if len(frame.attachments) > 20:
                raise InvalidField("At most 20 attachments.")
        case FeedbackCreate():
            if frame.rating not in ("up", "down"):
                raise InvalidField('`rating` must be "up" or "down".')
            if len(frame.comment) > MAX_TEXT:
                raise InvalidField("The comment is too long.")
        case SessionOpen():
            if frame.after_seq is not None and frame.after_seq < 0:
                raise InvalidField("`after_seq` must not be negative.")
        case _:
            pass
