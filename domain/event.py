"""The envelope a fact travels in, the stable names facts are stored under, and how old shapes are brought forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact, without ids: where and when it happened is the envelope's.

    `TOPIC` is its stored name with a version and never follows a rename of the class. `PRIVATE` says that the body
    holds what a person wrote or read, and is therefore sealed with the stream's own key before it is stored.
    """

    TOPIC: ClassVar[str] = ""
    PRIVATE: ClassVar[bool] = False


class Shredded(Event, frozen=True, kw_only=True):
    """Stands in for a private fact whose key is gone: that it happened is still known, what it said is not."""

    topic: str


class Unknown(Event, frozen=True, kw_only=True):
    """Stands in for a fact of a newer program: a topic that is not known here, or a value that its topic did not have.
    That it happened is known, and what is told besides is told without it."""

    topic: str


class Snapshot(Event, frozen=True, kw_only=True):
    """A state in place of the facts that made it."""

    @property
    def fits(self) -> bool:
        """Whether it is of this program's shape: another's may lack what facts told, and is passed over."""
        raise NotImplementedError


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One stored fact: `stream` is `<tenant>/<kind>/<id>`, `version` counts from 1 in the stream without holes.

    `position` is the place in the log of all streams: rising, not without holes, 0 until stored. `actor` is who caused
    it, a user by pseudonym; `correlation_id` is shared by everything that follows from one command; `causation_id` is
    the command (a client's id as a keyed hash) or fact that directly led here. `trace_id` (W3C) is there
    when it was read back and spans are made.
    """

    stream: str
    version: int
    at: datetime
    event: Event
    actor: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    position: int = 0
    trace_id: str = ""


class StreamId(msgspec.Struct, frozen=True):
    """Where facts live. There is no stream without a tenant."""

    tenant: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.kind}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> StreamId:
        """`<tenant>/<kind>/<id>` to its parts; ValueError when it is not three parts."""
        tenant, kind, id = text.split("/")
        return cls(tenant, kind, id)


E_ = TypeVar("E_", bound=type[Event])
Upcast = Callable[[dict[str, Any]], dict[str, Any]]

TOPICS: dict[str, type[Event]] = {}
UPCASTS: dict[str, tuple[str, Upcast]] = {}


def topic(name: str, *, private: bool = False) -> Callable[[E_], E_]:
    """Class decorator: store this event under `name` (`noun.fact.version`)."""

    def register(cls: E_) -> E_:
        if name in TOPICS:
            raise ValueError(f"topic {name} is taken by {TOPICS[name].__name__}")
        cls.TOPIC, cls.PRIVATE = name, private
        TOPICS[name] = cls
        return cls

    return register


def upcast(old: str, new: str) -> Callable[[Upcast], Upcast]:
    """Decorator: turn the stored fields of topic `old` into those of topic `new`. Old topics are never deleted."""

    def register(fn: Upcast) -> Upcast:
        UPCASTS[old] = (new, fn)
        return fn

    return register
