"""Which kind of document a file is: by its bytes, with the name's extension as a second witness."""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from io import BytesIO
from pathlib import PurePosixPath

from adapters.charsets.unmarked import unmarked_utf
from adapters.extract.wire import HEAD
from domain.file.kinds import UNKNOWN
from domain.refusals import DocumentRefused, UnsupportedMediaType

TEXT, MARKDOWN, HTML, CSV = "text/plain", "text/markdown", "text/html", "text/csv"
JSON, JSON_LINES, RTF, EML = "application/json", "application/jsonl", "application/rtf", "message/rfc822"
PDF, EPUB = "application/pdf", "application/epub+zip"
_OFFICE, _OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
DOCX, XLSX = _OFFICE + "wordprocessingml.document", _OFFICE + "spreadsheetml.sheet"
PPTX = _OFFICE + "presentationml.presentation"
ODT, ODS, ODP = _OPEN + "text", _OPEN + "spreadsheet", _OPEN + "presentation"

EXTENSIONS = {
    "txt": TEXT, "text": TEXT, "log": TEXT, "md": MARKDOWN, "markdown": MARKDOWN, "html": HTML, "htm": HTML,
    "xhtml": HTML, "csv": CSV, "tsv": CSV, "tab": CSV, "pdf": PDF, "docx": DOCX, "dotx": DOCX, "xlsx": XLSX,
    "xltx": XLSX, "pptx": PPTX, "ppsx": PPTX, "potx": PPTX, "odt": ODT, "ott": ODT, "ods": ODS, "odp": ODP, "rtf": RTF,
    "eml": EML, "mht": EML, "mhtml": EML, "epub": EPUB, "json": JSON, "jsonl": JSON_LINES, "ndjson": JSON_LINES,
}  # fmt: skip
OFFICE = frozenset((DOCX, XLSX, PPTX))
NAMED_BY_EXTENSION = frozenset((MARKDOWN, CSV, HTML, JSON, JSON_LINES, EML))
"""Kinds of text that only their names tell for certain."""
READ = "txt, md, html, csv, pdf, docx, xlsx, pptx, odt, ods, odp, rtf, eml, epub, json and jsonl"
# Word's password protection wraps the package in an OLE file that names this stream, in UTF-16.
OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
ZIP_MAGIC = b"PK\x03\x04"
PACKAGES = (ZIP_MAGIC, OLE_MAGIC)
"""What is in them stands anywhere."""
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
TYPES, MOST_TYPES = "[Content_Types].xml", 1_000_000
PACKED = {
    b"word/": (DOCX, b"wordprocessingml"), b"xl/": (XLSX, b"spreadsheetml.sheet.main"),
    b"ppt/": (PPTX, b"presentationml"),
}  # fmt: skip
"""Where the parts of Office's documents usually stand, and what their main parts are called."""
STATED = {kind: kind for kind in (ODT, ODS, ODP, EPUB)} | {ODT + "-template": ODT}
"""What a package says of itself first (ISO 26300, part 2, 3.3; EPUB 3.3, 4.2.1)."""
PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
STARTS_AS_HTML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?>\s+|<!--.*?-->|<\?xml[^>]*>)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def sniff(name: str, body: bytes, *, whole: bool = True) -> str | None:
    """Name and bytes to one of the six media types; errors as in `ports.extractor.Sniffer`. `body` may be the beginning
    of the file, 8 KiB at least (not `whole`): None when that does not tell."""
    if not whole and body.startswith(PACKAGES):
        return None
    return _checked(name, body)


def tell(name: str, body: bytes, *, whole: bool = True) -> str | None:
    """The media type of a file that may be anything: as in `ports.extractor.KindTeller`; `body` as in `sniff`."""
    if not body:
        raise DocumentRefused("empty_file", "The file is empty.")
    if not whole and body.startswith(PACKAGES):
        return None
    found = _picture(body) or _kind_of(body)
    claimed = EXTENSIONS.get(PurePosixPath(name).suffix.lower().removeprefix("."))
    return claimed if found == TEXT and claimed in NAMED_BY_EXTENSION - {HTML} else found or UNKNOWN


def _picture(body: bytes) -> str | None:
    """Which kind of picture begins so (the signatures of PNG, JPEG, GIF and WebP)."""
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in PICTURES if body.startswith(magic)), None)


def _checked(name: str, body: bytes) -> str:
    if not body:
        raise DocumentRefused("empty_file", "The file is empty.")
    extension = PurePosixPath(name).suffix.lower().removeprefix(".")
    claimed = EXTENSIONS.get(extension)
    found = _kind_of(body)
    if claimed is None and extension:
        raise UnsupportedMediaType(f".{extension[:20]} files are not read: {READ} are.")
    if found is None and claimed is None:
        raise UnsupportedMediaType(f"The file is none of {READ}.")
    if claimed is None or claimed == found:
        return found or TEXT
    if claimed in OFFICE and body.startswith(OLE_MAGIC) and found == DOCX:
        return claimed  # which of them it is, its password hides
    # Plain text is what Markdown, CSV and a fragment of HTML look like; and Markdown may begin with an HTML element.
    if (found == TEXT and claimed in NAMED_BY_EXTENSION) or (found == HTML and claimed in (MARKDOWN, EML)):
        return claimed
    raise DocumentRefused("type_mismatch", f"The name says .{extension}, the content says {found or 'something else'}.")


def _kind_of(body: bytes) -> str | None:
    """By the bytes alone; text of any sort is `text/plain` unless it starts as HTML does. None: no kind we read."""
    head = body[:HEAD]
    if b"%PDF-" in head[:1_024]:
        return PDF
    if head.startswith(ZIP_MAGIC):
        return _packed(body)
    if head.startswith(OLE_MAGIC):
        return DOCX if ENCRYPTED_PACKAGE in body else None
    if head.startswith(b"{\\rtf"):
        return RTF
    if STARTS_AS_HTML.match(head):
        return HTML
    if head.startswith(WIDE_MARKS) or (b"\x00" in head and unmarked_utf(head)):
        return TEXT
    # What a text never holds: control characters other than white space, escape and form feed.
    strange = sum(byte < 32 and byte not in b"\t\n\r\f\x1b\x08" for byte in head)
    return None if b"\x00" in head or strange * 50 > len(head) else TEXT


def _packed(body: bytes) -> str | None:
    """Which kind of document a ZIP file holds; None when it is none. A broken one is let through by what it names:
    reading it will say `unreadable`."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            names = set(archive.namelist())
            stated = archive.read("mimetype")[:100].decode("ascii", "replace").strip() if "mimetype" in names else ""
            types = archive.read(TYPES)[:MOST_TYPES] if TYPES in names else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError):
        return next((kind for mark, (kind, _) in PACKED.items() if mark in body), None)
    if stated in STATED:
        return STATED[stated]
    found = (kind for mark, (kind, type) in PACKED.items() if any(name.startswith(mark.decode()) for name in names))
    return next((kind for _, (kind, type) in PACKED.items() if type in types), next(found, None))
