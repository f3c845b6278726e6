"""The console's frame: signing in once, what the cookie opens and what not, pages by role, and what they load."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from api.composition.token_wiring import link_audience, token_issuer
from api.console.assets import asset_url, own_assets
from api.services import Services
from domain.access import PLATFORM_TENANT, ROLES
from tests.api.harness import TENANT, asgi, bearer

OURS = {"origin": "http://colloquy", "sec-fetch-site": "same-origin"}
TENANT_ROLES = [role for role in ROLES if role != "operator"]


def link_token(services: Services, roles: Sequence[str], tenant: str = TENANT) -> dict[str, str]:
    """What `colloquy console` sends."""
    issuer = token_issuer(services.settings, link_audience(services.settings))
    return {"Authorization": f"Bearer {issuer.issue(tenant=tenant, user='ada', roles=roles, ttl_s=60).token}"}


async def make_link(services: Services, client: httpx.AsyncClient, *roles: str, tenant: str = TENANT) -> str:
    """The secret of a link."""
    made = (await client.post("/console/links", headers=link_token(services, roles, tenant))).json()
    path, _, secret = made["path"].partition("#")
    assert path == "/console/sign-in" and len(secret) == 43 and made["expires_in"] == 600
    return str(secret)


class Browser:
    """Somebody who is signed in: the cookie of an origin, and the token that a page holds."""

    def __init__(self, services: Services, app: httpx.ASGITransport, scheme: str = "http") -> None:
        self.services = services
        self.http = httpx.AsyncClient(transport=app, base_url=f"{scheme}://colloquy")
        self.csrf = ""

    async def sign_in(self, *roles: str, tenant: str = TENANT) -> httpx.Response:
        secret = await make_link(self.services, self.http, *roles, tenant=tenant)
        answer = await self.http.post("/console/sign-in", json={"secret": secret}, headers=OURS)
        page = await self.http.get("/console", follow_redirects=True)
        found = re.search(r'data-csrf="([A-Za-z0-9_-]{43})"', page.text)
        assert found, page.text
        self.csrf = found[1]
        return answer

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.post(path, headers=OURS | {"x-colloquy-csrf": self.csrf}, **more)


@pytest.fixture(scope="module")
def app(services: Services) -> httpx.ASGITransport:
    return asgi(services)


@pytest.fixture
def client(app: httpx.ASGITransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=app, base_url="http://colloquy")


@pytest.fixture
def browser(services: Services, app: httpx.ASGITransport) -> Browser:
    return Browser(services, app)


async def test_a_link_signs_in_once_and_its_cookie_is_for_the_console_alone(
    services: Services, client: httpx.AsyncClient, browser: Browser
) -> None:
    secret = await make_link(services, client, "member")
    first = await browser.http.post("/console/sign-in", json={"secret": secret}, headers=OURS)
    again = await browser.http.post("/console/sign-in", json={"secret": secret}, headers=OURS)
    assert (first.status_code, again.status_code) == (200, 401)
    cookie = first.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/console", "Max-Age=28800"))
    value = cookie.partition("=")[2].partition(";")[0]
    assert secret not in cookie and len(value) == 43
    # Nowhere but behind the console's door, and nothing else there.
    named = {"cookie": cookie.partition(";")[0]}
    assert (await client.post("/v1/ws-tickets", headers=named)).status_code == 401
    assert (await client.post("/console/api/v1/ws-tickets", headers=bearer(services) | OURS)).status_code == 401
    both = named | bearer(services) | OURS
    assert (await client.post("/console/api/v1/ws-tickets", headers=both)).status_code == 401


async def test_only_tokens_made_for_it_make_links_and_they_open_nothing_else(
    services: Services, client: httpx.AsyncClient
) -> None:
    assert (await client.post("/console/links", headers=bearer(services))).status_code == 401
    assert (await client.post("/v1/ws-tickets", headers=link_token(services, ["member"]))).status_code == 401


async def test_what_changes_anything_comes_from_a_page_of_ours(services: Services, browser: Browser) -> None:
    await browser.sign_in("member")
    path, csrf = "/console/api/v1/ws-tickets", {"x-colloquy-csrf": browser.csrf}
    assert (await browser.post(path)).status_code == 200
    foreign = [
        {},
        OURS | {"x-colloquy-csrf": "a" * 43},
        csrf | {"origin": "http://elsewhere"},
        csrf | {"origin": "null"},
        csrf | {"origin": "https://colloquy"},
        csrf | OURS | {"sec-fetch-site": "same-site"},
    ]
    for headers in foreign:
        refused = await browser.http.post(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), headers
    elsewhere = await browser.http.post(
        "/console/sign-in", json={"secret": "x"}, headers={"origin": "http://elsewhere"}
    )
    assert elsewhere.status_code == 403


async def test_signing_out_ends_it(browser: Browser) -> None:
    await browser.sign_in("member")
    kept = dict(browser.http.cookies)
    assert (await browser.post("/console/sign-out")).status_code == 200
    assert not browser.http.cookies
    browser.http.cookies.update(kept)  # whoever kept the cookie has nothing
    left = await browser.http.get("/console/chat")
    assert (left.status_code, left.headers["location"]) == (303, "/console/sign-in")
    assert (await browser.post("/console/api/v1/ws-tickets")).status_code == 401


@pytest.mark.parametrize(
    ("roles", "tenant", "open_to"),
    [
        (["member"], TENANT, ["chat"]),
        (["analyst"], TENANT, ["costs"]),
        (["auditor"], TENANT, ["audit"]),
        (TENANT_ROLES, TENANT, ["chat", "costs", "audit"]),
        (["operator"], PLATFORM_TENANT, ["operations"]),
        (["editor", "admin"], TENANT, []),
    ],
)
async def test_pages_are_links_for_whom_they_are_and_403_for_others(
    browser: Browser, roles: list[str], tenant: str, open_to: list[str]
) -> None:
    await browser.sign_in(*roles, tenant=tenant)
    first = await browser.http.get("/console")
    assert first.headers.get("location") == (f"/console/{open_to[0]}" if open_to else None)
    for name in ("chat", "costs", "audit", "operations"):
        page = await browser.http.get(f"/console/{name}")
        assert page.status_code == (200 if name in open_to else 403), name
        assert page.headers["content-type"].startswith("text/html")
        assert re.findall(r'<li><a href="/console/([a-z]+)"', page.text) == open_to
        assert "<noscript>" in page.text
    incidents = await browser.http.get("/console/incidents")
    opened = bool({"member", "admin"} & set(roles))
    assert incidents.status_code == (200 if opened else 403)
    assert ('href="/console/incidents"' in incidents.text) == opened


async def test_pages_say_in_their_headers_what_they_may_do(browser: Browser) -> None:
    await browser.sign_in(*TENANT_ROLES)
    for path in (
        "/console",
        "/console/chat",
        "/console/costs",
        "/console/sign-in",
        "/console/nothing",
        "/console/operations",
    ):
        headers = (await browser.http.get(path)).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == "'self'" and "unsafe" not in headers["content-security-policy"]
        assert policy["connect-src"] == "'self' ws://colloquy"
        assert ("sha256" in policy["style-src"]) == (path == "/console/costs")
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    hostile = await browser.http.get("/console/sign-in", headers={"host": "x; script-src *"})
    assert "script-src *" not in hostile.headers["content-security-policy"]


async def test_failures_are_pages_in_words(client: httpx.AsyncClient) -> None:
    missing = await client.get("/console/<script>x")
    assert missing.status_code == 404 and "There is no page at this address." in missing.text
    assert "<script>x" not in missing.text and 'name="viewport"' in missing.text
    assert (await client.get("/console/api/v1/nothing")).json()["code"] == "not_found"
    assert (await client.get("/console/api/health/live")).status_code == 404  # nothing but /v1 is behind the door


async def test_what_pages_load_is_kept_for_good_and_compressed(client: httpx.AsyncClient) -> None:
    page = (await client.get("/console/sign-in")).text
    loaded = re.findall(r'(?:href|src)="(/[^"]+)"', page)
    assert len(loaded) == 4
    for url in loaded:
        answer = await client.get(url, headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200 and answer.headers["content-encoding"] == "gzip", url
        plain = await client.get(url, headers={"accept-encoding": "identity"})
        assert plain.content == answer.content and "content-encoding" not in plain.headers
        assert ("immutable" in answer.headers["cache-control"]) == url.startswith("/console/assets/")
    assert (await client.get("/console/assets/other/console.css")).status_code == 404
    assert (await client.get(re.sub(r"/[a-z.]+$", "/../../pages.py", loaded[1]))).status_code == 404


def test_the_console_is_small() -> None:
    """150 KB of script and style of ours; as they are sent, pages stay far below 300 KB."""
    assets = own_assets().values()
    assert sum(len(asset.plain) for asset in assets) <= 150_000
    assert sum(len(asset.packed) for asset in assets) <= 75_000
    assert all(gzip.decompress(asset.packed) == asset.plain for asset in assets)


async def test_behind_tls_the_cookie_is_of_this_host_alone(services: Services, app: httpx.ASGITransport) -> None:
    browser = Browser(services, app, "https")
    secret = await make_link(services, browser.http, "member")
    origin = {"origin": "https://colloquy"}
    cookie = (await browser.http.post("/console/sign-in", json={"secret": secret}, headers=origin)).headers[
        "set-cookie"
    ]
    assert cookie.startswith("__Host-colloquy-console=") and "; Secure" in cookie and "Path=/;" in cookie
    assert (await browser.http.get("/console/chat")).status_code == 200


async def test_a_session_has_an_end(services: Services, browser: Browser) -> None:
    await browser.sign_in("member")
    fake: Any = services.access.console
    for secret, identity in list(fake.sessions.items()):
        fake.sessions[secret] = type(identity)(identity.tenant, identity.name, identity.roles, 1.0, identity.token_id)
    assert (await browser.http.get("/console/chat")).status_code == 303


def test_no_page_and_no_module_asks_for_a_file_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        asset_url("nothing.js")
    for name, asset in own_assets().items():
        if name.endswith(".js"):
            asked = re.findall(r"""(?:from|import\()\s*["']\./([^"']+)["']""", asset.plain.decode())
            assert not set(asked) - own_assets().keys(), name
