"""Signatures that others made and published: RFC 7515, appendix A. Our check believes them, and nothing near them."""

from __future__ import annotations

import pytest
from jwcrypto.jwk import JWK

from adapters.jose.compact import BadToken
from adapters.jose.outside_tokens import verified

SAID = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
PLAIN = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
RS256 = (
    {"kty": "RSA", "e": "AQAB", "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
        "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV"
        "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    )},
    f"eyJhbGciOiJSUzI1NiJ9.{SAID}."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
    "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
)  # fmt: skip
ES256 = (
    {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
     "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    f"eyJhbGciOiJFUzI1NiJ9.{SAID}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
)  # fmt: skip
HS256 = (
    {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
    f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{SAID}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
)
UNSECURED = f"eyJhbGciOiJub25lIn0.{SAID}."
GOOD = {"RS256": RS256, "ES256": ES256}


@pytest.mark.parametrize("alg", GOOD)
def test_a_published_signature_is_believed_and_each_change_of_it_is_not(alg: str) -> None:
    key, token = GOOD[alg]
    assert verified(token, alg, JWK(**key)) == PLAIN
    for place in range(0, len(token), 5):
        if token[place] != ".":
            with pytest.raises(BadToken):
                verified(f"{token[:place]}{'B' if token[place] == 'A' else 'A'}{token[place + 1 :]}", alg, JWK(**key))


def test_another_algorithm_another_key_or_none_is_not() -> None:
    for key, token, alg in (
        (RS256[0], RS256[1], "ES256"), (ES256[0], RS256[1], "RS256"), (ES256[0], ES256[1], "RS256"),
        (RS256[0], ES256[1], "ES256"), (HS256[0], HS256[1], "RS256"), (RS256[0], HS256[1], "RS256"),
        (RS256[0], UNSECURED, "RS256"), (ES256[0], UNSECURED, "none"), (ES256[0], UNSECURED, "ES256"),
    ):  # fmt: skip
        with pytest.raises(BadToken):
            verified(token, alg, JWK(**key))
