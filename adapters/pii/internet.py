"""E-mail addresses and IP addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from socket import AF_INET, AF_INET6, inet_pton

from adapters.pii.stretches import Found, found
from application.ports.models.detector import Span

_AT = r"(?:@|%40|&#0{0,8}64;|&commat;|\s?[\[({<]\s?at\s?[\])}>]\s?|\s@\s?|\sAT\s)"
_DOT = r"(?:\.|\s?[\[({<]\s?(?:dot|punkt|punto|point)\s?[\])}>]\s?|\sDOT\s)"
_EMAIL = re.compile(
    rf"[\w'](?<![\w.+-].)(?:[\w.+%'-]{{0,62}}[\w+-])?{_AT}(?:[^\W_][\w-]{{0,62}}{_DOT}){{1,5}}(?:xn--[\w-]{{2,59}}"
    rf"|[^\W\d_]{{2,24}})(?![\w@])"
)
_EMAIL_SPOKEN = re.compile(
    r"[a-z0-9](?<![\w.+-].)[a-z0-9._+-]{1,40}+ at (?:[a-z0-9-]{2,40} dot ){1,3}(?:com|org|net|edu|gov|io|de|fr|es|it|nl"
    r"|pl|uk|eu|br|in)(?!\w)"
)
_EMAIL_LITERAL = re.compile(r"[\w.+-](?<![\w.+-].)[\w.+-]{0,63}+@\[[0-9A-Fa-f:.]{3,45}\]")
_HINTS = ("@", "%40", "&#", "&commat;", "at)", "at]", "at}", "at>")
_LOGIN = re.compile(r"://[^\s/@]{0,76}\Z")
"""Before the at sign of a URL stands a login, which is a credential."""
_V4 = re.compile(r"[0-9](?<![\w.].)[0-9]{0,2}(?:(?:\.|\[\.\]|\(\.\))[0-9]{1,3}){3}(?![\w]|\.[0-9])")
_V6 = re.compile(
    r"[0-9A-Fa-f:](?<![\w:.].)(?:(?<=:)|[0-9A-Fa-f]{0,3}:)(?:[0-9A-Fa-f]{0,4}:){1,6}"
    r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4})(?![\w:])"
)
_BRACKETS = str.maketrans("", "", "[]()")
_VERSION = re.compile(
    r"(?:(?<![\w.])v|\b(?:(?:version|release|build|firmware|section|chapter|clause|patch|driver|kernel|update|kapitel"
    r"|abschnitt|versione|versión|paragraph|sdk|api|upgrade[ds]?|updated|downgraded|requires?|installed)"
    r"s?(?:\s(?:is|from|to|of|no\.?|number))?[\"']?[:=]?\s?[\"']?v?|§\s?)"
    r"(?:[0-9][\w.-]{0,20}(?:\s(?:to|or|and|auf|and then)\s|\s?(?:->|→|-|,)\s?)v?)?)\Z",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[g-zG-Z§]")
VERSION_REACH = 64
"""How far before four numbers the word may stand that makes a version of them, in characters."""


def emails(text: str) -> Found:
    """Addresses with an at sign, however it is written, and a domain."""
    lower = text.lower()
    if any(hint in lower for hint in _HINTS) or " AT " in text:
        yield from found(_EMAIL, text, _email)
    if " at " in lower and " dot " in lower:
        yield from found(_EMAIL_SPOKEN, lower, _email)
    if "@[" in text:
        yield from found(_EMAIL_LITERAL, text, _email)


def _email(match: re.Match[str]) -> Iterator[Span]:
    if not _LOGIN.search(match.string, max(0, match.start() - 80), match.start()):
        yield Span("email", *match.span())


def ip_addresses(text: str) -> Found:
    """IPv4 (not a version number of four parts) and IPv6, as the system reads them."""
    yield from found(_V4, text, _v4)
    if text.count(":") >= 2:
        yield from found(_V6, text, _v6)


def _v4(match: re.Match[str]) -> tuple[Span, ...]:
    if _is_address(match[0].translate(_BRACKETS)) and not _is_version(match.string, match.start()):
        return (Span("ip", *match.span()),)
    return ()


def _is_version(text: str, start: int) -> bool:
    first = max(0, start - VERSION_REACH)
    return _LETTER.search(text, first, start) is not None and _VERSION.search(text, first, start) is not None


def _v6(match: re.Match[str]) -> Iterator[Span]:
    if _is_address(match[0]) and match[0].strip(":.") and not _is_clock(match[0]):
        yield Span("ip", *match.span())


def _is_address(text: str) -> bool:
    try:
        inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except OSError:
        return False
    return True


def _is_clock(text: str) -> bool:
    return len(text) < 6 and "::" in text and text.strip(":").isdigit() and text != "::1"
