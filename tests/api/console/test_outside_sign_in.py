"""Signing in to the console at a provider: to its page and back, once, by the browser that was sent there."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.jose.outside_identity import OidcIdentity
from adapters.jose.outside_issuers import OutsideIssuer
from api.services import Services
from tests.api.harness import TENANT, asgi, bearer, make_services, operator
from tests.identity_provider import CLIENT, SECRET, IdentityProvider

URL = "https://login.acme.example/a"
PEOPLE: dict[str, dict[str, Any]] = {"ada": {"roles": ["member", "analyst"]}, "eve": {"roles": "nobody"}}
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider(URL, PEOPLE, alg="ES256", secret=SECRET)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, provider: IdentityProvider) -> Services:
    acme = OutsideIssuer(
        name="acme",
        title="Acme <&> Sons",
        issuer=URL,
        tenant=TENANT,
        client_id=CLIENT,
        client_secret=SECRET,
        audience="colloquy-api",
    )
    other = OutsideIssuer(name="other", issuer="https://other.example", tenant=TENANT, user_prefix="o:", client_id="c")
    outside = OidcIdentity([acme, other], httpx.AsyncClient(transport=provider.transport()))
    return make_services(tmp_path_factory.mktemp("data"), outside=outside)


@pytest.fixture
def browser(services: Services) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy")


def onward(page: httpx.Response) -> str:
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert found, page.text
    return found[1].replace("&amp;", "&")


async def leave(browser: httpx.AsyncClient, name: str = "acme") -> str:
    """Where the browser is sent to."""
    page = await browser.get(f"/console/sign-in/with/{name}", headers=OURS)
    assert page.status_code == 200, page.text
    return onward(page)


async def come_back(browser: httpx.AsyncClient, said: dict[str, str], name: str = "acme") -> httpx.Response:
    return await browser.get(f"/console/sign-in/from/{name}", params=said, headers={"sec-fetch-site": "cross-site"})


async def test_there_and_back_is_signed_in(browser: httpx.AsyncClient, provider: IdentityProvider) -> None:
    page = await browser.get("/console/sign-in")
    assert "Sign in with Acme &lt;&amp;&gt; Sons" in page.text and "Sign in with other.example" in page.text
    there = await leave(browser)
    asked = {key: values[0] for key, values in parse_qs(urlsplit(there).query).items()}
    assert there.startswith(f"{URL}/authorize?") and asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://colloquy/console/sign-in/from/acme" and asked["response_type"] == "code"
    back = await come_back(browser, provider.code_for("ada", there))
    assert (back.status_code, onward(back)) == (200, "/console")
    cookie = back.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    first = await browser.get("/console", follow_redirects=True)
    assert first.status_code == 200 and 'data-csrf="' in first.text and "ada" in first.text
    assert [
        link for link in ("/console/chat", "/console/costs", "/console/audit") if f'href="{link}"' in first.text
    ] == [
        "/console/chat",
        "/console/costs",
    ]
    csrf = re.search(r'data-csrf="([^"]+)"', first.text)
    assert csrf is not None
    ours = {"x-colloquy-csrf": csrf[1], "origin": "http://colloquy"}
    assert (await browser.post("/console/api/v1/ws-tickets", headers=ours)).status_code == 200


async def test_a_page_of_another_site_begins_nothing(browser: httpx.AsyncClient) -> None:
    for site in ("cross-site", "same-site", "none"):
        page = await browser.get("/console/sign-in/with/acme", headers={"sec-fetch-site": site})
        assert onward(page) == "/console/sign-in" and "set-cookie" not in page.headers


async def refused(browser: httpx.AsyncClient, said: dict[str, str], name: str = "acme") -> bool:
    back = await come_back(browser, said, name)
    signed_in = "set-cookie" in back.headers or (await browser.get("/console")).status_code != 303
    assert signed_in or (back.status_code == 401 and "You were not signed in" in back.text)
    return not signed_in


async def test_an_answer_is_good_for_the_browser_and_the_attempt_that_asked_for_it(
    services: Services, browser: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    stranger = httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy")
    said = provider.code_for("ada", await leave(browser))
    assert await refused(stranger, said)  # who was sent an attacker's answer asked for none
    await leave(stranger)
    assert await refused(stranger, said)  # and whoever asked for another does not take it either
    for changes in (
        {"state": "x"},
        {"state": "\u00e9"},
        {"state": ""},
        {"code": ""},
        {"code": "x" * 3_000},
        {"iss": "https://evil.example"},
        {"iss": ""},
    ):
        assert await refused(browser, said | changes), changes
    assert await refused(browser, said, "other")
    assert await refused(browser, {"error": "access_denied", "state": said["state"]})
    assert not await refused(browser, said)
    again = httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy", cookies=browser.cookies)
    assert (await come_back(again, said)).status_code == 401  # a code is good once


SPOILED: dict[str, dict[str, Any]] = {
    "of another attempt": {"nonce": "another"},
    "without a nonce": {"nonce": None},
    "for another client": {"aud": "another"},
    "for several, and asked for by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "for several, and nobody says for whom": {"aud": [CLIENT, "another"]},
    "asked for by another": {"azp": "another"},
    "of another issuer": {"iss": "https://evil.example"},
    "that has expired": {"iat": 1, "exp": 600},
    "of nobody": {"sub": None},
}


@pytest.mark.parametrize("changes", SPOILED.values(), ids=SPOILED.keys())
async def test_an_id_token_is_refused_that_is(
    changes: dict[str, Any], browser: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    said = provider.code_for("ada", await leave(browser))
    provider.spoiled = changes
    try:
        assert await refused(browser, said)
    finally:
        provider.spoiled = {}


async def test_a_provider_that_is_away_says_so_and_a_link_still_signs_in(
    browser: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    answer = await browser.get("/console/sign-in/with/other", headers=OURS)
    assert answer.status_code == 503 and "does not answer" in answer.text and "Sign-in link" in answer.text
    assert (await browser.get("/console/sign-in/with/nobody", headers=OURS)).status_code == 401


async def test_its_tokens_open_the_api_and_are_taken_back_like_ours(
    services: Services, browser: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    made = await browser.post("/v1/tenants", json={"name": "Acme"}, headers=operator(services))
    assert made.status_code == 201
    mine = {"Authorization": f"Bearer {provider.token('ada')}"}
    assert (await browser.post("/v1/ws-tickets", headers=mine)).status_code == 200
    assert (await browser.get("/v1/assistants/default", headers=mine)).status_code == 403
    id_token = provider.sign(provider.claims("ada", aud=CLIENT, nonce="n"), typ="JWT")
    for wrong in (id_token, provider.token("ada", aud=CLIENT), provider.token("ada")[:-4] + "AAAA"):
        answer = await browser.post("/v1/ws-tickets", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401
    await services.access.revocations.revoke_token(TENANT, "o-1")
    assert (await browser.post("/v1/ws-tickets", headers=mine)).status_code == 401
    assert (await browser.post("/v1/ws-tickets", headers=bearer(services))).status_code == 200
    links = await browser.post(
        "/console/links", headers={"Authorization": f"Bearer {provider.token('ada', jti='o-2')}"}
    )
    assert links.status_code == 401  # only who holds the installation's keys makes links
