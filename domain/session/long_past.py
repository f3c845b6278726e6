"""The turns of a session that are long past: one more, or a client's id looked for, costs the same in any number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Generic, Protocol, TypeVar

import msgspec

from domain.dependence import Audience

PAGE = 128
"""Turns in a page: whoever adds one copies no more, and a page says at one look that it has not a client's id."""


class Remembered(Protocol):
    """What is asked of a turn here."""

    @property
    def turn_id(self) -> str:
        """Its id."""
        ...

    @property
    def client_id(self) -> str:
        """Its client's id for it."""
        ...

    @property
    def audience(self) -> Audience:
        """To whom its answer may be given again."""
        ...

    @property
    def asked(self) -> str:
        """What tells its question from every other."""
        ...


T = TypeVar("T", bound=Remembered)


class _Page(msgspec.Struct, Generic[T], frozen=True):
    turns: tuple[T, ...]
    clients: frozenset[str]
    said: bytes


class LongPast(msgspec.Struct, Generic[T], frozen=True):
    """Turns, oldest first, without the first `gone`. One with more turns is another one that shares all full pages with
    it. `audiences` are those of their answers."""

    pages: tuple[_Page[T], ...] = ()
    rest: tuple[T, ...] = ()
    gone: int = 0
    audiences: frozenset[Audience] = frozenset()

    def __len__(self) -> int:
        return PAGE * len(self.pages) + len(self.rest) - self.gone

    def __iter__(self) -> Iterator[T]:
        return islice(chain(*(page.turns for page in self.pages), self.rest), self.gone, None)

    def __reversed__(self) -> Iterator[T]:
        older = (turn for page in reversed(self.pages) for turn in reversed(page.turns))
        return islice(chain(reversed(self.rest), older), len(self))

    def with_more(self, turns: Iterable[T]) -> LongPast[T]:
        """The same and these after it."""
        pages, rest, audiences = self.pages, list(self.rest), set(self.audiences)
        for turn in turns:
            rest.append(turn)
            audiences.add(turn.audience)
            if len(rest) == PAGE:
                pages = (*pages, _Page(tuple(rest), frozenset(turn.client_id for turn in rest), _said_in(rest)))
                rest = []
        return LongPast(pages, tuple(rest), self.gone, frozenset(audiences))

    def newest(self, count: int) -> LongPast[T]:
        """Only so many of the latest turns."""
        over = len(self) - count
        if over <= 0:
            return self
        full, gone = divmod(self.gone + over, PAGE)
        if full < len(self.pages):
            return msgspec.structs.replace(self, pages=self.pages[full:], gone=gone)
        cut = gone + PAGE * (full - len(self.pages))
        return msgspec.structs.replace(self, pages=(), rest=self.rest[cut:], gone=0)

    @property
    def said(self) -> bytes:
        """What tells the questions that were asked in all of them from any others; empty where there are none."""
        return b"".join((*(page.said for page in self.pages), _said_in(self.rest) if self.rest else b""))

    def of_client(self, client_id: str) -> T | None:
        """The latest turn that the client named so."""
        named = any(client_id in page.clients for page in self.pages)
        if named or any(turn.client_id == client_id for turn in self.rest):
            return next((turn for turn in reversed(self) if turn.client_id == client_id), None)
        return None

    def changed(self, turn_id: str, change: Callable[[T], T]) -> LongPast[T]:
        """With one of them changed, in nothing that is asked here; itself when it is not there."""
        for number, page in enumerate(self.pages):
            if turns := _changed(page.turns, turn_id, change):
                changed = msgspec.structs.replace(page, turns=turns)
                pages = (*self.pages[:number], changed, *self.pages[number + 1 :])
                return msgspec.structs.replace(self, pages=pages)
        rest = _changed(self.rest, turn_id, change)
        return msgspec.structs.replace(self, rest=rest) if rest else self


def _said_in(turns: Iterable[Remembered]) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode([turn.asked for turn in turns]), digest_size=16).digest()


def _changed(turns: tuple[T, ...], turn_id: str, change: Callable[[T], T]) -> tuple[T, ...]:
    if not any(turn.turn_id == turn_id for turn in turns):
        return ()
    return tuple(change(turn) if turn.turn_id == turn_id else turn for turn in turns)
