"""Check digits are those of python-stdnum, for any number."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn, verhoeff
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.us import ssn

from adapters.pii import check_digits, payment
from adapters.pii import person_numbers as ours
from adapters.pii.national_ids import LETTERED, NUMERIC

DIGITS = st.text(alphabet="0123456789", min_size=2, max_size=19)


@given(DIGITS)
def test_luhn_and_verhoeff(digits: str) -> None:
    assert check_digits.luhn(digits.encode()) == luhn.is_valid(digits)
    assert check_digits.verhoeff(digits) == verhoeff.is_valid(digits)


@given(st.text(alphabet="0123456789", min_size=18, max_size=18))
def test_no_check_of_a_country_breaks_on_digits(digits: str) -> None:
    for number in NUMERIC:
        for size in number.sizes:
            assert number.check(digits[:size]) in (True, False)
    for _, check in LETTERED[1:-1]:
        assert check(digits) in (True, False)


PAIRS = (
    ("536904399", ours.is_ssn, ssn), ("123456782", ours.is_sin, sin), ("36574261809", ours.is_idnr, idnr),
    ("255081416802538", ours.is_nir, nir), ("234123412346", ours.is_aadhaar, aadhaar),
    ("44051401359", ours.is_pesel, pesel), ("15108695088", ours.is_fodselsnummer, fodselsnummer),
    ("52998224725", ours.is_cpf, cpf), ("85073003328", ours.is_nn, nn), ("36805280109", ours.is_ik, ik),
)  # fmt: skip


def test_a_check_of_ours_says_what_the_library_says() -> None:
    """Of numbers that are nearly right, so that both answers come: all of the last two digits behind drawn ones."""
    draw = random.Random(5)
    for known, check, library in PAIRS:
        said = set()
        for turn in range(30):
            dated = "".join(draw.choices("0123456789", k=4)) + f"{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}"
            begin = "".join(draw.sample("1234567890", 10)) if turn % 2 else dated
            begin = (begin + "".join(draw.choices("0123456789", k=8)))[: len(known) - 2] if turn else known[:-2]
            for end in range(0, 100, 1 + turn % 3 * 2):
                number = f"{begin}{end:02}"
                said.add(check(number))
                assert check(number) == library.is_valid(number), number
        assert said == {True, False}, library
    for drawn in draw.sample(range(10**7), 100):
        for letter in "TRWAGMYFPDXBNJZSQVHLCKE":
            assert ours.is_dni(f"1{drawn:07}{letter}") == dni.is_valid(f"1{drawn:07}{letter}")
            assert ours.is_nie(f"y{drawn:07}{letter}") == nie.is_valid(f"Y{drawn:07}{letter}")


def test_no_issuer_is_left_out_by_its_first_digits() -> None:
    for first in range(10_000, 100_000, 3):
        if any(payment._ISSUERS.fullmatch(f"{first}{'0' * (size - 5)}") for size in range(13, 20)):
            assert f"{first}"[:2].encode() in payment._FIRST_DIGITS
