"""How long any text holds the event loop: ten thousand of many kinds, through what is done to prompts and answers.

Each text is made from its number alone. A hold is the CPU time of this thread between two turns of the loop: the work
is driven by hand, so that neither other processes nor other tasks are in it; the time on the clock stands beside it.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251  # drawn from a number: the same texts in every run
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import click
import msgspec

from adapters.pii.rule_detector import RuleDetector
from api.server.run import freeze_garbage
from application.answer_cache.cacheability import as_typed, pieces
from application.answer_cache.dependence import dependence_of
from application.answer_cache.equivalence import is_equivalent
from application.plan.citations import CitationReader
from application.plan.prompt import question_message
from application.redaction.active_content import ActiveContentFilter
from application.redaction.redactor import Redactor, irreversible
from domain.session.events import Passage
from infra.bench.harness.table import table
from infra.bench.pattern_attacks import grown, pumps
from infra.bench.product_patterns import patterns
from infra.bench.redaction.benchmark import corpus
from infra.bench.redaction.values import Values
from infra.bench.results import keep, recordable

LONGEST = 32_000
"""Characters of a prompt (the contract)."""
WHOLE = 30_000
HOLD_MS, REDACTION_MS = 20.0, 50.0
_MARKS = "\u0301\u0323\u0315\u0345\u3099\uff9e"
_SCRIPTS = ((0x41, 0x5A), (0x61, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939),
            (0xE01, 0xE3A), (0x3041, 0x3096), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0x1F600, 0x1F64F))  # fmt: skip
Make = Callable[[random.Random], Iterator[str]]


class HoldResult(msgspec.Struct):
    """One kind of text: how many, the longest hold in milliseconds of CPU and on the clock, and in what."""

    kind: str
    texts: int = 0
    hold_ms: float = 0.0
    on_the_clock_ms: float = 0.0
    longest_in: str = ""
    redaction_ms: float = 0.0
    """CPU for all of a text of 30,000 characters, the slowest of them."""


def _repeated(*words: str) -> Make:
    def make(r: random.Random) -> Iterator[str]:
        word = r.choice(words)
        while True:
            yield word

    return make


def _words_of(alphabet: str, longest: int) -> Make:
    def make(r: random.Random) -> Iterator[str]:
        while True:
            yield "".join(r.choices(alphabet, k=r.randint(1, longest))) + r.choice(("", " ", "-", ".", "\n"))

    return make


def _prose(r: random.Random) -> Iterator[str]:
    while True:
        for sentence in corpus("measure", 64, r.randrange(1 << 30)):
            yield sentence.text + " "


def _value(kind: str) -> Make:
    def make(r: random.Random) -> Iterator[str]:
        values = Values(r.randrange(1 << 30), 1)
        while True:
            yield values.value(kind, r.choice(("us", "gb", "de", "fr", "es"))) + r.choice((" ", ", ", "; ", "\n"))

    return make


def _unicode(r: random.Random) -> Iterator[str]:
    while True:
        yield chr(r.choice((r.randrange(0x250), r.randrange(0xD800), r.randrange(0xE000, 0x1FFFF))))


def _scripts(r: random.Random) -> Iterator[str]:
    while True:
        first, last = r.choice(_SCRIPTS)
        yield "".join(chr(r.randint(first, last)) for _ in range(r.randint(1, 12))) + " "


def _marks(r: random.Random) -> Iterator[str]:
    some = r.sample(_MARKS, 3)
    while True:
        yield r.choice(("a", "е", "1", "")) + "".join(r.choices(some, k=r.choice((1, 3, 40, 2_000))))


def _json(r: random.Random) -> Iterator[str]:
    while True:
        yield f'{{"email": "a{r.random()}@b.org", "n": {r.randrange(10**16)}, "in": [[["{"x" * r.randint(0, 30)}"]]]}},'


def _attack(r: random.Random) -> Iterator[str]:
    pattern = r.choice([p for p in patterns() if isinstance(p.pattern, str)])
    pump = r.choice(pumps(pattern, r.randrange(1 << 30), tries=1))
    yield grown(pump, LONGEST)
    while True:
        yield pump[1]


KINDS: dict[str, Make] = {
    "prose with private values": _prose,
    "made from a pattern": _attack,
    "any characters": _unicode,
    "scripts": _scripts,
    "marks upon marks": _marks,
    "one word again and again": _repeated("de la ", "K-", "A.", "1 ", "a@", "[EMAIL_1]", "\u200b", "Mr. ", "((", "€"),
    "one long word": _words_of("aA1", 40_000),
    "signs": _words_of(" .,;:!?'\"()[]{}<>/\\|@#$%^&*-_=+~`", 60),
    "digits": _words_of("0123456789", 20),
    "JSON": _json,
    **{f"nothing but {kind}": _value(kind)
       for kind in ("email", "phone", "card", "iban", "national_id", "ip", "credential", "address")},
}  # fmt: skip


def text_of(kind: str, number: int, length: int) -> str:
    """The text of a kind and a number: always the same."""
    parts, so_far = [], 0
    for piece in KINDS[kind](random.Random(f"{kind} {number}")):
        parts.append(piece)
        so_far += max(1, len(piece))
        if so_far >= length:
            break
    return "".join(parts)[:length].encode(errors="ignore").decode()  # half a surrogate comes through no socket


def holds(work: Coroutine[Any, Any, object]) -> Iterator[tuple[float, float]]:
    """CPU and clock milliseconds of each stretch of a coroutine that gives way to others by `sleep(0)`."""
    while True:
        cpu, clock = time.thread_time(), time.perf_counter()
        over = False
        try:
            work.send(None)
        except StopIteration:
            over = True
        yield (time.thread_time() - cpu) * 1e3, (time.perf_counter() - clock) * 1e3
        if over:
            return


async def _at_once(work: Callable[[], object]) -> None:
    work()


class TextBench:
    """What is done to a prompt and to an answer, done to every text."""

    def __init__(self) -> None:
        self._detector = RuleDetector()

    def ways(self, text: str) -> Iterator[tuple[str, Coroutine[Any, Any, object]]]:
        """What is done, by name. The redactor meets the text twice, the second time a little changed, as in a plan."""
        redactor = self.redactor()
        passage = Passage(
            passage_id="p", document_id="d", title=text[:200], text=text, start=0, end=len(text), score=1.0
        )
        reader = CitationReader((passage,))
        yield "redact", redactor.redact(text)
        yield "redact again", redactor.redact(f"Well: {text}")
        yield "for an embedding", irreversible(text, self._detector, {})
        yield "restore", _at_once(lambda: redactor.restore(text))
        yield "speech", self._say(redactor, text[:1_000])
        yield "as typed", _at_once(lambda: as_typed(text))
        yield "guard", _at_once(lambda: is_equivalent(text, text[:-1]))
        yield "dependence", _at_once(lambda: dependence_of(text))
        yield "prompt", _at_once(lambda: question_message(text, [passage]))
        yield "active content", self._show(text)
        yield "citations", _at_once(lambda: [reader.read(text[:n] + "[1]") for n in range(0, len(text), 2_000)])

    @staticmethod
    async def _show(text: str) -> None:
        content = ActiveContentFilter(())
        for piece in pieces(text):
            content.feed(piece)
            await asyncio.sleep(0)
        content.flush()

    @staticmethod
    async def _say(redactor: Redactor, text: str) -> None:
        speech = redactor.speech()
        for start in range(0, len(text), 40):
            await speech.feed(text[start : start + 40])
        await speech.flush()

    def hold(self, row: HoldResult, text: str) -> None:
        """Do it all; keep the longest hold."""
        row.texts += 1
        for way, work in self.ways(text):
            for cpu, clock in holds(work):
                row.on_the_clock_ms = max(row.on_the_clock_ms, round(clock, 1))
                if cpu > row.hold_ms:
                    row.hold_ms, row.longest_in = round(cpu, 1), way

    def redactor(self) -> Redactor:
        """One that has met no text yet."""
        return Redactor(self._detector, {})

    def redact_whole(self, row: HoldResult, text: str) -> None:
        """All of a redaction, by a detector that remembers nothing of it; the least of three, for what others do on the
        machine costs this thread too."""
        took = min(sum(cpu for cpu, _ in holds(self.redactor().redact(f"{n}{text}"[:WHOLE]))) for n in range(3))
        row.redaction_ms = max(row.redaction_ms, round(took, 1))


def run(texts: int, first: int = 0, whole: int = 4) -> list[HoldResult]:
    """A row a kind. Lengths are spread evenly over the orders of magnitude up to the limit; besides, `whole` texts of
    each kind have 30,000 characters and are redacted whole."""
    bench = TextBench()
    patterns()
    freeze_garbage()  # as the server does, when all is imported
    rows = {kind: HoldResult(kind) for kind in KINDS}
    bench.hold(HoldResult("warm"), text_of("prose with private values", 0, 3_000))
    for number in range(first, first + texts):
        kind = list(KINDS)[number % len(KINDS)]
        length = round(40 * (LONGEST / 40) ** random.Random(number).random())
        bench.hold(rows[kind], text_of(kind, number, length))
    for kind, row in rows.items():
        for number in range(first, first + whole):
            bench.redact_whole(row, text_of(kind, -1 - number, WHOLE))
    return list(rows.values())


@click.command()
@recordable
@click.option("--texts", default=10_000, show_default=True)
@click.option("--first", default=0, show_default=True, help="The number of the first text.")
@click.option("--whole", default=4, show_default=True, help="Texts of each kind whose whole redaction is measured.")
def texts(texts: int, first: int, whole: int) -> None:
    """How long any text up to a prompt's limit holds the event loop, and what redacting 30,000 characters takes.

    Example: colloquy bench texts --texts 1000
    """
    rows = run(texts, first, whole)
    click.echo(table(rows))
    hold, redaction = max(row.hold_ms for row in rows), max(row.redaction_ms for row in rows)
    click.echo(f"longest hold {hold} ms of CPU, longest redaction of 30,000 characters {redaction} ms of CPU")
    keep({"hold of what it may be": hold / HOLD_MS, "redaction of what it may be": redaction / REDACTION_MS})
    if hold > HOLD_MS or redaction > REDACTION_MS:
        raise click.exceptions.Exit(1)
