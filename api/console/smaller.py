"""Scripts and styles without what only their readers need, comments and spaces. What people see stays as written."""

from __future__ import annotations

import re

from rcssmin import cssmin
from rjsmin import jsmin

_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`", re.DOTALL)


def smaller(suffix: str, text: str) -> str:
    """A file of this suffix as it is sent."""
    if suffix == ".css":
        return str(cssmin(text))
    return _script(text) if suffix == ".js" else text


def _script(text: str) -> str:
    """Templates within templates are more than the library knows, so that all of them are kept from it."""
    kept, parts, at = list[str](), list[str](), 0
    while found := _TOKEN.search(text, at):
        end = _template_end(text, found.end()) if found[0] == "`" else found.end()
        parts.append(text[at : found.start()])
        if found[0] == "`":
            parts.append(f'"\x01{len(kept)}\x01"')
            kept.append(text[found.start() : end])
        else:
            parts.append(found[0])
        at = end
    small: str = jsmin("".join([*parts, text[at:]]))
    return re.sub('"\x01(\\d+)\x01"', lambda place: kept[int(place[1])], small)


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
        found = _TOKEN.match(text, at)
        if found:
            at = _template_end(text, found.end()) if found[0] == "`" else found.end()
            continue
        open_braces += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at
