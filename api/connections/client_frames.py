"""Every frame a client may send and how it is read, and the server frames that carry no seq of their own."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.sessions.frame_limits import MAX_FRAME
from domain.ids import MAX_POSITION
from domain.refusals import (
    DuplicateKey,
    EmptyPrompt,
    FileNotFound,
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


MAX_COMMENT = MAX_TEXT
MAX_ATTACHMENTS = 20
# Bounded by its frame: what is looked at below, and names, which are of something or of nothing.
Id = Annotated[str, Meta(max_length=MAX_ID)]
Framed = Annotated[str, Meta(max_length=MAX_FRAME)]


class ClientFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What every client frame may have: `id`, the client's own name for it."""

    id: Id | UnsetType = UNSET


class SessionOpen(ClientFrame, frozen=True, kw_only=True):
    """Begin a session, or come back to one and to what followed `after_seq`."""

    assistant: Framed = "default"
    session_id: Framed | None = None
    after_seq: Annotated[int, Meta(ge=0, le=MAX_POSITION)] | None = None


class TurnCreate(msgspec.Struct, frozen=True, kw_only=True):
    """Say something."""

    id: Id
    text: Framed
    attachments: Annotated[tuple[Framed, ...], Meta(max_length=MAX_ATTACHMENTS)] = ()
    cache: Literal["use", "bypass"] = "use"
    metadata: Annotated[dict[Framed, Any], Meta(max_length=MAX_FRAME)] = {}


class TurnCancel(ClientFrame, frozen=True, kw_only=True):
    """Stop an answer."""

    turn_id: Framed


class ToolConfirm(ClientFrame, frozen=True, kw_only=True):
    """Say whether a call that waits may be made."""

    turn_id: Framed
    call: Framed
    allow: bool


class FeedbackCreate(ClientFrame, frozen=True, kw_only=True):
    """Rate an answer."""

    turn_id: Framed
    rating: Literal["up", "down"]
    comment: Annotated[str, Meta(max_length=MAX_COMMENT)] = ""


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


class FrameLimits(msgspec.Struct, frozen=True):
    """What a client may send: characters of text, bytes of metadata, levels of nesting."""

    max_text: int = MAX_TEXT
    max_metadata: int = MAX_METADATA
    max_depth: int = MAX_DEPTH


class SessionWatched(msgspec.Struct, kw_only=True, tag="session.opened"):
    """The socket watches a session now. `history` holds its newest finished turns, `history_next` is the cursor of all
    older ones."""

    seq: int
    session_id: str
    at: str
    assistant: str
    history: list[msgspec.Raw]
    history_next: str | None
    limits: FrameLimits = FrameLimits()
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
            if any(len(file) > MAX_ID for file in frame.attachments):
                raise FileNotFound
        case _:
            pass
