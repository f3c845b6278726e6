"""A token of an outside issuer is what that issuer signed for us, by a key that it publishes, or it is nothing."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from jwcrypto.jwk import JWK

from adapters.jose.outside_identity import OidcIdentity
from adapters.jose.outside_issuers import BadIssuers, OutsideIssuer, check_issuers
from adapters.jose.provider import ASK_AGAIN_S, ASKS_A_MINUTE, FRESH_S, STALE_S
from domain.refusals import DependencyUnavailable, Unauthorized
from tests.forge import FromNow, part, unsigned
from tests.identity_provider import IdentityProvider

ACME, GLOBEX = "01977c9e-1111-7000-8000-000000000001", "01977c9e-1111-7000-8000-000000000002"
URL = "https://login.acme.example/realms/a"
PEOPLE = {"ada": {"roles": ["member", "staff"], "groups": ["sales"], "org": "acme"}}
STRANGER = JWK.generate(kty="RSA", size=2048)
SHARED = JWK.generate(kty="oct", size=256)
SMALL = JWK.generate(kty="RSA", size=1024)


def issuer(**changes: Any) -> OutsideIssuer:
    given: dict[str, Any] = {"name": "acme", "issuer": URL, "audience": "colloquy-api", "tenant": ACME}
    return OutsideIssuer(**given | changes)


class Steady:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def trusting(provider: IdentityProvider, *issuers: OutsideIssuer, steady: Steady | None = None) -> OidcIdentity:
    http = httpx.AsyncClient(transport=provider.transport())
    return OidcIdentity(issuers or [issuer()], http, steady=steady or Steady())


@pytest.fixture(scope="module", params=["RS256", "ES256"])
def provider(request: pytest.FixtureRequest) -> IdentityProvider:
    return IdentityProvider(URL, PEOPLE, alg=request.param)


@pytest.fixture(scope="module")
def identity(provider: IdentityProvider) -> OidcIdentity:
    return trusting(provider)


async def test_a_good_token_names_somebody_here(provider: IdentityProvider, identity: OidcIdentity) -> None:
    began = int(time.time())
    found = await identity.verify(provider.token())
    assert (found.tenant, found.name, found.roles, found.groups) == (ACME, "ada", {"member"}, {"sales"})
    assert found.token_id == "o-1" and found.issued_at >= began and found.expires_at >= began + 600
    assert await identity.verify(provider.token(aud=["other", "colloquy-api"])) is not None
    without = await identity.verify(provider.token(jti=None))
    assert without.token_id.startswith("sha256:")


MAPPED: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str, set[str], set[str]]]] = {
    "roles by their values": (
        {"roles": {"staff": "editor", "boss": "admin"}}, {}, (ACME, "ada", {"editor"}, {"sales"}),
    ),
    "roles in an object": (
        {"roles_claim": "realm_access.roles"}, {"realm_access": {"roles": ["auditor"]}},
        (ACME, "ada", {"auditor"}, {"sales"}),
    ),
    "a claim whose name is an address": (
        {"roles_claim": "https://acme.example/roles"}, {"https://acme.example/roles": "member editor"},
        (ACME, "ada", {"member", "editor"}, {"sales"}),
    ),
    "no roles but everybody's": ({"default_roles": ("member",)}, {"roles": None}, (ACME, "ada", {"member"}, {"sales"})),
    "no roles at all": ({}, {"roles": None, "groups": None}, (ACME, "ada", set(), set())),
    "another claim for users": (
        {"user_claim": "email"}, {"email": "ada@acme.example", "email_verified": True},
        (ACME, "ada@acme.example", {"member"}, {"sales"}),
    ),
    "a prefix": ({"user_prefix": "acme:"}, {}, (ACME, "acme:ada", {"member"}, {"sales"})),
    "a tenant by a claim": (
        {"tenant": "", "tenant_claim": "org", "tenants": {"acme": ACME, "globex": GLOBEX}}, {"org": "globex"},
        (GLOBEX, "ada", {"member"}, {"sales"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAPPED.values(), ids=MAPPED.keys())
async def test_claims_mean_what_the_configuration_says(
    provider: IdentityProvider, case: tuple[dict[str, Any], dict[str, Any], tuple[str, str, set[str], set[str]]]
) -> None:
    configured, claims, wanted = case
    one = issuer(**configured)
    check_issuers([one])
    found = await trusting(provider, one).verify(provider.token(**claims))
    assert (found.tenant, found.name, found.roles, found.groups) == wanted


CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "the issuer with a slash": {"iss": URL + "/"},
    "no issuer": {"iss": None},
    "our own issuer": {"iss": "colloquy"},
    "another audience": {"aud": "another"},
    "the audience within another": {"aud": "colloquy-api-2"},
    "no audience": {"aud": None},
    "an audience that is a number": {"aud": [1, "colloquy-api"]},
    "an ID token": {"nonce": "n"},
    "an ID token with a hash": {"at_hash": "h"},
    "expired": {"iat": FromNow(-700), "exp": FromNow(-100)},
    "expired beyond the leeway": {"iat": FromNow(-700), "exp": FromNow(-31)},
    "from the future": {"iat": FromNow(300), "exp": FromNow(600)},
    "not yet": {"nbf": FromNow(300)},
    "good for ever": {"exp": FromNow(100 * 365 * 86_400)},
    "no exp": {"exp": None},
    "no iat": {"iat": None},
    "exp a text": {"exp": "9999999999"},
    "exp a fraction": {"exp": FromNow(600.5)},
    "exp before iat": {"exp": FromNow(-1)},
    "nbf true": {"nbf": True},
    "no user": {"sub": None},
    "a user that is a number": {"sub": 7},
    "a user too long": {"sub": "a" * 201},
    "a user with NUL": {"sub": "a\0b"},
    "a user like a pseudonym": {"sub": "~" + "a2" * 13},
    "roles of numbers": {"roles": [1]},
    "roles an object": {"roles": {"member": True}},
    "too many roles": {"roles": ["member"] * 501},
    "groups of objects": {"groups": [{}]},
    "jti a number": {"jti": 1},
    "jti empty": {"jti": ""},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS.keys())
async def test_hostile_claims_are_refused(
    provider: IdentityProvider, identity: OidcIdentity, changes: dict[str, Any]
) -> None:
    with pytest.raises(Unauthorized):
        await identity.verify(provider.token(**changes))


def public(key: JWK) -> dict[str, Any]:
    return dict(key.export_public(as_dict=True))


def by_public_key(p: IdentityProvider) -> str:
    """Signed with HMAC by the text of the issuer's own public key (CVE-2015-9235)."""
    pem = next(iter(p.keys.values())).export_to_pem()
    shared = JWK(kty="oct", k=base64.urlsafe_b64encode(pem).rstrip(b"=").decode())
    return p.sign(p.claims("ada"), key=shared, alg="HS256")


