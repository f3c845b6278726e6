"""Every kind of file is read behind the walls, and nothing that its parser needs is looked for there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from io import BytesIO

import msgspec
import pytest

from adapters.extract.kinds import CSV, DOCX, EXTENSIONS, HTML, MARKDOWN, PDF, TEXT
from adapters.extract.pool import ProcessExtractor
from tests.adapters.extract.files import pdf, word
from tests.adapters.extract.test_cells import CELLS

pytestmark = pytest.mark.real
SENTENCE = "Über den Wolken ist die Freiheit wohl grenzenlos, sagt der Kapitän. "
RUSSIAN, JAPANESE = "Над облаками свобода, говорит капитан корабля. ", "雲の上では自由だと船長は言います。"
FILES = [
    (TEXT, b"The tide comes twice a day.", "tide"),
    *[(TEXT, (SENTENCE * 20).encode(name), "Kapitän") for name in ("utf-8", "utf-16", "cp1252", "utf-8-sig")],
    *[(TEXT, (RUSSIAN * 20).encode(name), "капитан") for name in ("cp1251", "koi8-r", "utf-32")],
    *[(TEXT, (JAPANESE * 20).encode(name), "船長") for name in ("shift_jis", "euc_jp", "utf-8")],
    (MARKDOWN, b"# Tides\n\nThey come *twice*.", "twice"),
    (HTML, b"<title>Tides</title><p>They come <b>twice</b>.", "twice"),
    (HTML, f'<meta charset="shift_jis"><p>{JAPANESE}'.encode("shift_jis"), "船長"),
    (CSV, b"name;age\nada;36\n", "ada"),
    (PDF, pdf("They come twice.", title="Tides"), "twice"),
    (PDF, pdf("They come twice.", owner_password="owner"), "twice"),
    (DOCX, word("They come twice.", title="Tides", table=[["a", "b"]]), "twice"),
]
FILES += [(EXTENSIONS[cell.kind], cell.body, cell.says[0]) for cell in CELLS]
LOOKS = """
import sys
from adapters.confinement.ahead import import_all
from adapters.charsets.guessing import load_models
from adapters.extract.child import PARSERS
from adapters.extract.reading import read
import msgspec
files = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[tuple[str, bytes, str]])
import_all(PARSERS)
load_models()
sys.addaudithook(lambda event, arguments: looked.append((event, arguments[0])) if event in ("import", "open") else None)
looked = []
for kind, body, word in files:
    read(kind, body, 100)
    assert not looked, (kind, body[:40], looked)
"""


@pytest.fixture
async def extractor() -> AsyncIterator[ProcessExtractor]:
    extractor = ProcessExtractor(children=1, max_pages=10)
    yield extractor
    await extractor.close()


async def test_every_kind_is_read(extractor: ProcessExtractor) -> None:
    for kind, body, word_in_it in FILES:
        extracted = await extractor.extract(kind, BytesIO(body))
        assert word_in_it in extracted.text, (kind, body[:40])


async def test_nothing_is_looked_for_when_a_file_is_read() -> None:
    """What a parser imports or opens late would not be found behind the walls."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", LOOKS, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(child.communicate(msgspec.msgpack.encode(FILES)), 120)
    assert child.returncode == 0, said.decode()[-2_000:]
