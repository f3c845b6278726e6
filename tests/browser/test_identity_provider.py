"""Signing in at an identity provider in a browser: there, back, past a change of its keys, until an admin ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from infra.bench.harness.installation import Installed, another_server
from infra.local.ports import held
from tests.browser.conftest import is_narrow, serious, watched
from tests.identity_provider import CLIENT, SECRET, IdentityProvider

PEOPLE: dict[str, dict[str, Any]] = {"ada": {"roles": ["staff"]}, "grace": {"roles": ["boss"]}}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with held() as port:
        found = IdentityProvider(f"http://127.0.0.1:{port}", PEOPLE, secret=SECRET)
        with found.listening():
            yield found


@pytest.fixture(scope="module")
def ours(ours: Installed, provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """One more API process on the installation, which trusts the provider."""
    acme = {
        "name": "acme",
        "title": "Acme",
        "issuer": provider.issuer,
        "audience": "colloquy-api",
        "tenant": ours.tenants[0],
        "roles": {"staff": "member", "boss": "admin"},
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    path = tmp_path_factory.mktemp("oidc") / "issuers.json"
    path.write_text(json.dumps([acme]))
    with another_server(ours, COLLOQUY_OIDC_FILE=str(path), COLLOQUY_LOG_LEVEL="info") as (url, _):
        yield replace(ours, url=url)


def test_somebody_signs_in_there_chats_and_is_out_when_an_admin_says_so(
    ours: Installed, provider: IdentityProvider, chromium: Browser
) -> None:
    with watched(ours, chromium) as (context, watch):
        watch.expected += [f"a request to another host: {provider.issuer}/", "401"]
        page = context.new_page()
        page.goto("/console/sign-in")
        assert serious(page) == [] and is_narrow(page)
        page.get_by_role("button", name="Sign in with Acme").click()
        page.get_by_label("Name").fill("ada")
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(lambda url: url.endswith("/console/chat"))
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
        assert "eyJ" not in kept and "code" not in kept
        page.get_by_role("textbox", name="Message").fill("How many days of leave are there?")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator("article[data-status=completed] [data-answer]").first).not_to_be_empty()
        # Its keys change: nobody is signed out, and a token of the new key is taken as soon as it may be asked for.
        provider.rotate(keep=False)
        page.reload()
        expect(page.get_by_role("textbox", name="Message")).to_be_visible()
        admin = {"Authorization": f"Bearer {provider.token('grace', jti='g-1')}"}
        with httpx.Client(base_url=ours.url, headers=admin, timeout=10) as http:
            assert http.post("/v1/tokens/revoke", json={"user": "ada"}).status_code == 204
        page.wait_for_url("**/console/sign-in")
