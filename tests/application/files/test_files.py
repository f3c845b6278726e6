"""Files are kept sealed under one id, given back to their owner, and gone when they are deleted, store or no store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from msgspec.structs import replace

from application.clock import new_id
from application.file_names import name_of
from application.files.file_links import FileLink, FileLinks
from application.files.kept_bytes import AWAY_S
from domain.access import Principal
from domain.file.events import FileDeleted, FileUploaded
from domain.refusals import DependencyUnavailable, DocumentRefused, FileNotFound, FileRefused, InUse
from tests.application.files.harness import SECRETS, TENANT, FileHouse

ADA = Principal(TENANT, "ada", frozenset({"member"}), 2e9)
BOB = Principal(TENANT, "bob", frozenset({"member"}), 2e9)


@pytest.fixture
def house(tmp_path: Path) -> FileHouse:
    return FileHouse(tmp_path / "waiting")


async def test_a_file_is_kept_sealed_and_given_back_to_its_owner_alone(house: FileHouse) -> None:
    id = await house.add("../a secret.txt", b"a secret recipe")
    [row] = await house.register.fetch(TENANT, [id])
    assert (row.name, row.media_type, row.size, row.status, row.keep_until) == (
        "a secret.txt", "text/plain", 15, "stored", None,
    )  # fmt: skip
    assert await house.read(id) == b"a secret recipe"
    assert house.blobs.kept and all(b"secret" not in body for body in house.blobs.kept.values())
    for user, tenant in (("bob", TENANT), ("ada", new_id())):
        with pytest.raises(FileNotFound):
            await house.open.find(tenant, user, id)
    with pytest.raises(FileNotFound):
        await house.delete.of_owner(BOB, id)
    await house.delete.of_owner(ADA, id)
    assert not house.blobs.kept and not house.register.rows
    assert [type(fact) for fact in house.facts()] == [FileUploaded, FileDeleted]
    with pytest.raises(FileNotFound):
        await house.delete.of_owner(ADA, id)


NAMES = [
    ("../../etc/passwd", "passwd"), ("C:\\docs\\a.txt", "a.txt"), ("a\x00\x1b\x85.txt", "a.txt"), ("", "untitled"),
    ("..", "untitled"), (".", "untitled"), ("dir/", "dir"), ("/", "untitled"), ("\ud800x", "x"),
    ("x" * 300 + ".txt", "x" * 251 + ".txt"), ("Übung – 試験 🧪.pdf", "Übung – 試験 🧪.pdf"),
    ("\u202egpj.exe", "gpj.exe"), ("a\r\nb\u2028c", "abc"),
]  # fmt: skip
KINDS = [
    ("a.png", b"\x89PNG\r\n\x1a\n\0\0", "image/png"), ("a.txt", b"\xff\xd8\xff\xe0", "image/jpeg"),
    ("a", b"GIF89a\0", "image/gif"), ("a", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ("a.png", b"<html><script>x</script>", "text/html"), ("a.html", b"plain words", "text/plain"),
    ("a.md", b"# x", "text/markdown"), ("a.csv", b"a,b", "text/csv"), ("a.py", b"import os", "text/plain"),
    ("a.txt", b"%PDF-1.7\n", "application/pdf"), ("a.exe", b"MZ\x90\0\3\0\0\0", "application/octet-stream"),
    ("a.zip", b"PK\x03\x04rest", "application/octet-stream"),
    ("a.riff", b"RIFF\0\0\0\0WAVE", "application/octet-stream"),
]  # fmt: skip


def test_a_name_is_its_last_part_and_can_be_shown() -> None:
    assert [(given, name_of(given)) for given, _ in NAMES] == NAMES


async def test_what_a_file_is_is_told_from_its_bytes(house: FileHouse) -> None:
    for name, body, kind in KINDS:
        [row] = await house.register.fetch(TENANT, [await house.add(name, body)])
        assert (name, row.media_type) == (name, kind)


async def test_what_is_refused_leaves_nothing(tmp_path: Path) -> None:
    class Suspicious:
        async def scan(self, name: str, media_type: str, body: BinaryIO) -> None:
            raise FileRefused("It holds a virus.")

    house = FileHouse(tmp_path, scanner=Suspicious())
    with pytest.raises(FileRefused):
        await house.add("a.txt", b"x")
    with pytest.raises(DocumentRefused):
        await house.add("a.txt", b"")
    assert not house.blobs.kept and not house.store.log and not house.register.rows


async def test_retention_is_asked_once_for_each_file(tmp_path: Path) -> None:
    class AWeek:
        async def keep_until(self, tenant: str, media_type: str, size: int, at: datetime) -> datetime | None:
            return at + timedelta(days=7) if media_type == "text/plain" and size == 1 else None

    house = FileHouse(tmp_path, retention=AWeek())
    [short, long] = await house.register.fetch(TENANT, [await house.add("a", b"x"), await house.add("b", b"xy")])
    assert short.keep_until == short.created_at + timedelta(days=7) and long.keep_until is None


async def test_while_the_store_is_away_files_wait_on_disk_and_nothing_is_missing_after(house: FileHouse) -> None:
    before = await house.add("before.txt", b"before")
    house.blobs.away = True
    waiting, gone = await house.add("a.txt", b"a secret"), await house.add("b.txt", b"other")
    assert [row.status for row in await house.register.fetch(TENANT, [before, waiting])] == ["stored", "spooled"]
    assert await house.read(waiting) == b"a secret"
    assert all(b"secret" not in path.read_bytes() for path in house.spool._folder.iterdir())
    with pytest.raises(DependencyUnavailable):
        await house.read(before)
    await house.delete.of_owner(ADA, gone)
    await house.delete.of_owner(ADA, before)
    await house.deliver()
    assert [row.status for row in await house.register.fetch(TENANT, [waiting])] == ["spooled"]
    house.blobs.away = False
    assert len(house.blobs.kept) == 1, "its removal is owed"
    await house.deliver()
    assert await house.spool.owed() == []
    assert list(house.blobs.kept) == [f"{TENANT}/files/{waiting}"]
    assert [row.status for row in await house.register.fetch(TENANT, [waiting])] == ["stored"]
    assert await house.read(waiting) == b"a secret"
    after = await house.add("c.txt", b"after")
    assert (await house.register.fetch(TENANT, [after]))[0].status == "stored"


async def test_a_store_that_failed_is_left_alone_for_a_while(house: FileHouse) -> None:
    house.blobs.away = True
    await house.add("a.txt", b"a")
    house.blobs.away = False
    [second] = await house.register.fetch(TENANT, [await house.add("b.txt", b"b")])
    assert second.status == "spooled"
    house.seconds += AWAY_S
    [third] = await house.register.fetch(TENANT, [await house.add("c.txt", b"c")])
    assert third.status == "stored"


async def test_a_file_that_was_deleted_while_it_was_delivered_is_in_no_store(house: FileHouse) -> None:
    house.blobs.away = True
    id = await house.add("a.txt", b"a")
    house.blobs.away = False
    await house.register.remove(TENANT, id)  # as the deletion does that comes between
    await house.deliver()
    assert not house.blobs.kept and await house.spool.owed() == []


async def test_what_waits_is_bounded_and_what_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    house = FileHouse(tmp_path, spool_bytes=2_000)
    house.blobs.away = True
    await house.add("a.txt", b"x" * 900)
    with pytest.raises(DependencyUnavailable) as refused:
        await house.add("b.txt", b"x" * 900)  # a tenant has half
    assert refused.value.retry_after_s
    assert len(house.register.rows) == 1
    assert sorted(owed.what for owed in await house.spool.owed()) == ["bytes", "removal"]  # for who knows what arrived
    assert [type(fact) for fact in house.facts()] == [FileUploaded, FileUploaded, FileDeleted]


async def test_an_id_has_one_file_for_ever(house: FileHouse) -> None:
    id = await house.add("a.txt", b"one")
    assert await house.add("a.txt", b"one", id=id) == id
    with pytest.raises(InUse):
        await house.add("a.txt", b"two", id=id)
    assert await house.read(id) == b"one"
    await house.delete.of_owner(ADA, id)
    with pytest.raises(InUse):
        await house.add("a.txt", b"one", id=id)


async def test_one_that_was_cut_off_is_finished_by_the_same_bytes(house: FileHouse) -> None:
    id = await house.add("a.txt", b"one")
    await house.register.remove(TENANT, id)  # as if the process had ended before the row
    await house.add("a.txt", b"one", id=id)
    assert await house.read(id) == b"one"


def test_a_link_opens_one_thing_until_it_ends() -> None:
    at = datetime(2026, 11, 28, tzinfo=UTC)
    links = FileLinks(lambda: SECRETS, 900, lambda: at)
    link = FileLink(use="download", tenant=TENANT, user="ada", file_id=new_id(), expires=links.ends())
    signature = links.sign(link)
    links.check(link, signature)
    links.check(link, FileLinks(lambda: SECRETS[1:], 900).sign(link))  # signed before the secret was replaced
    FileLinks(lambda: SECRETS, 900, lambda: at + timedelta(seconds=900)).check(link, signature)
    others = [
        replace(link, use="upload"), replace(link, tenant=new_id()), replace(link, user="bob"),
        replace(link, file_id=new_id()), replace(link, expires=link.expires + 1), replace(link, name="a"),
        replace(link, size=1),
    ]  # fmt: skip
    for other in others:
        with pytest.raises(FileNotFound):
            links.check(other, signature)
    for wrong in ("", "0" * 64, signature.upper(), signature + "0", "\udc00", FileLinks(lambda: [b"x"], 9).sign(link)):
        with pytest.raises(FileNotFound):
            links.check(link, wrong)
    with pytest.raises(FileNotFound):
        FileLinks(lambda: SECRETS, 900, lambda: at + timedelta(seconds=901)).check(link, signature)
