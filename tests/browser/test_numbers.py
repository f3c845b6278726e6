"""Costs, audit and operations in a real browser: each number beside what the API says, and each page for each eye."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from api.cli.connection import connect
from infra.bench.harness.installation import Installed, create_tenant
from infra.local.endpoints import installation_environment
from tests.browser.conftest import PICTURES, is_narrow, serious, signed_in
from tests.browser.history import write_history

CAUGHT_UP_S = 60.0
PARK = """
INSERT INTO projections.parked_events (name, generation, stream, lane, position, version, topic, error)
SELECT name, generation, %s, 0, 7, 4, 'turn.started.1', 'DecodeError: said "my secret"'
FROM projections.generations WHERE name = 'session_view' AND live"""


@pytest.fixture(scope="module")
def ours(ours: Installed) -> Installed:
    """A tenant that nobody else spends for."""
    return replace(ours, tenants=[create_tenant(ours, {}, "numbers")])


@pytest.fixture(scope="module")
def sessions(ours: Installed) -> list[str]:
    """Ten days of turns, as far as read models."""
    found = write_history(ours, ours.tenants[0], days=10, turns_a_day=4)
    ours.wait_for_costs(CAUGHT_UP_S)
    deadline = time.monotonic() + CAUGHT_UP_S
    with api(ours, "auditor") as http:
        while not http.get("/v1/audit/events", params={"session": found[-1]}).raise_for_status().json()["events"]:
            assert time.monotonic() < deadline, "the audit log did not catch up"
    return found


def api(ours: Installed, *roles: str) -> httpx.Client:
    """The public API, for comparison."""
    os.environ["COLLOQUY_DATA_DIR"] = str(ours.data_dir)
    return connect(ours.tenants[0], list(roles))


def settled(page: Page) -> None:
    """Whatever was asked for has come."""
    expect(page.locator("#page")).not_to_have_attribute("aria-busy", "true")


def costs_page(page: Page) -> None:
    """The page of this year, for ten days may lie in two months."""
    page.goto("/console/costs?period=year")
    settled(page)
    expect(page.locator(".js-plotly-plot .legend")).to_be_visible()


@pytest.mark.usefixtures("sessions")
def test_costs_are_the_apis_to_the_last_digit_and_lead_to_their_turns(
    ours: Installed, chromium: Browser, tmp_path: Path
) -> None:
    with signed_in(ours, chromium, ["analyst", "auditor"], accept_downloads=True) as (page, _):
        costs_page(page)
        year = {
            "from": f"{time.gmtime().tm_year}-01-01T00:00:00Z",
            "to": f"{time.gmtime().tm_year + 1}-01-01T00:00:00Z",
        }
        with api(ours, "analyst") as http:
            summary = http.get("/v1/costs/summary", params=year).json()
        assert page.locator("[data-total-usd]").get_attribute("data-total-usd") == summary["total_usd"]
        expect(page.get_by_role("group", name="Turns")).to_contain_text(str(summary["turns"]))
        expect(page.get_by_role("group", name="Saved by caches")).to_contain_text("kept answer")
        by_family = page.get_by_role("table", name="Spent by model family")
        for model in summary["models"]:
            expect(by_family.get_by_role("row", name=model["family"])).to_contain_text(f"${model['cost_usd']}")
        expect(by_family.locator("tfoot")).to_contain_text(f"${summary['total_usd']}")
        assert page.get_by_text("estimated").count() > 0

        page.get_by_role("combobox", name="Group by").select_option("step")
        expect(page.get_by_role("table", name="Spent by step")).to_be_visible()
        assert "group=step" in page.url and "period=year" in page.url
        page.get_by_role("table", name="Spent by step").get_by_role("button", name="answer").click()
        expect(page.get_by_role("button", name="Step: answer")).to_be_visible()
        settled(page)
        with api(ours, "analyst") as http:
            answers = http.get("/v1/costs/summary", params=year | {"step": "answer"}).json()
        assert page.locator("[data-total-usd]").get_attribute("data-total-usd") == answers["total_usd"]
        for tile in ("Saved by caches", "Turns", "First word, median", "Failovers"):
            expect(page.get_by_role("group", name=tile)).to_contain_text("known of whole turns only")
        expect(page.get_by_role("table", name="Saved by caches")).to_contain_text("known of whole turns only")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download CSV").click()
        download.value.save_as(tmp_path / "costs.csv")
        with (tmp_path / "costs.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["step"] for row in rows} == {"answer"} and len(rows) == answers["calls"]
        assert sum(Decimal(row["cost_usd"]) for row in rows) == Decimal(answers["total_usd"])

        page.go_back()
        expect(page.get_by_role("button", name="Step: answer")).to_be_hidden()
        page.get_by_role("table", name="Lines").get_by_role("link", name="Turn").first.click()
        expect(page).to_have_url(re.compile("/console/audit.session=.*correlation="))
        expect(page.locator("tr[data-position]").first).to_be_visible()


@pytest.mark.usefixtures("sessions")
def test_who_sees_costs_sees_what_they_may_come_to(ours: Installed, chromium: Browser) -> None:
    with api(ours, "admin") as http:
        http.put("/v1/budget", json={"period": "month", "limit_usd": "1000"}).raise_for_status()
        try:
            with signed_in(ours, chromium, ["analyst", "member"]) as (page, _):
                expect(page.get_by_role("meter", name="Budget")).to_be_visible()
                expect(page.locator("#budget")).to_contain_text("of $1,000.00 this month")
                costs_page(page)
                expect(page.get_by_role("meter", name="Budget used")).to_be_visible()
                expect(page.get_by_text("$1000", exact=True)).to_be_visible()
        finally:
            http.put("/v1/budget", json={"period": "month"}).raise_for_status()


@pytest.mark.usefixtures("sessions")
def test_charts_can_send_nothing_to_anybody(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, ["analyst"]) as (page, watch):
        costs_page(page)
        assert page.evaluate(
            "(() => { const c = document.querySelector('#chart')._context;"
            " return [c.showSendToCloud, c.plotlyServerURL, c.displaylogo, c.displayModeBar]; })()"
        ) == [False, "about:blank", False, False]
        scripts = [url for url in watch.urls if "plotly" in url]
        assert len(set(scripts)) == 1 and scripts[0].startswith(ours.url)  # the page is opened twice here


@pytest.mark.usefixtures("sessions")
def test_the_log_is_read_filtered_and_kept_as_a_view(ours: Installed, chromium: Browser) -> None:
    verify = ["audit", "verify", "--tenant", ours.tenants[0], "--data-dir", str(ours.data_dir)]
    subprocess.run([sys.executable, "-m", "api.cli", *verify], check=True, capture_output=True, timeout=60)
    with signed_in(ours, chromium, ["auditor"]) as (page, _):
        page.goto("/console/audit")
        rows = page.get_by_role("table", name="Events").locator("tr[data-position]")
        expect(rows.first).to_be_visible()
        positions = [int(str(row.get_attribute("data-position"))) for row in rows.all()]
        assert len(positions) == 50 and positions == sorted(positions, reverse=True)
        page.get_by_role("button", name="Older events").click()
        expect(rows).to_have_count(100)
        log = page.get_by_role("status", name="Log")
        expect(log).to_have_attribute("data-state", "verified")
        expect(log.locator("time")).to_have_attribute("title", re.compile("UTC$"))
        expect(page.get_by_text("Looking is itself an event")).to_be_visible()

        page.get_by_label("Kind").fill("tokens.used.1")
        page.get_by_label("Kind").press("Enter")
        expect(page).to_have_url(re.compile("kind=tokens.used.1"))
        expect(rows.first.get_by_role("button")).to_have_text("tokens.used.1")
        page.get_by_role("button", name="Save view").click()
        page.get_by_label("Name of the view").fill("What models took")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        page.goto("/console/audit")
        page.get_by_role("combobox", name="Saved views").select_option("What models took")
        expect(page).to_have_url(re.compile("kind=tokens.used.1"))
        assert set(page.evaluate("Object.keys(localStorage)")) <= {"colloquy-audit-views", "colloquy-theme"}


def test_an_event_says_what_it_belongs_to_and_a_session_is_exported(
    ours: Installed, chromium: Browser, sessions: list[str], tmp_path: Path
) -> None:
    with signed_in(ours, chromium, ["auditor"], accept_downloads=True, user="vera") as (page, _):
        page.goto("/console/audit?kind=tokens.used.1")
        rows = page.get_by_role("table", name="Events").locator("tr[data-position]")
        expect(rows.first.get_by_role("button")).to_have_text("tokens.used.1")
        rows.first.get_by_role("button").click()
        panel = page.get_by_role("complementary", name="Event")
        expect(panel).to_contain_text('"cost_usd"')
        expect(panel.locator(".hash")).to_have_text(re.compile("^[0-9a-f]{64}$"))
        expect(panel.locator(".tree")).to_contain_text("model.call_started.1")
        expect(panel.locator(".tree [aria-current]")).to_have_text("tokens.used.1")
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()

        page.goto(f"/console/audit?session={sessions[-1]}")
        with page.expect_download() as download:
            page.get_by_role("link", name="Export").click()
        download.value.save_as(tmp_path / "events.jsonl")
        lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
        with page.expect_download() as download:
            page.get_by_role("link", name="Whole log with proofs").click()
        download.value.save_as(tmp_path / "log.jsonl")
        *events, last = (tmp_path / "log.jsonl").read_text().splitlines()
        assert all(json.loads(line)["leaf"] for line in events) and json.loads(last)["head"]["tree_size"] == len(events)
        with api(ours, "auditor") as http:
            asked: dict[str, Any] = {"session": sessions[-1], "limit": 1000}
            assert lines == http.get("/v1/audit/events", params=asked).json()["events"]
            looked = http.get("/v1/audit/events", params={"kind": "audit.read.1", "order": "newest"}).json()["events"]
        assert "vera" in {event["actor"] for event in looked}


def test_a_session_is_seen_as_it_was_at_each_version(ours: Installed, chromium: Browser, sessions: list[str]) -> None:
    session = sessions[-1]
    with api(ours, "auditor") as http:
        path = f"/v1/sessions/{session}/history"
        last = http.get(path).json()["version"]
        versions = [http.get(path, params={"version": n}).json() for n in range(1, last + 1)]
    ended = next(n for n, one in enumerate(versions, 1) if one["turns"])
    with signed_in(ours, chromium, ["auditor"]) as (page, _):
        page.goto(f"/console/audit?session={session}")
        slider = page.get_by_role("slider", name="Version")
        expect(slider).to_have_value(str(last))
        expect(page.get_by_text(f"{last} of {last}")).to_be_visible()
        now = page.get_by_role("article", name="The session at this version")
        step = page.get_by_role("article", name="What the next step changed")
        expect(step).to_contain_text("This is the latest version")
        slider.fill(str(ended - 1))
        expect(now).to_have_attribute("data-version", str(ended - 1))
        expect(now).to_contain_text("No turn had ended yet")
        expect(step).to_contain_text(versions[ended - 1]["turns"][0]["answer"])
        with api(ours, "auditor") as http:
            asked = {"from": ended - 1, "version": ended}
            (change,) = http.get(f"/v1/sessions/{session}/changes", params=asked).json()["changes"]
        expect(step).to_contain_text(change["kind"])
        expect(step.get_by_role("listitem")).to_contain_text([change["status"], change["answer"]])
        slider.press("ArrowRight")
        expect(now).to_have_attribute("data-version", str(ended))
        expect(now).to_contain_text(versions[ended - 1]["turns"][0]["answer"])
        expect(page).to_have_url(re.compile(f"version={ended}$"))
        page.reload()
        expect(slider).to_have_value(str(ended))
        page.get_by_role("button", name="Step back").click()
        expect(slider).to_have_value(str(ended - 1))


@contextmanager
def parked_session(ours: Installed, session: str) -> Iterator[None]:
    """A session put aside that could be followed; while this is open no worker is awake to find that out."""
    owner = installation_environment(str(ours.data_dir))["COLLOQUY_DATABASE_URL"]
    os.kill(ours.pids["project"], signal.SIGSTOP)
    try:
        with psycopg.connect(owner) as connection:
            connection.execute("SET ROLE colloquy_worker")
            connection.execute(PARK, (f"{ours.tenants[0]}/session/{session}",))
        yield
    finally:
        os.kill(ours.pids["project"], signal.SIGCONT)


def test_operators_rebuild_and_retry_and_see_no_content(
    ours: Installed, chromium: Browser, sessions: list[str]
) -> None:
    with signed_in(ours, chromium, ["operator"], tenant="_platform") as (page, _):
        expect(page.get_by_role("heading", level=1)).to_have_text("Operations")
        parked = page.get_by_role("table", name="Parked events")
        with parked_session(ours, sessions[0]):
            page.reload()
            settled(page)
            expect(parked).to_contain_text("its bytes are damaged")
            assert "my secret" not in page.content()
            parked.get_by_role("button", name="Retry").click()
            expect(parked).to_contain_text("is tried within 15 s")
        expect(parked).to_contain_text("Nothing is parked", timeout=30_000)
        models = page.get_by_role("table", name="Read models")
        costs = models.get_by_role("row", name="costs")
        built = costs.get_by_role("cell").nth(5).inner_text()
        costs.get_by_role("button", name="Rebuild").click()
        page.get_by_role("dialog").get_by_role("button", name="Rebuild").click()
        expect(costs).to_contain_text("rebuilt", timeout=30_000)
        assert costs.get_by_role("cell").nth(5).inner_text() != built, "another generation is live"
        with connect("_platform", ["operator"]) as http:
            tenants = http.get("/v1/tenants").raise_for_status().json()["tenants"]
        expect(page.get_by_role("table", name="Tenants").get_by_role("row")).to_have_count(1 + len(tenants))
        expect(page.get_by_role("table", name="Parts")).to_contain_text("postgres")
        expect(page.locator("#versions")).to_contain_text("PostgreSQL")


def test_an_operator_erases_a_tenant_by_its_name(ours: Installed, chromium: Browser) -> None:
    os.environ["COLLOQUY_DATA_DIR"] = str(ours.data_dir)
    with connect("_platform", ["operator"]) as http:
        http.post("/v1/tenants", json={"name": "Leavers & Sons"}).raise_for_status()
        with signed_in(ours, chromium, ["operator"], tenant="_platform") as (page, _):
            row = page.get_by_role("table", name="Tenants").get_by_role("row", name="Leavers")
            erase = page.get_by_role("button", name="Erase Leavers & Sons")
            for typed, said in (("Leavers", "nothing was erased"), ("Leavers & Sons", "is erased")):
                erase.click()
                dialog = page.get_by_role("dialog", name="Erase Leavers & Sons?")
                dialog.get_by_role("textbox").fill(typed)
                dialog.get_by_role("button", name="Erase", exact=True).click()
                expect(page.locator("#toasts")).to_contain_text(said)
            expect(row).to_have_count(0)
        assert "Leavers" not in http.get("/v1/tenants").raise_for_status().text


PAGES = {
    "costs": ("costs", ["analyst"], ""),
    "audit": ("audit?session={session}&version=6", ["auditor"], ""),
    "operations": ("operations", ["operator"], "_platform"),
}
DRAWN = PAGES | {"incidents": ("incidents", ["admin", "member"], "")}
INCIDENTS = (("The answer about limescale names no price", "low"), ("A refund was promised twice", "high"))


def ready(page: Page, name: str, session: str) -> None:
    """A page with all that it shows."""
    page.goto(f"/console/{DRAWN[name][0].format(session=session)}")
    settled(page)
    if name == "costs":
        page.get_by_role("combobox", name="Period").select_option("days30")
        settled(page)
        expect(page.locator(".js-plotly-plot .legend")).to_be_visible()
    if name == "audit":
        expect(page.locator("article[data-version='6']")).to_be_visible()
        page.locator("tr[data-position] button").nth(2).click()
        expect(page.locator(".tree")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_for_every_eye_and_every_screen(
    ours: Installed, chromium: Browser, sessions: list[str], name: str
) -> None:
    _, roles, tenant = PAGES[name]
    # Colours fade from theme to theme, and are looked at when they have.
    options = {"color_scheme": "light", "reduced_motion": "reduce"}
    with signed_in(ours, chromium, roles, tenant=tenant, **options) as (page, _):
        ready(page, name, sessions[-1])
        assert serious(page) == []
        page.emulate_media(color_scheme="dark")
        assert serious(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        ready(page, name, sessions[-1])
        assert is_narrow(page)


def test_a_page_of_another_role_is_no_link_and_403(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, ["auditor"]) as (page, watch):
        expect(page.get_by_role("navigation", name="Pages").get_by_role("link")).to_have_text(["Audit"])
        watch.expected.append("403")
        for other in ("costs", "operations"):
            answer = page.goto(f"/console/{other}")
            assert answer is not None and answer.status == 403
        assert page.request.get("/console/api/v1/operations").status == 403


@pytest.mark.skipif("COLLOQUY_PICTURES" not in os.environ, reason="set COLLOQUY_PICTURES to draw the pictures anew")
@pytest.mark.parametrize("name", DRAWN)
def test_pictures(ours: Installed, chromium: Browser, name: str) -> None:
    _, roles, tenant = DRAWN[name]
    options: dict[str, Any] = {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "light"}
    session = write_history(ours, ours.tenants[0])[-1]
    ours.wait_for_costs(CAUGHT_UP_S)
    with api(ours, "member") as http:
        for title, severity in INCIDENTS if name == "incidents" else ():
            http.post("/v1/incidents", json={"title": title, "text": "", "severity": severity}).raise_for_status()
    with signed_in(ours, chromium, roles, tenant=tenant, device_scale_factor=1, **options) as (page, _):
        ready(page, name, session)
        page.locator("main").evaluate("main => main.scrollTo(0, 0)")
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def test_an_admin_erases_a_user_whose_costs_they_look_at(ours: Installed, chromium: Browser) -> None:
    os.environ["COLLOQUY_DATA_DIR"] = str(ours.data_dir)
    asked = {"model": "default", "messages": [{"role": "user", "content": "How long can I return coffee?"}]}
    with connect(ours.tenants[0], ["member"], user="leaver") as http:
        http.post("/v1/chat/completions", json=asked).raise_for_status()
    ours.wait_for_costs(CAUGHT_UP_S)
    with (
        signed_in(ours, chromium, ["member"], user="leaver") as (theirs, left),
        signed_in(ours, chromium, ["analyst", "admin"]) as (page, _),
    ):
        expect(theirs.get_by_role("list", name="Sessions").get_by_role("link")).to_have_count(1)
        page.goto("/console/costs?period=year&user=leaver")
        settled(page)
        page.get_by_role("button", name="Erase this user").click()
        with page.expect_response("**/v1/erasures") as answer:
            page.get_by_role("dialog").get_by_role("button", name="Erase", exact=True).click()
        receipt = answer.value.json()
        assert receipt["taken"]["sessions"] == 1 and receipt["final"]
        settled(page)
        expect(page.get_by_role("dialog")).to_be_hidden()
        left.expected.append("401")
        theirs.goto("/console/chat")  # their browser is signed out with it, not when its eight hours are over
        expect(theirs).to_have_url(re.compile("/console/sign-in$"))
    with api(ours, "analyst") as http:
        lines = http.get("/v1/costs/lines", params={"user": receipt["subject"]}).raise_for_status().json()["lines"]
    assert lines and {line["user"] for line in lines} == {receipt["subject"]}
