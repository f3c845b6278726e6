"""Checks of the person numbers that are asked for most, as python-stdnum makes them, in a tenth of its time."""

from __future__ import annotations

from collections.abc import Callable

from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ee import ik
from stdnum.no import fodselsnummer
from stdnum.pl import pesel

from adapters.pii.check_digits import luhn, verhoeff, weighted

Check = Callable[[str], bool]
_NEVER_GIVEN = frozenset({"078051120", "457555462", "219099999"})
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIE = str.maketrans("XYZ", "012")
_MOD_11_10 = tuple({digit: ((check or 10) * 2 % 11 + int(digit)) % 10 for digit in "0123456789"} for check in range(10))


def _asked_first(quick: Check, library: Check) -> Check:
    """A check of ours before the library's, which takes some ten times as long: what ours refuses, the library does."""
    return lambda digits: quick(digits) and bool(library(digits))


def is_ssn(digits: str) -> bool:
    """United States: no checksum, but areas, groups and serials that are never given."""
    return (
        digits[0] != "9"
        and digits[:3] not in ("000", "666")
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and digits not in _NEVER_GIVEN
    )


def is_sin(digits: str) -> bool:
    """Canada."""
    return digits[0] not in "08" and luhn(digits.encode())


def is_idnr(digits: str) -> bool:
    """Germany: of the first ten digits one stands twice or three times; ISO 7064 mod 11, 10."""
    if digits[0] == "0" or not _one_again(digits[:10]):
        return False
    check = 5
    for digit in digits:
        check = _MOD_11_10[check][digit]
    return check == 1


def _one_again(digits: str) -> bool:
    """Nine different ones are one that stands twice; eight are one that stands three times, or two twice."""
    different = len(set(digits))
    return different == 9 or (different == 8 and max(map(digits.count, digits)) == 3)


def is_nir(digits: str) -> bool:
    """France, digits alone."""
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def is_aadhaar(digits: str) -> bool:
    """India."""
    return digits[0] > "1" and verhoeff(digits) and digits != digits[::-1]


def is_dni(text: str) -> bool:
    """Spain: eight digits, and a letter that says what is left of them by 23."""
    text = text.upper().replace("-", "").replace(".", "")
    return _DNI[int(text[:-1]) % 23] == text[-1]


def is_nie(text: str) -> bool:
    """Spain, of foreigners: a letter stands for the first digit."""
    return is_dni(text[0].upper().translate(_NIE) + text[1:])


is_pesel = _asked_first(
    lambda digits: (weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) + int(digits[10])) % 10 == 0, pesel.is_valid
)
"""Poland."""
is_fodselsnummer = _asked_first(
    lambda digits: weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0, fodselsnummer.is_valid
)
"""Norway."""
_CPF = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
is_cpf = _asked_first(lambda digits: weighted(digits, _CPF) % 11 % 10 == int(digits[10]), cpf.is_valid)
"""Brazil."""
is_nn = _asked_first(
    lambda digits: 97 - int(digits[9:]) in (int(digits[:9]) % 97, int("2" + digits[:9]) % 97), nn.is_valid
)
"""Belgium."""
is_ik = _asked_first(lambda digits: digits[0] in "12345678" and "00" < digits[3:5] < "13", ik.is_valid)
"""Estonia and Lithuania."""
