"""Check digits are those of python-stdnum, for any number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn, verhoeff

from adapters.pii import check_digits
from adapters.pii.national_ids import LETTERED, NUMERIC

DIGITS = st.text(alphabet="0123456789", min_size=2, max_size=19)


@given(DIGITS)
def test_luhn_and_verhoeff(digits: str) -> None:
    assert check_digits.luhn(digits) == luhn.is_valid(digits)
    assert check_digits.verhoeff(digits) == verhoeff.is_valid(digits)


@given(st.text(alphabet="0123456789", min_size=18, max_size=18))
def test_no_check_of_a_country_breaks_on_digits(digits: str) -> None:
    for number in NUMERIC:
        for size in number.sizes:
            assert number.check(digits[:size]) in (True, False)
    for _, check in LETTERED[1:-1]:
        assert check(digits) in (True, False)
