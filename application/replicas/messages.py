"""What processes say to each other of a session, sealed under its key: whoever carries it reads and forges nothing."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from application.acting_tenant import acting_for
from application.ports.facts.keys import Sealer
from application.ports.sessions.feed_tail import TailPiece
from application.unsealing import unseal_if_whole
from domain.event import StreamId

T = TypeVar("T")


class Begun(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A process of the code before says so that it runs a turn of the session from now on."""

    process: str


class Told(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The next frames of the turn that a process runs."""

    process: str
    piece: TailPiece


class TellFrom(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Asks for the frames after a seq, and to be told those to come for some seconds."""

    after: int


class CancelTurn(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Asks to end a turn for its user."""

    turn_id: str


class LookAgain(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Asks to look at what was stored in the session."""


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """Whether a turn `runs` there, whether what was asked is `done`, the next frames, and whether there are `more`."""

    runs: bool
    done: bool = False
    piece: TailPiece | None = None
    more: bool = False


Telling = Begun | Told
Question = TellFrom | CancelTurn | LookAgain

_encode = msgspec.msgpack.Encoder().encode
_envelopes = msgspec.msgpack.Decoder(tuple[str, bytes])


class NotOurMessage(ValueError):
    """A message that no process of the installation wrote for this place, or one whose key is gone."""


async def sealed(sealer: Sealer, stream: str, message: Told | Question | Answered, use: str) -> bytes:
    """A message of a session, for one `use`; errors as `Sealer.seal`."""
    with acting_for(StreamId.parse(stream).tenant):
        return await sealer.seal(stream, _encode(message), f"replicas.1/{use}")


async def opened(sealer: Sealer, stream: str, body: bytes, type: msgspec.msgpack.Decoder[T], use: str) -> T:
    """What was sealed for that use; `NotOurMessage`, or a refusal of `Sealer.unseal`."""
    with acting_for(StreamId.parse(stream).tenant):
        plain = await unseal_if_whole(sealer, stream, body, f"replicas.1/{use}")
    if plain is None:
        raise NotOurMessage(stream)
    try:
        return type.decode(plain)
    except msgspec.MsgspecError as error:  # of a newer program
        raise NotOurMessage(stream) from error


def enveloped(stream: str, body: bytes) -> bytes:
    """A question with the stream by which it is opened."""
    return _encode((stream, body))


def unenveloped(message: bytes) -> tuple[str, bytes]:
    """Of which stream a question is, and its sealed rest; `NotOurMessage`."""
    try:
        return _envelopes.decode(message)
    except msgspec.MsgspecError as error:
        raise NotOurMessage from error


TELLINGS: msgspec.msgpack.Decoder[Telling] = msgspec.msgpack.Decoder(Telling)
QUESTIONS: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
REPLIES: msgspec.msgpack.Decoder[Answered] = msgspec.msgpack.Decoder(Answered)
