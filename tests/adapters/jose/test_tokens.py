"""A token is what the issuer made, spelled as the issuer spelled it, or it is nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from adapters.jose.claims import ClaimRules
from adapters.jose.issuer import JoseTokenIssuer
from adapters.jose.key_file import SIGNS_AFTER_S, KeyFile, create_key_file, read_keys, rotate_key_file
from adapters.jose.verifier import JoseTokenVerifier
from domain.refusals import Unauthorized
from tests.forge import TENANT, Forger, FromNow, good_claims, part, unsigned

RULES = ClaimRules("colloquy", "colloquy", 900)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SHARED_SECRET = JWK.generate(kty="oct", size=256)
STRANGER = JWK.generate(kty="EC", crv="P-256")
OUTSIDER_RSA = JWK.generate(kty="RSA", size=2048)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    create_key_file(path)
    return path


@pytest.fixture(scope="module")
def verifier(key_file: Path) -> JoseTokenVerifier:
    return JoseTokenVerifier(KeyFile(key_file), RULES)


@pytest.fixture(scope="module")
def issuer(key_file: Path) -> JoseTokenIssuer:
    return JoseTokenIssuer(KeyFile(key_file), RULES)


@pytest.fixture(scope="module")
def forger(key_file: Path) -> Forger:
    return Forger(read_keys(key_file))


def issued(issuer: JoseTokenIssuer, **changes: Any) -> str:
    wish: dict[str, Any] = {"tenant": TENANT, "user": "ada", "roles": ["member"], "ttl_s": 600} | changes
    return issuer.issue(**wish).token


def spare_bits(token: str) -> str:
    """The same bytes, another last character."""
    parts = token.split(".")
    for number, text in enumerate(parts):
        if len(text) % 4 in (2, 3):
            parts[number] = text[:-1] + ALPHABET[ALPHABET.index(text[-1]) ^ 1]
            return ".".join(parts)
    raise AssertionError("no part has spare bits")


def padded(token: str, number: int = -1) -> str:
    parts = token.split(".")
    parts[number] += "=" * (-len(parts[number]) % 4 or 4)
    return ".".join(parts)


def flipped(token: str, number: int) -> str:
    parts = token.split(".")
    parts[number] = ("B" if parts[number][0] == "A" else "A") + parts[number][1:]
    return ".".join(parts)


def test_what_was_issued_is_believed(issuer: JoseTokenIssuer, verifier: JoseTokenVerifier) -> None:
    principal = verifier.verify(issued(issuer, roles=["member", "editor"]))
    assert (principal.tenant, principal.name) == (TENANT, "ada")
    assert principal.roles == {"member", "editor"}
    assert principal.token_id


def test_a_life_beyond_the_cap_is_capped(issuer: JoseTokenIssuer, verifier: JoseTokenVerifier) -> None:
    made = issuer.issue(tenant=TENANT, user="ada", roles=["member"], ttl_s=10**9)
    assert made.expires_at <= time.time() + 900
    assert verifier.verify(made.token).expires_at == made.expires_at


@pytest.mark.parametrize("wish", [{"tenant": "a/b"}, {"user": ""}, {"user": "x\n"}, {"ttl_s": 0}, {"tenant": "A" * 36}])
def test_a_token_that_would_be_refused_is_not_made(issuer: JoseTokenIssuer, wish: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no token can be made"):
        issued(issuer, **wish)


def test_the_platform_has_tokens_too(issuer: JoseTokenIssuer, verifier: JoseTokenVerifier) -> None:
    identity = verifier.verify(issued(issuer, tenant="_platform", roles=["operator"]))
    assert (identity.tenant, identity.roles) == ("_platform", {"operator"})


CLAIMS: dict[str, dict[str, Any]] = {
    "a pseudonym's look": {"sub": "~" + "a2" * 13},
    "no tenant": {"tenant": None},
    "tenant a list": {"tenant": [TENANT]},
    "tenant an object": {"tenant": {"id": TENANT}},
    "tenant empty": {"tenant": ""},
    "tenant a path": {"tenant": f"{TENANT}/session/x"},
    "tenant in capitals": {"tenant": "01977C9E-1111-7000-8000-000000000001"},
    "tenant with a line end": {"tenant": f"{TENANT}\n"},
    "no subject": {"sub": None},
    "subject a number": {"sub": 7},
    "subject with NUL": {"sub": "a\0b"},
    "subject too long": {"sub": "a" * 201},
    "no roles": {"roles": None},
    "roles a text": {"roles": "admin"},
    "roles of numbers": {"roles": [1]},
    "too many roles": {"roles": ["member"] * 17},
    "groups a text": {"groups": "sales"},
    "groups of numbers": {"groups": [1]},
    "too many groups": {"groups": ["g"] * 101},
    "no jti": {"jti": None},
    "jti a number": {"jti": 1},
    "another issuer": {"iss": "evil"},
    "another audience": {"aud": "evil"},
    "a list of audiences": {"aud": ["colloquy"]},
    "no exp": {"exp": None},
    "exp a text": {"exp": "9999999999"},
    "exp a fraction": {"exp": FromNow(600.5)},
    "exp true": {"exp": True},
    "exp in 100 years": {"exp": FromNow(100 * 365 * 86_400)},
    "exp 2**70": {"exp": 2**70},
    "exp negative": {"exp": -1},
    "expired": {"iat": FromNow(-700), "nbf": FromNow(-700), "exp": FromNow(-100)},
    "expired beyond the leeway": {"iat": FromNow(-700), "nbf": FromNow(-700), "exp": FromNow(-31)},
    "exp before iat": {"exp": FromNow(-1)},
    "no iat": {"iat": None},
    "iat in 2100": {"iat": 4_102_444_800, "nbf": 4_102_444_800, "exp": 4_102_445_000},
    "iat before exp by more than the cap": {"iat": FromNow(-901), "exp": FromNow(600)},
    "no nbf": {"nbf": None},
    "not yet": {"nbf": FromNow(300)},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS.keys())
def test_hostile_claims_are_refused(forger: Forger, verifier: JoseTokenVerifier, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(forger.token(**changes))


def test_a_clock_may_be_half_a_minute_off(forger: Forger, verifier: JoseTokenVerifier) -> None:
    now = int(time.time())
    verifier.verify(forger.token(iat=now - 600, nbf=now - 600, exp=now - 10))
    verifier.verify(forger.token(iat=now + 20, nbf=now + 20, exp=now + 600))


TOKENS: dict[str, Callable[[Forger], str]] = {
    # Outer header
    "compressed": lambda f: f.seal(f.sign(good_claims()), zip="DEF"),
    "a bomb": lambda f: f.seal(b"A" * 50_000_000, zip="DEF"),
    "no cty": lambda f: f.seal(f.sign(good_claims()), cty=None),
    "another cty": lambda f: f.seal(f.sign(good_claims()), cty="jwt"),
    "more in the outer header": lambda f: f.seal(f.sign(good_claims()), typ="JWT"),
    "a key address in the outer header": lambda f: f.seal(f.sign(good_claims()), jku="https://evil.example/"),
    "no outer kid": lambda f: f.seal(f.sign(good_claims()), kid=None),
    "unknown outer kid": lambda f: f.seal(f.sign(good_claims()), kid="../../etc/passwd"),
    "outer kid a number": lambda f: f.seal(f.sign(good_claims()), kid=1),
    "another key under our kid": lambda f: f.seal(f.sign(good_claims()), key=SHARED_SECRET),
    "encrypted to a public key": lambda f: f.seal(f.sign(good_claims()), alg="RSA-OAEP-256", key=OUTSIDER_RSA),
    "a wrapped key": lambda f: f.seal(f.sign(good_claims()), alg="A256KW", key=SHARED_SECRET),
    "another encryption": lambda f: f.seal(f.sign(good_claims()), enc="A128GCM", key=JWK.generate(kty="oct", size=128)),
    # Inner token
    "claims that nobody signed": lambda f: f.seal(json.dumps(good_claims())),
    "alg none": lambda f: f.seal(unsigned(good_claims())),
    "a shared secret": lambda f: f.seal(f.sign(good_claims(), key=SHARED_SECRET, alg="HS256")),
    "a stranger's signature": lambda f: f.seal(f.sign(good_claims(), key=STRANGER)),
    "an ID token": lambda f: f.seal(f.sign(good_claims(), typ="JWT")),
    "no typ": lambda f: f.seal(f.sign(good_claims(), typ=None)),
    "no inner kid": lambda f: f.seal(f.sign(good_claims(), kid=None)),
    "the encryption key's kid inside": lambda f: f.seal(f.sign(good_claims(), kid=f.encryption_id)),
    "a key in the inner header": lambda f: f.seal(
        f.sign(good_claims(), key=STRANGER, jwk=STRANGER.export_public(as_dict=True))
    ),
    "crit": lambda f: f.seal(f.sign(good_claims(), crit=["b64"], b64=True)),
    "an inner token in JSON": lambda f: f.seal(json.dumps({"payload": part(good_claims()), "signatures": []})),
    "a token in a token": lambda f: f.seal(f.token()),
    "padding inside": lambda f: f.seal(padded(f.sign(good_claims()), 1)),
    "spare bits inside": lambda f: f.seal(spare_bits(f.sign(good_claims()))),
    # The text of the claims
    "tenant twice": lambda f: f.raw(json.dumps(good_claims())[:-1] + ', "tenant": "victim"}'),
    "exp 1e400": lambda f: f.raw(json.dumps(good_claims()).replace(f'"exp": {good_claims()["exp"]}', '"exp": 1e400')),
    "exp NaN": lambda f: f.raw(json.dumps(good_claims(exp=float("nan")))),
    "exp of 5,000 digits": lambda f: f.raw(json.dumps(good_claims(exp=0)).replace('"exp": 0', '"exp": ' + "9" * 5000)),
    "claims too deep": lambda f: f.raw("[" * 3000 + "]" * 3000),
    "claims a list": lambda f: f.raw("[]"),
    "claims no JSON": lambda f: f.raw("{"),
    "claims no UTF-8": lambda f: f.raw("\ud800"),
    "no claims": lambda f: f.raw("{}"),
    # Spelling
    "padded": lambda f: padded(f.token()),
    "padded in the middle": lambda f: padded(f.token(), 3),
    "spare bits": lambda f: spare_bits(f.token()),
    "white space": lambda f: f"{f.token()} ",
    "a line end": lambda f: f"{f.token()}\n",
    "the other alphabet": lambda f: f.token() + "+",
    "letters of another script": lambda f: f.token()[:-1] + "\u0430",
    "four parts": lambda f: f.token().rsplit(".", 1)[0],
    "six parts": lambda f: f.token() + ".AA",
    "the inner token alone": lambda f: f.sign(good_claims()),
    "an encrypted key where none belongs": lambda f: f.token().replace("..", ".AAAA."),
    "a shorter tag": lambda f: f.token()[:-6],
    "a changed header": lambda f: flipped(f.token(), 0),
    "a changed nonce": lambda f: flipped(f.token(), 2),
    "a changed body": lambda f: flipped(f.token(), 3),
    "a changed tag": lambda f: flipped(f.token(), 4),
    "9 KiB": lambda f: f.token(pad="x" * 6_000),
    "50 MB of header": lambda f: "A" * 50_000_000 + "....",
    "empty": lambda f: "",
    "dots": lambda f: "....",
}


@pytest.mark.parametrize("make", TOKENS.values(), ids=TOKENS.keys())
def test_hostile_tokens_are_refused(forger: Forger, verifier: JoseTokenVerifier, make: Callable[[Forger], str]) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(make(forger))


def test_the_forger_can_make_good_tokens(forger: Forger, verifier: JoseTokenVerifier) -> None:
    """Otherwise the tests above would prove nothing."""
    assert verifier.verify(forger.token()).tenant == TENANT


def test_the_key_file_is_its_owners(key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    before = key_file.read_bytes()
    create_key_file(key_file)
    assert key_file.read_bytes() == before


def test_rotation_keeps_the_keys_before_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    keys = KeyFile(path, look_again_s=0.0)
    issuer, verifier = JoseTokenIssuer(keys, RULES), JoseTokenVerifier(keys, RULES)
    first = issued(issuer)
    rotate_key_file(path)
    second = issued(issuer)
    assert verifier.verify(first).name == verifier.verify(second).name == "ada"
    rotate_key_file(path)
    assert verifier.verify(second).name == "ada"
    with pytest.raises(Unauthorized):
        verifier.verify(first)


def test_a_token_seen_before_ends_when_its_time_or_its_keys_end(tmp_path: Path) -> None:
    create_key_file(tmp_path / "keys.json")
    keys, now = KeyFile(tmp_path / "keys.json", look_again_s=0), [time.time()]
    token = issued(JoseTokenIssuer(keys, RULES), ttl_s=600)
    verifier = JoseTokenVerifier(keys, RULES, lambda: now[0])
    believed = verifier.verify(token)
    assert verifier.verify(token) == believed
    now[0] += 660
    with pytest.raises(Unauthorized, match="expired"):
        verifier.verify(token)
    now[0] -= 660
    assert verifier.verify(token) == believed
    rotate_key_file(tmp_path / "keys.json")
    assert verifier.verify(token) == believed
    rotate_key_file(tmp_path / "keys.json")
    with pytest.raises(Unauthorized):
        verifier.verify(token)


def test_a_key_file_that_is_away_signs_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    keys = KeyFile(path, look_again_s=0.0)
    issuer, verifier = JoseTokenIssuer(keys, RULES), JoseTokenVerifier(keys, RULES)
    path.unlink()
    assert verifier.verify(issued(issuer)).name == "ada"


def test_keys_say_when_they_were_made_and_old_files_when_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    stored = json.loads(path.read_bytes())
    path.write_text(json.dumps(stored | {"made_at": 1_000}))
    assert KeyFile(path).keys().made_at == 1_000
    rotate_key_file(path)
    assert KeyFile(path).keys().made_at > 1_700_000_000
    path.write_text(json.dumps({name: stored[name] for name in ("signing", "encryption")}))
    os.utime(path, (2_000, 2_000))
    assert KeyFile(path).keys().made_at == 2_000


def folder_of_keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    rotate_key_file(folder)
    return folder


def test_a_folder_is_rotated_without_a_moment_in_which_a_token_is_refused(tmp_path: Path) -> None:
    folder, at = folder_of_keys(tmp_path), [time.time() + 1]
    here, there = (KeyFile(folder, today=lambda: at[0]) for _ in range(2))
    issuer, verifier = JoseTokenIssuer(here, RULES), JoseTokenVerifier(there, RULES)
    first = issued(issuer)
    signing = next(iter(here.keys().signing))
    rotate_key_file(folder)
    assert next(iter(here.keys(at_once=True).signing)) == signing, "the new set is believed before it signs"
    assert len(here.keys().signing) == 2
    at[0] += SIGNS_AFTER_S
    assert next(iter(here.keys(at_once=True).signing)) != signing
    # `there` looked less than a second ago, and knows nothing of the new set.
    assert [verifier.verify(one).name for one in (first, issued(issuer))] == ["ada", "ada"]
    for _ in range(2):
        rotate_key_file(folder)
    assert len(list(folder.glob("*.json"))) == 3
    there.keys(at_once=True)
    with pytest.raises(Unauthorized):
        verifier.verify(first)


def test_a_token_of_a_key_that_was_put_there_a_moment_ago_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    verifier = JoseTokenVerifier(KeyFile(path), RULES)
    rotate_key_file(path)
    assert verifier.verify(issued(JoseTokenIssuer(KeyFile(path), RULES))).name == "ada"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"signing": [], "encryption": []}', '{"signing": 1}'])
def test_a_file_that_holds_no_keys_is_said_to_and_takes_nobodys_away(tmp_path: Path, content: str) -> None:
    folder = folder_of_keys(tmp_path)
    keys = KeyFile(folder)
    (folder / "keys-9.json").write_text(content)
    assert keys.keys(at_once=True).signing
    with pytest.raises(ValueError, match=r"keys-9\.json"):
        KeyFile(folder)
    with pytest.raises(ValueError, match="holds no files"):
        KeyFile(tmp_path)
