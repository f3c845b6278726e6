"""Luhn's and Verhoeff's checks of numbers that are digits alone: asked of everything that looks like a number."""

from __future__ import annotations

_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_DIHEDRAL = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURN = "1576283094"


def _turned(place: int) -> str:
    digits = "0123456789"
    for _ in range(place):
        digits = "".join(_TURN[int(digit)] for digit in digits)
    return digits


_PRODUCT = tuple(tuple(map(int, row)) for row in _DIHEDRAL)
_PERMUTED = tuple(dict(zip("0123456789", map(int, _turned(place)), strict=True)) for place in range(8)) * 3


def luhn(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1): every second from the right counts double, less nine when that is more."""
    codes = digits.encode()
    return (sum(codes[::-2]) + sum(codes.translate(_DOUBLED)[-2::-2]) - 48 * len(codes)) % 10 == 0


def verhoeff(digits: str) -> bool:
    """Verhoeff's check: the digits' product in the dihedral group of ten, each turned by its place."""
    check = 0
    for permuted, digit in zip(_PERMUTED, reversed(digits), strict=False):
        check = _PRODUCT[check][permuted[digit]]
    return check == 0
