"""Large files, many at once: the server's memory stays where it was."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from infra.bench.harness.installation import Installed, installed
from tests.journeys.conftest import reading
from tests.journeys.test_failures import pid_of

pytestmark = pytest.mark.real
MB = 1024 * 1024
SIZE = 40 * MB
PIECE = b"x" * MB
GROWTH_MB = 50


@pytest.fixture(scope="module")
def own() -> Iterator[Installed]:
    """An installation whose tenant has nothing yet."""
    with installed(1, {}) as found:
        yield found


def peak_mb(pid: int) -> float:
    """The most memory that a process has had since `forget_peak`."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def forget_peak(pid: int) -> float:
    """Begin to measure; the memory there is now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_mb(pid)


def package(entries: int, filler: int) -> bytes:
    """A ZIP file that claims to be a Word document, with so many empty entries and so large a one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", b"<no/>")
        for number in range(entries):
            archive.writestr(f"e{number}", b"")
        archive.writestr("filler", b"\0" * filler)
    return file.getvalue()


async def upload(http: httpx.AsyncClient, url: str, name: str, head: bytes, size: int, tail: bytes = b"") -> int:
    """A file of `size` bytes: `head`, filler, `tail`. The answer's status."""
    before = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + head
    after = tail + b"\r\n--b--\r\n"
    filler = size - len(head) - len(tail)

    async def body() -> AsyncIterator[bytes]:
        yield before
        for start in range(0, filler, MB):
            yield PIECE[: min(MB, filler - start)]
        yield after

    length = str(len(before) + filler + len(after))
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": length}
    method = "PUT" if "datasets" in url else "POST"
    return (await http.request(method, url, content=body(), headers=headers)).status_code


def bringing(ours: Installed, *roles: str) -> httpx.AsyncClient:
    sync = reading(ours, *roles)
    return httpx.AsyncClient(base_url=ours.url, headers=sync.headers, timeout=120)


async def test_twenty_large_files_at_once_do_not_grow_the_server(own: Installed) -> None:
    async with bringing(own, "editor") as http:
        assert await upload(http, "/v1/documents", "first.txt", b"warm", 100_000) == 202
        before = forget_peak(pid_of(own, "api"))
        large = [upload(http, "/v1/documents", f"{n}.txt", b"%d\n" % n, SIZE) for n in range(20)]
        assert await asyncio.gather(*large) == [202] * 20
    grown = peak_mb(pid_of(own, "api")) - before
    assert grown < GROWTH_MB, f"{grown:.0f} MB"


async def test_packages_of_many_entries_are_looked_at_elsewhere(own: Installed) -> None:
    async with bringing(own, "editor") as http:
        before = forget_peak(pid_of(own, "api"))
        files = [package(20_000, 10 * MB + n) for n in range(4)]
        large = [upload(http, "/v1/documents", f"{n}.docx", file, len(file)) for n, file in enumerate(files)]
        assert await asyncio.gather(*large) == [202] * 4
    grown = peak_mb(pid_of(own, "api")) - before
    assert grown < GROWTH_MB, f"{grown:.0f} MB"


async def test_large_datasets_do_not_grow_the_server(own: Installed) -> None:
    rows = (b"y" * 999_999 + b"\n") * 30 + (b"x" * 999 + b"\n") * 10_000
    async with bringing(own, "admin") as http:
        before = forget_peak(pid_of(own, "api"))
        puts = [upload(http, f"/v1/datasets/d{n}", "d.csv", b"a\n" + rows, len(rows) + 2) for n in range(3)]
        answers = await asyncio.gather(*puts)
    assert answers == [200] * 3
    grown = peak_mb(pid_of(own, "api")) - before
    assert grown < GROWTH_MB, f"{grown:.0f} MB"
