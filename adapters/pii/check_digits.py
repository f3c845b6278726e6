"""Luhn's and Verhoeff's checks of numbers that are digits alone: asked of everything that looks like a number."""

from __future__ import annotations

from operator import mul

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


_PERMUTED = tuple(_turned(place) for place in range(8))


def _moved(place: int, digit: str, check: int) -> int:
    return int(_DIHEDRAL[check][int(_PERMUTED[place % 8][int(digit)])])


_PAIRS = tuple(
    {digits: tuple(_moved(place + 1, digits[0], _moved(place, digits[-1], check)) if digits[1:]
                   else _moved(place, digits, check) for check in range(10))
     for digits in (*map(str, range(10)), *(f"{pair:02}" for pair in range(100)))}
    for place in (0, 2, 4, 6)
)  # fmt: skip
"""What one or two digits at a place make of the product so far."""


def luhn(codes: bytes) -> bool:
    """Luhn (ISO/IEC 7812-1): every second from the right counts double, less nine if that is more."""
    return (sum(codes[::-2]) + sum(codes.translate(_DOUBLED)[-2::-2]) - 48 * len(codes)) % 10 == 0


def verhoeff(digits: str) -> bool:
    """Verhoeff's check: the digits' product in the dihedral group of ten, each turned by its place."""
    check = place = 0
    for end in range(len(digits), 1, -2):
        check = _PAIRS[place][digits[end - 2 : end]][check]
        place = (place + 1) & 3
    if len(digits) % 2:
        check = _PAIRS[place][digits[0]][check]
    return check == 0


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of the first digits, each times its weight."""
    return sum(map(mul, weights, map(int, digits)))
