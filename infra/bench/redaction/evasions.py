"""Twelve ways to spell a private value so that a simple pattern misses it."""

from __future__ import annotations

from collections.abc import Callable

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_BOLD = {ord("0") + n: 0x1D7CE + n for n in range(10)}
_CYRILLIC = str.maketrans("aeopcxy", "аеорсху")
_DIGITS = ("card", "iban")


def _between(mark: str) -> Callable[[str], str]:
    return mark.join


def _only_digits(value: str) -> str:
    return "".join(c for c in value if c.isalnum())


def _fours(value: str) -> list[str]:
    plain = _only_digits(value)
    return [plain[n : n + 4] for n in range(0, len(plain), 4)]


EVASIONS: dict[str, tuple[tuple[str, ...], Callable[[str], str]]] = {
    "wide characters": (("card", "iban", "email", "ip"), lambda v: v.translate(_WIDE)),
    "Arabic digits": (_DIGITS, lambda v: v.translate(_ARABIC)),
    "bold mathematical digits": (_DIGITS, lambda v: v.translate(_BOLD)),
    "zero-width spaces": (("card", "iban", "email", "ip"), _between("\u200b")),
    "soft hyphens": (_DIGITS, _between("\u00ad")),
    "no-break spaces": (_DIGITS, lambda v: v.replace(" ", "\u00a0").replace("-", "\u202f")),
    "a space after every character": (_DIGITS, lambda v: " ".join(_only_digits(v))),
    "a dot after every fourth": (_DIGITS, lambda v: ".".join(_fours(v))),
    "en dashes between the groups": (_DIGITS, lambda v: v.replace(" ", "–").replace("-", "–")),
    "Cyrillic look-alikes": (("email",), lambda v: v.translate(_CYRILLIC)),
    "(at) and [dot]": (("email",), lambda v: v.replace("@", " (at) ").replace(".", " [dot] ")),
    "%40 for the at sign": (("email",), lambda v: v.replace("@", "%40")),
}  # fmt: skip