def without_signature(p: IdentityProvider) -> str:
    return p.token().rsplit(".", 1)[0] + "."


def changed(p: IdentityProvider) -> str:
    """Another role under the signature of a good token."""
    header, _, signature = p.token().split(".")
    return f"{header}.{part(p.claims('ada', roles=['admin']))}.{signature}"


TOKENS: dict[str, Callable[[IdentityProvider], str]] = {
    "alg none": lambda p: unsigned(p.claims("ada")),
    "no signature": without_signature,
    "a signature of zeros": lambda p: p.token().rsplit(".", 1)[0] + "." + "A" * 86,
    "changed claims": changed,
    "the public key as a shared secret": by_public_key,
    "a shared secret": lambda p: p.sign(p.claims("ada"), key=SHARED, alg="HS256"),
    "a stranger's key under a known kid": lambda p: p.sign(p.claims("ada"), key=STRANGER, alg="RS256"),
    "an unknown kid": lambda p: p.sign(p.claims("ada"), kid="../../keys"),
    "no kid": lambda p: p.sign(p.claims("ada"), kid=None),
    "kid a number": lambda p: p.sign(p.claims("ada"), kid=1),
    "a key in the header": lambda p: p.sign(p.claims("ada"), key=STRANGER, alg="RS256", jwk=public(STRANGER)),
    "an address of keys": lambda p: p.sign(p.claims("ada"), jku=f"{URL}/keys"),
    "a certificate's address": lambda p: p.sign(p.claims("ada"), x5u=f"{URL}/cert"),
    "a certificate": lambda p: p.sign(p.claims("ada"), x5c=["MIIB"]),
    "crit": lambda p: p.sign(p.claims("ada"), crit=["b64"], b64=True),
    "compressed": lambda p: p.sign(p.claims("ada"), zip="DEF"),
    "another hash": lambda p: p.sign(p.claims("ada"), key=STRANGER, alg="RS384"),
    "another padding": lambda p: p.sign(p.claims("ada"), key=STRANGER, alg="PS256"),
    "a small key": lambda p: p.sign(p.claims("ada"), key=SMALL, alg="RS256"),
    "typ of something else": lambda p: p.sign(p.claims("ada"), typ="logout+jwt"),
    "typ a number": lambda p: p.sign(p.claims("ada"), typ=1),
    "claims twice": lambda p: p.sign(json.dumps(p.claims("ada"))[:-1] + ', "roles": ["admin"]}'),
    "claims a list": lambda p: p.sign("[]"),
    "claims no JSON": lambda p: p.sign("{"),
    "exp NaN": lambda p: p.sign(json.dumps(p.claims("ada", exp=float("nan")))),
    "claims too deep": lambda p: p.sign("[" * 3000 + "]" * 3000),
    "padded": lambda p: p.token() + "=",
    "a line end": lambda p: p.token() + "\n",
    "the other alphabet": lambda p: p.token() + "+",
    "four parts": lambda p: p.token() + ".AA",
    "9 KiB": lambda p: p.token(pad="x" * 9_000),
    "dots": lambda p: "..",
    "JSON serialisation": lambda p: json.dumps({"payload": part(p.claims("ada")), "signatures": []}),
}


