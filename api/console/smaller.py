"""Scripts and styles without what only their readers need, comments and spaces. What people see stays as written."""

from __future__ import annotations

import re

from rcssmin import cssmin
from rjsmin import jsmin

_START = re.compile(r"//|/\*|[\"'`]")
_PLACE = re.compile('"\x01([0-9]+)\x01"')


def smaller(suffix: str, text: str) -> str:
    """A file of this suffix as it is sent."""
    if suffix == ".css":
        return str(cssmin(text))
    return _script(text) if suffix == ".js" else text


def _script(text: str) -> str:
    """Templates within templates are more than the library knows, so that all of them are kept from it."""
    kept, parts, at = list[str](), list[str](), 0
    while found := _START.search(text, at):
        end = _end(text, found)
        parts.append(text[at : found.start()])
        if found[0] == "`":
            parts.append(f'"\x01{len(kept)}\x01"')
            kept.append(text[found.start() : end])
        else:
            parts.append(text[found.start() : end])
        at = end
    small: str = jsmin("".join([*parts, text[at:]]))
    return _PLACE.sub(lambda place: kept[int(place[1])], small)


def _end(text: str, found: re.Match[str]) -> int:
    """Where the comment, string or template ends that begins here."""
    at = found.end()
    if found[0] == "`":
        return _template_end(text, at)
    if found[0] in ("//", "/*"):
        end = text.find("\n" if found[0] == "//" else "*/", at)
        return len(text) if end < 0 else end + (0 if found[0] == "//" else 2)
    line_end = text.find("\n", at) % (len(text) + 1)
    while at < line_end and text[at] != found[0]:
        at += 2 if text[at] == "\\" else 1
    return at + 1 if at < line_end else found.end()  # a quote within a pattern begins no string


def _template_end(text: str, at: int) -> int:
    """Where the template ends that began just before `at`."""
    while text[at] != "`":
        if text.startswith("${", at):
            at = _hole_end(text, at + 2)
        else:
            at += 2 if text[at] == "\\" else 1
    return at + 1


def _hole_end(text: str, at: int) -> int:
    """Where the expression ends that began just before `at`."""
    open_braces = 1
    while open_braces:
        if found := _START.match(text, at):
            at = _end(text, found)
            continue
        open_braces += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at
