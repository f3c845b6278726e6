"""Signing in, moving between pages, and what is kept where."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from infra.bench.harness.installation import Installed
from tests.browser.conftest import EVERY_ROLE, is_narrow, printed_url, serious, sign_in_url, signed_in, watched


def test_a_link_signs_in_once_and_leaves_no_secret_behind(ours: Installed, chromium: Browser) -> None:
    link = printed_url(ours, EVERY_ROLE)
    secret = link.partition("#")[2]
    with watched(ours, chromium) as (context, watch):
        page = context.new_page()
        page.goto(link)
        page.wait_for_url("**/console/chat")
        pages = page.get_by_role("navigation", name="Pages").get_by_role("link")
        expect(pages).to_have_text(["Chat", "Costs", "Audit"])
        kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
        cookies = [cookie["value"] for cookie in context.cookies()]
        assert len(cookies) == 1 and context.cookies()[0]["httpOnly"] and context.cookies()[0]["sameSite"] == "Strict"
        assert secret not in kept and cookies[0] not in kept and "eyJ" not in kept
        requested = " ".join(url.partition("#")[0] for url in watch.urls)
        assert secret not in requested and cookies[0] not in requested and "eyJ" not in requested
        page.go_back()  # nor in the history
        assert secret not in page.url
    logs = "".join(path.read_text() for path in (ours.data_dir / "log").glob("*.log"))
    assert "signed_in" in logs and secret not in logs and cookies[0] not in logs and "eyJ" not in logs
    with watched(ours, chromium) as (context, watch):
        watch.expected.append("401")
        page = context.new_page()
        page.goto(link)
        expect(page.get_by_role("status")).to_contain_text("This link was used before")
        expect(page.get_by_label("Sign-in link")).to_be_visible()
        assert serious(page) == [] and is_narrow(page)


def test_whoever_leaves_as_soon_as_the_link_has_loaded_is_signed_in(ours: Installed, chromium: Browser) -> None:
    with watched(ours, chromium) as (context, _):
        page = context.new_page()
        page.goto(sign_in_url(ours, ["analyst"]), wait_until="domcontentloaded")
        answer = context.request.get("/console/costs")  # with the cookie of the browser
        assert (answer.status, answer.url) == (200, f"{ours.url}/console/costs")


def test_signing_out_ends_every_tab(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, ["member"]) as (page, _):
        other = page.context.new_page()
        other.goto("/console/chat")
        page.get_by_role("button", name="Sign out").click()
        for tab in (page, other):
            tab.wait_for_url("**/console/sign-in")
        page.goto("/console/chat")
        expect(page).to_have_url(re.compile("/console/sign-in$"))


@pytest.mark.parametrize("roles", [["analyst"], ["operator"], ["editor"]], ids=lambda roles: str(roles[0]))
def test_each_role_sees_its_pages_and_words_for_the_rest(ours: Installed, chromium: Browser, roles: list[str]) -> None:
    tenant = "_platform" if roles == ["operator"] else ""
    open_to = {"analyst": ["Costs"], "operator": ["Operations"], "editor": []}[roles[0]]
    with signed_in(ours, chromium, roles, tenant=tenant) as (page, watch):
        expect(page.get_by_role("navigation", name="Pages").get_by_role("link")).to_have_text(open_to)
        watch.expected.append("403")
        answer = page.goto("/console/audit")
        assert answer is not None and answer.status == 403
        expect(page.get_by_role("heading", level=1)).to_have_text("Your roles do not open this page.")


def test_without_scripts_pages_say_so(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium) as (page, _):
        cookies = page.context.cookies()
    with watched(ours, chromium, java_script_enabled=False) as (context, _):
        context.add_cookies(cookies)  # type: ignore[arg-type]
        plain = context.new_page()
        for path in ("chat", "costs", "audit", "sign-in"):
            plain.goto(f"/console/{path}")
            assert "needs JavaScript" in plain.inner_text("main"), path


def test_the_theme_is_chosen_and_kept(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, color_scheme="light") as (page, _):
        paper = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(paper)
        button = page.get_by_role("button", name="Theme")
        button.click()
        button.click()
        dark = page.evaluate(paper)
        page.reload()
        assert page.evaluate(paper) == dark != light
        assert serious(page) == []
