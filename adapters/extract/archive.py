"""What a ZIP file may hold before anybody unpacks it."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator

from domain.refusals import DocumentRefused

MAX_ENTRIES = 2_000
MAX_TOTAL = 150 * 1024 * 1024
MAX_RATIO = 200
SMALL = 256 * 1024
"""Below this many bytes an entry may be as compressible as it likes."""
ENCRYPTED_FLAG = 0x1
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
DTD = tuple(word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ENCODINGS)
MACROS = tuple(word.encode(encoding) for word in ("vbaproject", "macroenabled") for encoding in ENCODINGS)
"""As content types and relations name them, in lower case (ECMA-376, [MS-OFFMACRO2])."""
MACRO_PARTS = re.compile(
    r"(?:^|/)(?:vba\w*\.(?:bin|xml)|[^/]*\.(?:doc|dot|xls|xlt|xla|ppt|pot|pps|ppa|sld)m$|(?:intl)?macrosheets/)",
    re.I,
)
"""Macros themselves, and documents inside the document that are made to hold them."""
RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
EXTERNAL = re.compile(rb"""\bTargetMode\s*=\s*["']External["']""")
TYPE, TARGET = (re.compile(rb"""\b%s\s*=\s*(["'])(.*?)\1""" % name, re.S) for name in (b"Type", b"Target"))
TEXT_OF_OTHERS = frozenset(("subDocument", "aFChunk", "frame"))
NETWORK = re.compile(rb"(?:https?|ftp):", re.I)


def check_archive(archive: zipfile.ZipFile, *, pages: bool = False) -> None:
    """Refuse bombs, DTDs, passwords, macros, and text that would be fetched from outside; hyperlinks are only text.
    `pages` of a book may say what kind of page they are; they are read as a browser reads
    them, which declares nothing."""
    entries = archive.infolist()
    if any(entry.flag_bits & ENCRYPTED_FLAG for entry in entries):
        raise DocumentRefused("password_protected", "The document asks for a password.")
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise DocumentRefused("archive_unsafe", "The document unpacks to more than is allowed.")
    if len({entry.filename for entry in entries}) < len(entries):
        raise DocumentRefused("archive_unsafe", "The document holds two parts of one name.")
    if any(MACRO_PARTS.search(entry.filename.replace("\\", "/")) for entry in entries):
        raise DocumentRefused("archive_unsafe", "The document holds macros.")
    for entry in entries:
        if entry.file_size > SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise DocumentRefused("archive_unsafe", "A part of the document is packed too tightly to be honest.")
        name = entry.filename.lower()
        if name.endswith((".xml", ".rels")) and (not pages or name.startswith("meta-inf/")):
            part = _readable(archive, entry)
            _check_markup(_as_ascii(part) if name.endswith(".rels") else part)
            # Whatever the macros' part is called, these say what it is. Elsewhere the words are only text.
            if name.endswith((".rels", "[content_types].xml")) and any(word in part.lower() for word in MACROS):
                raise DocumentRefused("archive_unsafe", "The document holds macros.")


def _readable(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """A part's bytes; none of one that is damaged, which its reader will not be able to read either."""
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return b""


def _as_ascii(part: bytes) -> bytes:
    """Relations are markup and addresses: in UTF-16 they look the same without the zeros."""
    return part.replace(b"\0", b"")


def _check_markup(part: bytes) -> None:
    """Office writes no DTD. Nothing that is linked is ever fetched; refused is what would be missing from the text, and
    a template out of the network, whose only use here would be an attack (MITRE T1221)."""
    if any(mark in part for mark in DTD):
        raise DocumentRefused("archive_unsafe", "A part of the document declares entities.")
    for kind, target in _links(part):
        if kind in TEXT_OF_OTHERS or (kind == "attachedTemplate" and NETWORK.match(target)):
            raise DocumentRefused("external_reference", "The document wants a part fetched from elsewhere.")


def _links(part: bytes) -> Iterator[tuple[str, bytes]]:
    for relation in RELATION.findall(part):
        if EXTERNAL.search(relation):
            type, target = TYPE.search(relation), TARGET.search(relation)
            kind = type[2].rpartition(b"/")[2].decode(errors="replace") if type else ""
            if kind != "hyperlink":
                yield kind, target[2].strip() if target else b""
