"""Brings each call of our ledger together with its line in the provider's log, both read once and side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from application.gateway.embedding import STEP as EMBED
from application.ports.models.invocation_logs import LoggedCall
from domain.event import Event
from domain.model_calls import LedgerCall, ModelCallStarted, TokensCorrected, TokensUsed, corrected
from domain.refusals import InvalidRange

SKEW = timedelta(seconds=5)
"""How far the clocks of two machines, ours and the provider's, may be apart."""
LONGEST_EMBEDDING = timedelta(seconds=15)
"""From its start to its line: a little more than the deadline of such a call."""
MOST_UNMATCHED = 200_000


class LedgerEntry(msgspec.Struct, kw_only=True):
    """A call of the ledger: the stream that made it, when it started, and when it was last heard of."""

    stream: str
    at: datetime
    heard: datetime
    call: LedgerCall

    @property
    def by_size(self) -> bool:
        """Whether its line in the log cannot name it: nothing goes along with a call for a vector."""
        return self.call.started.step == EMBED

    def away(self, line: LoggedCall) -> timedelta:
        """How long before the call or after it the line was written."""
        return max(self.at - line.at, line.at - self.heard, timedelta())


Pair = tuple[LedgerEntry, LoggedCall]


class Join:
    """Calls and lines that have not found each other are held, and no others: `MOST_UNMATCHED` of each kind."""

    def __init__(self) -> None:
        self._calls: dict[str, LedgerEntry] = {}
        self._lines: defaultdict[str, list[LoggedCall]] = defaultdict(list)
        self._embeddings: dict[str, LedgerEntry] = {}
        self._nameless: defaultdict[tuple[str, int], list[LoggedCall]] = defaultdict(list)
        self._held_lines = 0

    def take_fact(self, stream: str, at: datetime, event: Event) -> Iterator[Pair]:
        """Account for one fact of the ledger; gives the pair that it completes, if it does."""
        if isinstance(event, ModelCallStarted):
            entry = LedgerEntry(stream=stream, at=at, heard=at, call=LedgerCall(started=event))
            calls = self._embeddings if entry.by_size else self._calls
            calls[event.call_id] = entry
            _check(len(calls), "calls of the ledger have no line in the log", "is logging on?")
        elif isinstance(event, TokensUsed | TokensCorrected):
            yield from self._settle(at, event)

    def take_line(self, line: LoggedCall) -> Iterator[Pair]:
        """Account for one line of the log; gives the pair that it completes, if it does."""
        id = line.metadata.get("call_id", "")
        entry = self._calls.get(id)
        if entry is not None and entry.call.standing is not None:
            del self._calls[id]
            yield entry, line
            return
        if id:
            self._lines[id].append(line)
        else:
            self._nameless[line.model, line.usage.input_tokens].append(line)
        self._held_lines += 1
        _check(self._held_lines, "lines of the log name no call of the ledger", "do others use this account?")

    def match_embeddings(self, before: datetime) -> Iterator[Pair]:
        """Pairs of embedding calls settled before then and lines of the same model, size and time. Whose call ends
        first takes the first line in its time, which pairs as many as can be paired; only where there is none it takes
        the nearest, for clocks may differ. A line before its time may be that of a call that broke off."""
        settled = [e for e in self._embeddings.values() if e.heard < before and e.call.standing]
        for entry in sorted(settled, key=lambda e: e.heard):
            used = entry.call.standing
            if used is None or used.estimated:
                continue
            lines = self._nameless.get((used.model, used.usage.input_tokens), [])
            fits = [line for line in lines if entry.at - SKEW <= line.at <= entry.heard + SKEW]
            if fits:
                yield self._pair_embedding(entry, min(fits, key=lambda line: (entry.away(line), line.at)))

    def match_the_rest(self) -> Iterator[Pair]:
        """When both sides have been read: calls that nobody settled; then embedding calls whose size is not known, for
        they broke off. Who started first takes the first line of its model in its time, whatever its size: that again
        pairs as many as can be paired."""
        for id, entry in list(self._calls.items()):
            if id in self._lines:
                del self._calls[id]
                yield entry, self._take_named(id)
        left = sorted((line for lines in self._nameless.values() for line in lines), key=lambda line: line.at)
        for entry in sorted(self._embeddings.values(), key=lambda e: e.at):
            used, model = entry.call.standing, entry.call.started.model
            if used is not None and not used.estimated and not used.failure:
                continue
            begin, end = entry.at - SKEW, entry.at + LONGEST_EMBEDDING
            while left and left[0].at < begin:
                left.pop(0)  # nor can it be of a call that started later
            place = next((n for n, line in enumerate(left) if line.at > end or line.model == model), None)
            if place is not None and left[place].at <= end:
                yield self._pair_embedding(entry, left.pop(place))

    def calls_without_a_line(self) -> list[LedgerEntry]:
        """Ask at the end."""
        return [*self._calls.values(), *self._embeddings.values()]

    def lines_without_a_call(self) -> list[LoggedCall]:
        """Ask at the end."""
        return [line for lines in (*self._lines.values(), *self._nameless.values()) for line in lines]

    def _settle(self, at: datetime, event: TokensUsed | TokensCorrected) -> Iterator[Pair]:
        id = event.call_id
        entry = self._calls.get(id) or self._embeddings.get(id)
        if entry is None:
            return  # it started before what is read, or has its line already
        if isinstance(event, TokensUsed):
            entry.call.standing, entry.heard = event, at
        elif entry.call.standing is not None:
            entry.call.standing = corrected(entry.call.standing, event)
        if id in self._lines:
            del self._calls[id]
            yield entry, self._take_named(id)

    def _take_named(self, id: str) -> LoggedCall:
        lines = self._lines[id]
        line = lines.pop(0)
        if not lines:
            del self._lines[id]
        self._held_lines -= 1
        return line

    def _pair_embedding(self, entry: LedgerEntry, line: LoggedCall) -> Pair:
        key = (line.model, line.usage.input_tokens)
        self._nameless[key].remove(line)
        if not self._nameless[key]:
            del self._nameless[key]
        self._held_lines -= 1
        del self._embeddings[entry.call.started.call_id]
        return entry, line


def _check(held: int, what: str, question: str) -> None:
    if held > MOST_UNMATCHED:
        raise InvalidRange(f"More than {MOST_UNMATCHED} {what}: {question} Else take a shorter time.")