@pytest.mark.parametrize("make", TOKENS.values(), ids=TOKENS.keys())
async def test_hostile_tokens_are_refused(
    provider: IdentityProvider, identity: OidcIdentity, make: Callable[[IdentityProvider], str]
) -> None:
    with pytest.raises(Unauthorized):
        await identity.verify(make(provider))


async def test_every_single_bit_of_a_signature_and_of_what_it_signs_counts(provider: IdentityProvider) -> None:
    """In the way of public vectors: each place of a good token changed once is refused."""
    one, token = trusting(provider), provider.token()
    assert await one.verify(token)
    believed = []
    for place in range(0, len(token), 7):
        other = "B" if token[place] == "A" else "A"
        if token[place] != ".":
            try:
                await one.verify(token[:place] + other + token[place + 1 :])
                believed.append(place)
            except Unauthorized:
                pass
    assert believed == []


KEYS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "for encryption": lambda key: key | {"use": "enc"},
    "of another algorithm": lambda key: key | {"alg": "RS512"},
    "of another kind": lambda key: key | {"kty": "oct", "k": "AAAA"},
    "without a kid": lambda key: {name: value for name, value in key.items() if name != "kid"},
    "with a small modulus": lambda key: public(SMALL) | {"kid": key["kid"], "kty": "RSA"},
    "without its numbers": lambda key: {"kty": key["kty"], "kid": key["kid"]},
    "no object": lambda key: [key],  # type: ignore[dict-item, return-value]
}


@pytest.mark.parametrize("spoil", KEYS.values(), ids=KEYS.keys())
async def test_a_published_key_that_signs_nothing_here_is_no_key(
    spoil: Callable[[dict[str, Any]], dict[str, Any]], provider: IdentityProvider
) -> None:
    spoiled = IdentityProvider(URL, PEOPLE, alg=provider.alg)
    spoiled.published = [spoil(one) for one in spoiled._published()]
    with pytest.raises(Unauthorized):
        await trusting(spoiled).verify(spoiled.token())


async def test_a_new_key_is_found_at_once_and_invented_ones_make_no_storm() -> None:
    provider, steady = IdentityProvider(URL, PEOPLE, alg="ES256"), Steady()
    identity = trusting(provider, steady=steady)
    await identity.verify(provider.token())
    provider.rotate()
    assert await identity.verify(provider.token())
    for number in range(50):
        with pytest.raises(Unauthorized):
            await identity.verify(provider.sign(provider.claims("ada"), kid=f"k-{number}"))
    assert provider.asked["/keys"] == ASKS_A_MINUTE
    steady.at += 60 / ASKS_A_MINUTE
    provider.rotate()
    assert await identity.verify(provider.token())
    assert provider.asked["/keys"] == ASKS_A_MINUTE + 1


