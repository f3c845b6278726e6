"""Incidents in the console: reported from an answer, seen by whom they concern, looked after by administrators."""

from __future__ import annotations

import json
import re
import time

from playwright.sync_api import Browser, expect

from infra.bench.harness.installation import Installed
from tests.browser.asking import FETCH, QUICK, ask, finished
from tests.browser.conftest import is_narrow, serious, set_pace, signed_in

TITLE = "It names <b>no</b> price"
FROZEN_S = 30.0


def test_an_incident_is_reported_from_an_answer_and_looked_after(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **QUICK)
    with signed_in(ours, chromium, ["member"], user="seacole") as (page, _):
        page.goto("/console/incidents")
        expect(page.locator("#incidents")).to_contain_text("Nothing was reported.")
        page.goto("/console/chat")
        answer = ask(page)
        finished(answer)
        expect(answer).not_to_contain_text("$")  # money is for those who look after it
        answer.get_by_role("button", name="Report an incident").click()
        dialog = page.get_by_role("dialog", name="Report an incident")
        dialog.get_by_role("button", name="Report", exact=True).click()
        expect(dialog).to_be_visible()  # it has no title yet
        dialog.get_by_label("What went wrong").fill(TITLE)
        dialog.get_by_label("What happened, and what you expected").fill("There is a price list.")
        dialog.get_by_label("How bad it is").select_option("high")
        assert serious(page) == []
        dialog.get_by_role("button", name="Report", exact=True).click()
        expect(page.locator("#toasts")).to_contain_text("Your administrators have it now.")
        turn = answer.get_attribute("data-turn-id")
        page.get_by_role("link", name="Incidents").click()
        row = page.get_by_role("table", name="Incidents").locator("tr[data-incident-id]")
        expect(row).to_contain_text([re.compile("high.*open")])
        expect(row.get_by_role("button")).to_have_text([TITLE])  # and nothing that changes it
        row.get_by_role("link").click()
        expect(page.locator(f"[id='turn-{turn}']")).to_be_visible()

    with signed_in(ours, chromium, ["admin"], user="nightingale", accept_downloads=True, color_scheme="light") as (
        page,
        _,
    ):
        page.get_by_role("link", name="Incidents").click()  # who is an administrator alone has no other page
        row = page.locator("tr[data-incident-id]", has_text=TITLE)
        expect(row).to_contain_text("seacole")
        row.get_by_role("button", name=f"Acknowledge: {TITLE}").click()
        expect(row).to_contain_text("acknowledged")
        incident = row.get_attribute("data-incident-id")
        deadline = time.monotonic() + FROZEN_S
        while not page.evaluate(FETCH, f"/v1/incidents/{incident}")["evidence"]["frozen"]:
            assert time.monotonic() < deadline, "the evidence was not gathered"
        row.get_by_role("button", name=TITLE, exact=True).click()
        told = page.get_by_role("dialog", name=TITLE)
        expect(told).to_contain_text("There is a price list.")
        with page.expect_download() as saving:
            told.get_by_role("button", name="Save evidence").click()
        assert turn and turn in json.dumps(json.loads(saving.value.path().read_text()))
        page.keyboard.press("Escape")
        row.get_by_role("button", name=f"Close: {TITLE}").click()
        expect(row).to_contain_text("closed")
        expect(row.get_by_role("button")).to_have_text([TITLE])
        page.reload()
        expect(row).to_contain_text("closed")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert serious(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert is_narrow(page)

    with signed_in(ours, chromium, ["member"], user="somebody") as (page, _):
        page.goto("/console/incidents")
        expect(page.locator("#incidents")).to_contain_text("Nothing was reported.")
