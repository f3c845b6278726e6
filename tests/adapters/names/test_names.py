"""Names by a recogniser: what it may be asked at once, what becomes of a turn when it is away, and what is joined."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from adapters.names import classifier
from adapters.names.recogniser import AWAY_S, BATCH, WAITING, NameRecogniser
from adapters.names.server import lock
from adapters.names.wire import default_socket, is_ours, receive, send
from adapters.pii.joined_names import union
from adapters.pii.rule_detector import RuleDetector
from adapters.pii.with_names import WithNames
from application.ports.models.detector import Incomplete, Span
from application.redaction.redactor import Redactor
from domain.refusals import DependencyUnavailable
from tests.fakes.word_detector import WordDetector

NO_PROGRAM = ("/bin/false",)


@pytest.fixture
def socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "socket"


class Model:
    """Finds `Ann`; notes what it was asked together, and waits where it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Event()
        self.go.set()

    @asynccontextmanager
    async def behind(self, socket: Path) -> AsyncIterator[None]:
        async with await asyncio.start_unix_server(self._client, socket):
            yield

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                texts = msgspec.msgpack.decode(await receive(reader))
                self.batches.append(texts)
                await self.go.wait()
                await send(
                    writer, [[("person", t.index("Ann"), t.index("Ann") + 3)] if "Ann" in t else [] for t in texts]
                )
        except (EOFError, ConnectionError):
            writer.close()


async def test_texts_that_wait_are_asked_together(socket: Path) -> None:
    model, names = Model(), NameRecogniser(socket, NO_PROGRAM)
    async with model.behind(socket):
        found = await asyncio.gather(*(names.find(f"{n} Ann") for n in range(2 * BATCH)))
        assert [(spans[0].kind, spans[0].start) for spans in found[:2]] == [("person", 2), ("person", 2)]
        assert max(map(len, model.batches)) == BATCH
        await names.close()


async def test_what_is_too_much_or_too_late_is_refused_and_then_at_once(socket: Path) -> None:
    time = [0.0]
    model, names = Model(), NameRecogniser(socket, NO_PROGRAM, deadline_s=0.05, clock=lambda: time[0])
    async with model.behind(socket):
        model.go.clear()
        answers = await asyncio.gather(*(names.find("Ann") for _ in range(WAITING + 40)), return_exceptions=True)
        assert all(isinstance(answer, DependencyUnavailable) for answer in answers)
        assert names.is_away
        asked = len(model.batches)
        with pytest.raises(DependencyUnavailable):
            await names.find("Ann")
        assert len(model.batches) == asked
        model.go.set()
        time[0] = AWAY_S
        assert [span.kind for span in await names.find("Ann, again")] == ["person"]
        await names.close()


async def test_where_it_does_not_start_the_rules_go_on_and_say_so(socket: Path) -> None:
    missed: list[int] = []
    detector = WithNames(RuleDetector(), NameRecogniser(socket, NO_PROGRAM), lambda: missed.append(1))
    spans = await detector.find("write to ann@example.com, Ann")
    assert isinstance(spans, Incomplete)
    assert "email" in [span.kind for span in spans]
    assert missed == [1]
    assert await Redactor(detector, {}).redact("write to ann@example.com") == "write to [EMAIL_1]"
    with pytest.raises(DependencyUnavailable):
        await Redactor(detector, {"person": "block"}).redact("write to ann@example.com")


async def test_a_text_is_recognised_once() -> None:
    names = WordDetector(person="Xyla")
    detector = WithNames(RuleDetector(), names, lambda: None)
    assert await detector.find("met Xyla there") == await detector.find("met Xyla there")
    assert names.shown == ["met Xyla there"]


async def test_a_folder_that_others_may_write_is_none_of_ours(socket: Path) -> None:
    socket.parent.chmod(0o777)
    assert not is_ours(socket.parent)
    with pytest.raises(DependencyUnavailable):
        await NameRecogniser(socket, NO_PROGRAM).find("Ann")


def test_one_process_a_machine_serves(socket: Path) -> None:
    held = lock(socket)
    assert held is not None and lock(socket) is None
    held.close()
    assert default_socket().name == "socket"


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("Ann Lee, here", {"Ann": "GIVEN_NAME", "Lee": "SURNAME"}, [("person", "Ann Lee")]),
        ("12 Elm St, Ely CB7 4AA", {"12": "BUILDING_NUMBER", "Elm": "STREET_NAME", "St": "STREET_NAME", "Ely": "CITY",
                                    "CB7": "ZIP_CODE", "4AA": "ZIP_CODE"}, [("address", "12 Elm St, Ely CB7 4AA")]),
        ("from Ely to York", {"Ely": "CITY", "York": "CITY"}, [("place", "Ely"), ("place", "York")]),
        ("order 7158 days", {"7158": "BUILDING_NUMBER", "days": "STREET_NAME"}, []),
        ('{"sha": 1}', {"sha": "GIVEN_NAME"}, []),
        ("Trace: 1", {"Trace": "GIVEN_NAME"}, []),
        ("Annabel", {"Ann": "GIVEN_NAME"}, [("person", "Annabel")]),
    ],
)  # fmt: skip
def test_tokens_become_names(text: str, labels: dict[str, str], expected: list[tuple[str, str]]) -> None:
    tokens = [((text.index(word), text.index(word) + len(word)), label) for word, label in labels.items()]
    assert [(kind, text[a:b]) for kind, a, b in classifier._joined(text, tokens)] == expected


def test_what_two_windows_read_is_told_once() -> None:
    told: dict[int, str] = {}
    classifier._take(told, 0, ["a"] * classifier.WINDOW)
    second = classifier.WINDOW - classifier.OVERLAP
    classifier._take(told, second, ["b"] * classifier.OVERLAP)
    assert told[second] == "a" and told[classifier.WINDOW - 1] == "b"
    assert list(classifier._starts(0)) == [0] and list(classifier._starts(classifier.WINDOW)) == [0]


@pytest.mark.parametrize(
    ("rules", "recognised", "expected"),
    [
        ([Span("person", 0, 3)], [Span("person", 0, 7, 0.9)], [("person", 0, 7)]),
        ([Span("place", 5, 9)], [Span("address", 0, 12, 0.9)], [("address", 0, 12)]),
        ([Span("email", 2, 9, 1.0)], [Span("person", 4, 6, 0.9)], [("email", 2, 9)]),
        ([Span("date", 0, 4, 0.7)], [Span("person", 5, 9, 0.9)], [("date", 0, 4), ("person", 5, 9)]),
    ],
)
def test_rules_and_recogniser_are_one(
    rules: Sequence[Span], recognised: Sequence[Span], expected: list[tuple[str, int, int]]
) -> None:
    assert [(span.kind, span.start, span.end) for span in union(rules, recognised)] == expected


@pytest.mark.real
@pytest.mark.skipif(classifier.find_weights() is None, reason="the recogniser is not installed (make names)")
async def test_the_recogniser_itself(socket: Path) -> None:
    one, other = NameRecogniser(socket, deadline_s=30.0), NameRecogniser(socket, deadline_s=30.0)
    text = "Yesterday Priyanka Ramaswamy moved to 14 Orchard Lane, Leeds LS1 4AP."
    found = {(span.kind, text[span.start : span.end]) for span in await one.find(text)}
    assert ("person", "Priyanka Ramaswamy") in found and "address" in {kind for kind, _ in found}
    assert await other.find(text * 40)
    await asyncio.gather(one.close(), other.close())
