"""Mail (RFC 5322, MIME) to text: who, to whom, when, about what, what it says, and what is attached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from typing import Any

from adapters.charsets.decoding import decode
from adapters.extract.draft import Draft
from adapters.extract.html_text import read_html
from domain.refusals import DocumentRefused

Chunk = Callable[[str, bytes], list[str]]
"""What an attached file says, by its name and bytes."""
HEADERS = ("Subject", "From", "To", "Cc", "Date")
MOST_PARTS = 500
UNPARSED = (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError, AssertionError)
"""What the standard library ends in at headers that are none."""


def read_eml(body: bytes, chunk: Chunk) -> Draft:
    """A message; those that are attached to it are read as it is."""
    draft = Draft()
    message = message_from_bytes(body, policy=policy.default)
    draft.title = _header(message, "Subject")
    _message(draft, message, chunk)
    return draft


def _message(draft: Draft, message: Message, chunk: Chunk) -> None:
    said = (f"{name}: {value}" for name in HEADERS if (value := _header(message, name)))
    draft.add("\n".join(said))
    attached: list[Message] = []
    for text in _bodies(message, attached):
        draft.add(text)
    for part in attached[:MOST_PARTS]:
        _attachment(draft, part, chunk)


def _bodies(message: Message, attached: list[Message]) -> Iterator[str]:
    """The texts of a message in order, one of those that say the same; what is attached is put by."""
    kind = message.get_content_type()
    if message.get_content_disposition() == "attachment" or kind == "message/rfc822":
        attached.append(message)
    elif kind == "multipart/alternative":
        yield from _best(list(message.iter_parts()) if isinstance(message, EmailMessage) else [], attached)
    elif message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _bodies(part, attached)
    elif kind in ("text/plain", "text/html") and not message.get_filename():
        yield _text(message)
    elif message.get_filename():
        attached.append(message)


def _best(ways: list[Any], attached: list[Message]) -> Iterator[str]:
    """Plain text where it says anything, else what else there is."""
    for way in sorted(ways, key=lambda part: part.get_content_type() != "text/plain"):
        texts = [text for text in _bodies(way, attached) if text.strip()]
        if texts:
            yield from texts
            return


def _text(part: Message) -> str:
    body = part.get_payload(decode=True)
    body = body if isinstance(body, bytes) else b""
    stated = part.get_content_charset()
    if part.get_content_type() == "text/html":
        read = read_html(body, stated)
        return read.extracted().text if read.says_anything else ""
    return decode(body, stated).text.strip() if body.strip() else ""


def _attachment(draft: Draft, part: Message, chunk: Chunk) -> None:
    if part.get_content_type() == "message/rfc822":
        for inner in part.get_payload():
            if isinstance(inner, Message):
                draft.add("Attached message:")
                _message(draft, inner, chunk)
        return
    name = " ".join((part.get_filename() or "").split())
    draft.add(f"Attachment: {name}" if name else "Attachment")
    body = part.get_payload(decode=True)
    try:
        for block in chunk(name, body) if isinstance(body, bytes) and body else ():
            draft.add(block)
    except DocumentRefused:
        draft.warn("An attached file could not be read.")


def _header(message: Message, name: str) -> str:
    try:
        return " ".join(str(message.get(name) or "").split())
    except UNPARSED:
        return ""
