"""PDF to text, page by page."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from adapters.extract.decoding import clean
from domain.refusals import DocumentRefused


def read_pdf(body: bytes, max_pages: int) -> tuple[str, str]:
    """Title (empty when there is none) and text. A file that only its owner's password restricts is read."""
    try:
        reader = PdfReader(BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentRefused("password_protected", "The PDF asks for a password.")
        if len(reader.pages) > max_pages:
            raise DocumentRefused("too_many_pages", f"The PDF has more than {max_pages} pages.")
        text = "\n\n".join(clean(page.extract_text()).strip() for page in reader.pages)
        return _title_of(reader), text.strip()
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, OSError) as error:
        # pypdf answers some broken files with whatever its code stumbled over
        raise DocumentRefused("unreadable", "The PDF is damaged.") from error


def _title_of(reader: PdfReader) -> str:
    """What the file's information says, when that is text."""
    title = reader.metadata.title if reader.metadata else None
    return " ".join(clean(str(title)).split()) if title else ""
