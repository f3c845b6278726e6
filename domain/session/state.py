"""What a session must remember in order to decide."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Any, Literal

import msgspec

from domain.dependence import Audience
from domain.event import Snapshot, topic
from domain.model_calls import ModelCallStarted
from domain.session import events as e
from domain.session.long_past import LongPast
from domain.usage import Usage

Status = Literal["running", "completed", "cancelled", "failed"]


TURN_COST = 600
FIRST_SHAPE = "d726ceeb32e8f95c"
"""Of snapshots from before shapes were written down."""


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question and its answer, so far. Of one that is long past (`digest` is set) only what became of it is known,
    and what its question is told by."""

    turn_id: str
    client_id: str
    text: str
    use_cache: bool = True
    language: str = ""
    attachments: tuple[str, ...] = ()
    instructions: str = ""
    collections: tuple[str, ...] = ("",)
    status: Status = "running"
    answer: str = ""
    citations: tuple[e.Citation, ...] = ()
    model: str = ""
    cached: str = ""
    source_turn: str = ""
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    ms: int = 0
    ttft_ms: int = 0
    error_code: str = ""
    error_message: str = ""
    error_retryable: bool = False
    trace_id: str = ""
    feedback: str = ""
    finish_reason: str = ""
    audience: Audience = "nobody"
    digest: bytes = b""
    resumed: int = 0
    passages: tuple[e.Passage, ...] | None = None
    read: e.AttachmentsRead | None = None
    results: dict[str, str] = {}
    tool_calls: dict[str, e.ToolCalled] = {}
    confirmations: dict[str, bool | None] = {}

    @property
    def size(self) -> int:
        """Characters of what was said in it."""
        cited = sum(len(c.quote) + len(c.title) for c in self.citations) if self.citations else 0
        return len(self.text) + len(self.answer) + cited

    @property
    def asked(self) -> str:
        """What tells its question, with the files that came with it, from every other."""
        text = self.text or self.digest.hex()
        return "\0".join((text, *self.attachments)) if self.attachments else text

    def asks(self, text: str, attachments: tuple[str, ...]) -> bool:
        """Whether this was its question, with these files."""
        same = digest_of(text) == self.digest if self.digest else self.text == text
        return same and attachments == self.attachments


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """A chat: who owns it, the calls that are not settled, and the turn whose `follow_up` is due."""

    user: str = ""
    assistant: str = ""
    title: str = ""
    title_chosen: bool = False
    closed: bool = False
    erased: bool = False
    open_calls: dict[str, ModelCallStarted] = {}
    summary: str = ""
    summary_through: str = ""
    follow_up: str = ""
    follow_up_tries: int = 0


class Session(_Remembered, frozen=True, kw_only=True):
    """A chat with its turns in order: those that are long past, and the latest, of which it is known what was said.
    They are apart so that a fact costs the same in a session of thousands. `partly` known is one of which a newer
    program told something: it is no ground for a snapshot."""

    partly: bool = False
    long_past: LongPast[Turn] = LongPast()
    latest: tuple[Turn, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All of them: as many steps as there are turns, so nothing that is done for a turn asks for it."""
        return (*self.long_past, *self.latest)

    @property
    def last(self) -> Turn | None:
        """The one that was begun last."""
        return self.latest[-1] if self.latest else None

    @property
    def size(self) -> int:
        """About how many bytes it takes: two for a character, and what a turn takes besides."""
        spoken = sum(turn.size for turn in self.latest)
        if running := self.running:
            spoken += sum(len(passage.text) for passage in running.passages or ())
            spoken += sum(len(passage.text) for passage in running.read.passages) if running.read else 0
            spoken += sum(len(call.input) + len(call.output) for call in running.tool_calls.values())
            spoken += sum(map(len, running.results.values()))
        return 2 * (spoken + len(self.summary)) + TURN_COST * (len(self.long_past) + len(self.latest))

    @property
    def running(self) -> Turn | None:
        """The turn that runs, if one does: only the last one can."""
        return self.latest[-1] if self.latest and self.latest[-1].status == "running" else None

    def turn(self, turn_id: str) -> Turn | None:
        """The turn of that id."""
        newest_first = chain(reversed(self.latest), reversed(self.long_past))
        return next((t for t in newest_first if t.turn_id == turn_id), None)

    def turn_of_client(self, client_id: str) -> Turn | None:
        """The turn that the client named so."""
        latest = next((t for t in reversed(self.latest) if t.client_id == client_id), None)
        return latest or self.long_past.of_client(client_id)


class _Stored(_Remembered, frozen=True, kw_only=True):
    """The shape of a snapshot: all turns are in one list."""

    turns: tuple[Turn, ...] = ()


def digest_of(question: str) -> bytes:
    """What tells a question from every other."""
    return hashlib.blake2b(question.encode(), digest_size=16).digest()


@topic("session.snapshot.1", private=True)
class SessionSnapshot(Snapshot, frozen=True, kw_only=True):
    """A session as it was at its version, in the `shape` of the program that made it."""

    state: msgspec.Raw
    at: datetime | None = None
    shape: str = FIRST_SHAPE

    @property
    def fits(self) -> bool:
        """Beside a program of other fields each goes by its own snapshots: what one has no place for is not lost."""
        return self.shape == stored_shape()


@cache
def stored_shape() -> str:
    """What tells the fields of a stored session, and of all that it holds, from any others."""
    fields = msgspec.json.encode(_fields(msgspec.json.schema(_Stored)), order="sorted")
    return hashlib.blake2b(fields, digest_size=8).hexdigest()


def _fields(schema: Any) -> Any:
    """A schema without its words."""
    if isinstance(schema, dict):
        return {n: _fields(v) for n, v in schema.items() if n not in ("title", "description") or not isinstance(v, str)}
    return [_fields(value) for value in schema] if isinstance(schema, list) else schema


def wanted_language(metadata: dict[str, Any]) -> str:
    """The language (BCP 47) that the client wants the answer in, if its metadata says so."""
    wanted = metadata.get("language")
    return wanted if isinstance(wanted, str) and len(wanted) <= 35 else ""


def snapshot_of(session: Session, at: datetime | None = None) -> SessionSnapshot:
    """The session as it is, to go on from."""
    known = {name: getattr(session, name) for name in _Remembered.__struct_fields__}
    stored = _Stored(**known, turns=session.turns)
    return SessionSnapshot(state=msgspec.Raw(msgspec.msgpack.encode(stored)), at=at, shape=stored_shape())


def restored(snapshot: SessionSnapshot) -> Session:
    """The session as it was then."""
    stored = msgspec.msgpack.decode(snapshot.state, type=_Stored)
    known = {name: getattr(stored, name) for name in _Remembered.__struct_fields__}
    said = next((place for place, turn in enumerate(stored.turns) if not turn.digest), len(stored.turns))
    past: LongPast[Turn] = LongPast()
    return Session(**known, long_past=past.with_more(stored.turns[:said]), latest=stored.turns[said:])