async def test_a_key_that_its_issuer_took_away_ends_and_the_last_known_outlive_a_pause_of_it() -> None:
    provider, steady = IdentityProvider(URL, PEOPLE, alg="ES256"), Steady()
    identity, token = trusting(provider, steady=steady), provider.token()
    await identity.verify(token)
    provider.away = True
    steady.at += FRESH_S + ASK_AGAIN_S
    assert await identity.verify(token)
    provider.away = False
    provider.rotate(keep=False)
    steady.at += ASK_AGAIN_S
    assert await identity.verify(provider.token())
    with pytest.raises(Unauthorized):
        await identity.verify(token)
    provider.away = True
    steady.at += STALE_S
    with pytest.raises(DependencyUnavailable):
        await identity.verify(provider.token())


WRONG: dict[str, dict[str, Any]] = {
    "of another issuer": {"issuer": "https://evil.example"},
    "keys by http": {"jwks_uri": "http://login.acme.example/keys"},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "keys by somebody's name": {"jwks_uri": "https://user@login.acme.example/keys"},
    "no address of keys": {"jwks_uri": None},
    "a token endpoint by http": {"token_endpoint": "http://login.acme.example/token"},
}


@pytest.mark.parametrize("configuration", WRONG.values(), ids=WRONG.keys())
async def test_a_configuration_that_cannot_be_trusted_is_none(configuration: dict[str, Any]) -> None:
    provider = IdentityProvider(URL, PEOPLE, alg="ES256")
    provider.configuration = configuration
    with pytest.raises(DependencyUnavailable):
        await trusting(provider).verify(provider.token())
    assert provider.asked["/keys"] == 0


async def test_tokens_of_one_issuer_are_not_those_of_another() -> None:
    """Each signs for itself alone, although both are trusted, and neither for a tenant that is not its own."""
    one, other = IdentityProvider(URL, PEOPLE, alg="ES256"), IdentityProvider("https://b.example", PEOPLE, alg="ES256")

    def both(request: httpx.Request) -> httpx.Response:
        provider = one if str(request.url).startswith(URL) else other
        status, headers, body = provider.answer(request.method, str(request.url), request.headers, b"")
        return httpx.Response(status, headers=headers, content=body)

    second = issuer(name="b", issuer="https://b.example", tenant=GLOBEX)
    identity = OidcIdentity([issuer(), second], httpx.AsyncClient(transport=httpx.MockTransport(both)))
    assert (await identity.verify(one.token())).tenant == ACME
    assert (await identity.verify(other.token(tenant=ACME))).tenant == GLOBEX
    with pytest.raises(Unauthorized):
        await identity.verify(other.token(iss=URL))


BAD: dict[str, list[dict[str, Any]]] = {
    "by http": [{"issuer": "http://login.acme.example"}],
    "with a name that is none": [{"name": "A/B"}],
    "with no tenant": [{"tenant": ""}],
    "with a tenant that is no id": [{"tenant": "acme"}],
    "with two ways to a tenant": [{"tenant_claim": "org", "tenants": {"a": ACME}}],
    "with a claim and no tenants": [{"tenant": "", "tenant_claim": "org"}],
    "with a role that there is not": [{"roles": {"boss": "root"}}],
    "with everybody something else": [{"default_roles": ("root",)}],
    "for nobody": [{"audience": ""}],
    "without openid": [{"client_id": "c", "scopes": ("email",)}],
    "twice": [{}, {"name": "b"}],
    "two of one name": [{}, {"issuer": "https://b.example", "tenant": GLOBEX}],
    "two that could speak for the same user": [{}, {"name": "b", "issuer": "https://b.example"}],
    "one whose prefix begins another's": [
        {"user_prefix": "a"}, {"name": "b", "issuer": "https://b.example", "user_prefix": "ab"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("issuers", BAD.values(), ids=BAD.keys())
def test_a_file_of_issuers_that_cannot_be_is_refused(issuers: list[dict[str, Any]]) -> None:
    with pytest.raises(BadIssuers):
        check_issuers([issuer(**one) for one in issuers])


def test_two_issuers_may_share_a_tenant_when_their_users_are_apart() -> None:
    check_issuers(
        [issuer(user_prefix="a:"), issuer(name="b", issuer="http://127.0.0.1:9/b", user_prefix="b:", client_id="c")]
    )
