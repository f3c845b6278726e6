"""Mail (RFC 5322, MIME) to text: who, to whom, when, about what, what it says, and what is attached."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from typing import Any

from adapters.charsets.decoding import decode
from adapters.extract.draft import Draft
from adapters.extract.flowed import unflowed
from adapters.extract.html_text import read_html
from domain.refusals import DocumentRefused

Chunk = Callable[[str, bytes], list[str]]
"""What an attached file says, by its name and bytes."""
HEADERS = ("Subject", "From", "To", "Cc", "Date")
MOST_PARTS = 500
SURROGATES = re.compile("[\udc80-\udcff]")
UNPARSED = (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError, AssertionError)
"""What the standard library ends in at headers that are none."""
UNREAD = frozenset(("text/css", "text/javascript", "text/x-amp-html"))
WORDS = re.compile(r"\w+")


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
    elif kind == "message/delivery-status":
        yield "\n".join(str(part).strip() for part in message.get_payload() if isinstance(part, Message))
    elif kind == "multipart/alternative":
        yield from _best(list(message.iter_parts()) if isinstance(message, EmailMessage) else [], attached)
    elif message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _bodies(part, attached)
    elif kind.startswith("text/") and not message.get_filename():
        yield _text(message) if kind not in UNREAD else ""
    elif message.get_filename():
        attached.append(message)


def _best(ways: list[Any], attached: list[Message]) -> Iterator[str]:
    """Plain text, unless most words of a richer way do not stand in it (`please view this as HTML`)."""
    said: list[tuple[list[str], list[Message]]] = []
    for way in sorted(ways, key=lambda part: part.get_content_type() != "text/plain"):
        beside: list[Message] = []
        texts = [text for text in _bodies(way, beside) if text.strip()]
        if (texts or beside) and way.get_content_type() != "text/calendar":
            said.append((texts, beside))
    if said:
        plain = _words(said[0][0])
        texts, beside = next((way for way in said[1:] if _lacks_most(plain, _words(way[0]))), said[0])
        attached += beside
        yield from texts


def _words(texts: list[str]) -> set[str]:
    return {word for text in texts for word in WORDS.findall(text.lower())}


def _lacks_most(plain: set[str], richer: set[str]) -> bool:
    return 2 * len(richer - plain) > len(richer)


def _text(part: Message) -> str:
    body = part.get_payload(decode=True)
    body = body if isinstance(body, bytes) else b""
    stated = part.get_content_charset()
    if part.get_content_type() == "text/html":
        read = read_html(body, stated)
        return read.extracted().text if read.says_anything else ""
    text = decode(body, stated).text.strip() if body.strip() else ""
    if part.get_param("format") == "flowed":
        return unflowed(text, delete_space=part.get_param("delsp") == "yes")
    return text


def _attachment(draft: Draft, part: Message, chunk: Chunk) -> None:
    if part.get_content_type() == "message/rfc822":
        for inner in part.get_payload():
            if isinstance(inner, Message):
                draft.add("Attached message:")
                _message(draft, _uncoded(part, inner), chunk)
        return
    name = " ".join((part.get_filename() or "").split())
    draft.add(f"Attachment: {name}" if name else "Attachment")
    body = part.get_payload(decode=True)
    try:
        for block in chunk(name, body) if isinstance(body, bytes) and body else ():
            draft.add(block)
    except DocumentRefused:
        draft.warn("An attached file could not be read.")


def _uncoded(part: Message, inner: Message) -> Message:
    """A message within one: as base64 too, which RFC 2046 (5.2.1) forbids and programs write."""
    if str(part.get("Content-Transfer-Encoding") or "").strip().lower() != "base64" or inner.keys():
        return inner
    try:
        return message_from_bytes(b64decode(str(inner.get_payload())), policy=policy.default)
    except (binascii.Error, ValueError, TypeError):
        return inner


def _header(message: Message, name: str) -> str:
    try:
        return " ".join(_as_meant(message, str(message.get(name) or "")).split())
    except UNPARSED:
        return ""


def _as_meant(message: Message, value: str) -> str:
    """A header whose bytes were written as they are: in UTF-8, which the parser has read, or as the body is."""
    if "\ufffd" not in value and not SURROGATES.search(value):
        return value
    raw = next((raw for known, raw in message.raw_items() if str(message.get(known)) == value), "")
    try:
        return decode(str(raw).encode("ascii", "surrogateescape"), _charset(message)).text
    except (DocumentRefused, UnicodeEncodeError):
        return value


def _charset(message: Message) -> str | None:
    """The first that is stated in a message."""
    return next((stated for part in message.walk() if (stated := part.get_content_charset())), None)
