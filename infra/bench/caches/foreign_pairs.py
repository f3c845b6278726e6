"""The semantic cache on pairs of questions of other people's making: true pairs hit, others that are served."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

Agrees = Callable[[str, str], bool]
Cosine = Callable[[str, str], float]
SAME = frozenset({"1", "true", "yes", "same", "duplicate"})
OTHER = frozenset({"0", "false", "no", "different", "not_duplicate"})


class ForeignPair(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file: two questions, whether one answer serves both, of which kind they are, and, where whoever
    labelled them says so, that it depends (`ambiguous`)."""

    a: str
    b: str
    same_answer: bool
    category: str = ""
    ambiguous: str | None = None


class KindFound(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of a kind that one way to decide takes for the same question."""

    way: str
    kind: str
    same: bool
    pairs: int
    hit: int
    share: float


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified cache does with pairs of a truth, before any model is asked."""

    same: bool
    what: str
    pairs: int
    share: float


def sorted_out(
    pairs: Sequence[ForeignPair], cosine: Cosine, least: float, agrees: Agrees, veto: Callable[[str, str], str]
) -> list[Missed]:
    """How many of each truth are no candidates, served by the guard, dropped by which veto, or left to the verifier."""

    def what(pair: ForeignPair) -> str:
        if cosine(pair.a, pair.b) < least:
            return "no candidate"
        if agrees(pair.a, pair.b):
            return "served by the guard"
        reason = veto(pair.a, pair.b)
        return f"veto: {reason}" if reason else "left to the verifier"

    found = []
    for same in (True, False):
        own = Counter(what(pair) for pair in pairs if pair.same_answer == same)
        shares = [(kind, count, count / own.total()) for kind, count in own.most_common()]
        found += [Missed(same=same, what=kind, pairs=count, share=round(share, 3)) for kind, count, share in shares]
    return found


def read_pairs(path: Path) -> list[ForeignPair]:
    """JSON lines (`a`, `b`, `same_answer`), or a CSV or TSV file of two columns and a label in the third; what is
    ambiguous is left out. ValueError says which line is no pair."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix in (".jsonl", ".ndjson"):
        pairs = [_from_json(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    else:
        rows = csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ",")
        pairs = [_from_row(number, row) for number, row in enumerate(rows, 1) if row and not _is_heading(number, row)]
    return [pair for pair in pairs if not pair.ambiguous]


def _from_json(number: int, line: str) -> ForeignPair:
    try:
        return msgspec.json.decode(line, type=ForeignPair)
    except msgspec.DecodeError as error:
        raise ValueError(f"line {number}: {error}") from error


def _is_heading(number: int, row: Sequence[str]) -> bool:
    return number == 1 and len(row) > 2 and row[2].strip().lower() not in SAME | OTHER


def _from_row(number: int, row: Sequence[str]) -> ForeignPair:
    label = row[2].strip().lower() if len(row) > 2 else ""
    if label not in SAME | OTHER:
        raise ValueError(f"line {number}: two questions and a label (1 or 0) are needed")
    return ForeignPair(a=row[0], b=row[1], same_answer=label in SAME, category=row[3] if len(row) > 3 else "")


def judge(pairs: Sequence[ForeignPair], cosine: Cosine, ways: dict[str, tuple[float, Agrees]]) -> list[KindFound]:
    """Each way (its least cosine, and what it says of two questions) on each kind of pair, and on all of a truth."""
    kinds = dict.fromkeys((pair.same_answer, pair.category) for pair in pairs if pair.category)
    groups = [(same, "all") for same in (True, False)] + sorted(kinds, reverse=True)
    near = {pair: cosine(pair.a, pair.b) for pair in pairs}
    found = []
    for way, (least, agrees) in ways.items():
        hit = {pair for pair in pairs if near[pair] >= least and agrees(pair.a, pair.b)}
        for same, kind in groups:
            own = [pair for pair in pairs if pair.same_answer == same and kind in ("all", pair.category)]
            hits = sum(pair in hit for pair in own)
            share = round(hits / len(own), 3) if own else 0.0
            found.append(KindFound(way=way, kind=kind, same=same, pairs=len(own), hit=hits, share=share))
    return found
