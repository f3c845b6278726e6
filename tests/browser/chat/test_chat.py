"""The page "Chat": a question on its whole way, and everything that may happen to it in between."""

from __future__ import annotations

import os
import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from tests.browser.asking import QUICK, SLOW, answers, ask, begun, finished, fresh, told
from tests.browser.conftest import PICTURES, Cable, is_narrow, serious, set_pace, sign_in_url, signed_in, watched


def test_an_answer_streams_and_its_sources_open_with_the_quote_marked(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium, user="streams") as (page, _):
        expect(page.get_by_role("button", name=re.compile("Returns policy"))).to_be_visible()  # something to begin with
        answer = ask(page)
        expect(answer.locator(".steps")).to_have_text(re.compile("Sending|searching|Searching|Writing"))
        begun(answer)
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        set_pace(ours, **QUICK)
        text = finished(answer)
        (turn,) = told(page)
        assert text == turn["answer"] and answer.get_attribute("data-turn-id") == turn["turn_id"]
        expect(answer).to_contain_text("sonnet 4.5")
        expect(answer).to_contain_text(re.compile(r"s to first word .* in.*, \d+ out · \$0\.00\d+"))
        answer.get_by_role("button", name="Source 1").click()
        source = page.get_by_role("dialog", name="Source")
        expect(source.locator("mark")).to_have_text([one["quote"] for one in turn["citations"] if one["n"] == 1])
        expect(source.locator("blockquote").first).to_contain_text("the seal of every bag is intact")
        assert serious(page) == []
        source.get_by_role("button", name="Open document").click()
        expect(page.get_by_role("dialog", name=turn["citations"][0]["title"]).locator("mark")).to_be_in_viewport()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.get_by_role("list", name="Sessions").get_by_role("link")).to_have_count(1)


@pytest.mark.parametrize("how", ["button", "escape"])
def test_stop_ends_an_answer_and_keeps_what_was_said(ours: Installed, chromium: Browser, how: str) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium) as (page, _):
        answer = begun(ask(page))
        if how == "button":
            page.get_by_role("button", name="Stop").click()
        else:
            page.keyboard.press("Escape")
        text = finished(answer, "cancelled")
        (turn,) = told(page)
        assert text == turn["answer"].strip() != "" and turn["status"] == "cancelled"
        expect(answer).to_contain_text("Stopped.")
        expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_a_reload_in_mid_answer_gives_the_whole_text_and_the_question(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium) as (page, _):
        question = fresh()
        begun(ask(page, question))
        page.reload()
        answer = begun(answers(page).first)
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        expect(page.locator(".question")).to_have_text(question)
        set_pace(ours, **QUICK)
        assert finished(answer) == told(page)[0]["answer"]
        page.reload()
        assert finished(answers(page).first) == told(page)[0]["answer"]
        expect(answers(page)).to_have_count(1)


def test_a_lost_network_in_mid_answer_loses_nothing(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    cable = Cable(ours.url)
    through = Installed(cable.url, ours.data_dir, ours.pids, ours.bedrock_url, ours.tenants)
    try:
        with signed_in(through, chromium) as (page, watch):
            watch.expected += ["ERR_", "WebSocket"]  # the browser itself says that the network is gone
            answer = begun(ask(page))
            cable.cut()
            expect(page.locator("#state")).to_have_text(re.compile("connection was lost"))
            cable.mend()
            expect(page.locator("#state")).to_have_text(re.compile("Connected again|^$"))
            begun(answer)
            cable.cut()
            page.get_by_role("button", name="Keys").click()  # the page itself goes on
            page.keyboard.press("Escape")
            set_pace(ours, **QUICK)
            cable.mend()
            assert finished(answer) == told(page)[0]["answer"]
            expect(answers(page)).to_have_count(1)
    finally:
        cable.close()


def test_a_question_asked_without_a_network_is_asked_once_when_it_is_back(ours: Installed, chromium: Browser) -> None:
    cable = Cable(ours.url)
    through = Installed(cable.url, ours.data_dir, ours.pids, ours.bedrock_url, ours.tenants)
    try:
        with signed_in(through, chromium) as (page, watch):
            watch.expected += ["ERR_", "WebSocket"]
            asked = [fresh(), fresh()]
            finished(ask(page, asked[0]))
            cable.cut()
            answer = ask(page, asked[1])
            expect(page.locator("#state")).to_have_text(re.compile("connection was lost"))
            cable.mend()
            finished(answer)
            assert [turn["question"] for turn in told(page)] == asked
    finally:
        cable.close()


def test_two_tabs_of_a_session_are_alike(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium) as (page, _):
        asked = [fresh(), fresh()]
        begun(ask(page, asked[0]))
        other = page.context.new_page()
        other.goto(page.url)
        begun(answers(other).first)
        expect(other.locator(".question")).to_have_text(asked[0])
        set_pace(ours, **QUICK)
        assert finished(answers(page).first) == finished(answers(other).first)
        set_pace(ours, **SLOW)
        begun(ask(other, asked[1]))
        expect(page.locator(".question").nth(1)).to_have_text(asked[1])
        begun(answers(page).nth(1))
        page.get_by_role("button", name="Stop").click()
        assert finished(answers(page).nth(1), "cancelled") == finished(answers(other).nth(1), "cancelled")


def test_a_kept_answer_says_so_and_can_be_asked_again(ours: Installed, chromium: Browser) -> None:
    question = "How long is the warranty of grinders and kettles?"
    with signed_in(ours, chromium, user="grace") as (page, _):
        first = finished(ask(page, question))
        page.get_by_role("button", name="New chat").click()
        kept = ask(page, question)
        assert finished(kept) == first
        expect(kept).to_contain_text("Kept answer")
        kept.get_by_role("button", name="Ask again without cache").click()
        again = answers(page).nth(1)
        finished(again)
        expect(again.get_by_role("button", name="Ask again without cache")).to_have_count(0)
        assert [turn["cached"] for turn in told(page)] == ["exact", False]


def test_what_goes_wrong_is_said_in_words_with_a_way_on(ours: Installed, chromium: Browser) -> None:
    faults = f"{ours.bedrock_url}/control/faults"
    with signed_in(ours, chromium, user="hopper") as (page, watch):
        cut = {"kind": "cut", "model": "sonnet", "operation": "ConverseStream", "after_deltas": 8, "times": 1}
        httpx.post(faults, json=cut, timeout=10).raise_for_status()
        answer = ask(page, "What does a customer who pays by invoice receive?")
        finished(answer)
        expect(answer.locator(".note")).to_contain_text(re.compile("went on with this answer|begun again"))
        httpx.post(faults, json={"kind": "validation", "operation": "ConverseStream"}, timeout=10).raise_for_status()
        failed = ask(page, "Who examines a machine that comes back?")
        expect(failed).to_have_attribute("data-status", "failed")
        note = failed.get_by_role("alert")
        expect(note.get_by_role("button", name="Trace")).to_be_visible()
        assert not re.search("Exception|Traceback|Validation", note.inner_text())
        httpx.delete(faults, timeout=10)
        retry = note.get_by_role("button", name="Try again")
        if retry.count():
            retry.click()
            finished(answers(page).nth(2))
        watch.expected.append("404")
        page.goto("/console/chat?session=01977c9e-1111-7000-8000-000000000001")
        expect(page.locator("#state")).to_have_text("This chat does not exist, or not any more.")


def test_a_browser_that_goes_offline_says_so_and_comes_back(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium) as (page, watch):
        watch.expected += ["ERR_", "WebSocket"]
        answer = begun(ask(page))
        page.context.set_offline(True)
        expect(page.locator("#state")).to_have_text("You are offline. This page goes on when the network is back.")
        page.context.set_offline(False)
        set_pace(ours, **QUICK)
        assert finished(answer) == told(page)[0]["answer"]


def test_it_is_for_everybody_on_every_screen(ours: Installed, chromium: Browser) -> None:
    for scheme in ("light", "dark"):
        with signed_in(ours, chromium, color_scheme=scheme, user="noether") as (page, _):
            assert serious(page) == []
            page.keyboard.press("Tab")
            finished(ask(page))
            page.mouse.move(600, 300)
            assert serious(page) == []
            page.set_viewport_size({"width": 900, "height": 700})
            assert serious(page) == [] and is_narrow(page)
            page.get_by_role("button", name="Menu").click()
            box = answers(page).first.bounding_box()
            assert box and box["width"] > 400
            page.keyboard.press("Escape")
            page.set_viewport_size({"width": 390, "height": 844})
            assert serious(page) == [] and is_narrow(page)
            page.get_by_role("button", name="Menu").click()
            expect(page.get_by_role("button", name="New chat")).to_be_visible()
            assert serious(page) == [] and is_narrow(page)


def test_the_first_load_is_small(ours: Installed, chromium: Browser) -> None:
    """All that comes over the wire for the page, on a browser that has nothing yet."""
    with watched(ours, chromium) as (context, _):
        page = context.new_page()
        sizes: list[int] = []
        context.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        page.goto(sign_in_url(ours, ["member"]))
        page.wait_for_url("**/console/chat")
        page.wait_for_load_state("networkidle")
        assert 20_000 < sum(sizes) < 300_000


@pytest.mark.skipif("COLLOQUY_PICTURES" not in os.environ, reason="set COLLOQUY_PICTURES to draw the pictures anew")
def test_a_picture_for_the_readme(ours: Installed, chromium: Browser) -> None:
    size = {"width": 1280, "height": 800}
    with signed_in(ours, chromium, color_scheme="light", viewport=size, user="Ada Lovelace") as (page, _):
        for earlier in ("Roast of the house espresso?", "Warranty of grinders?", "How long are spare parts kept?"):
            finished(ask(page, earlier))
            page.get_by_role("button", name="New chat").click()
        finished(ask(page, "Who examines a machine that comes back to the workshop?"))
        set_pace(ours, first_token_ms=300, token_ms=8)
        finished(ask(page, QUESTION))
        expect(page.get_by_role("list", name="Sessions").get_by_role("link")).to_have_count(4)
        page.mouse.move(800, 600)
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / "chat.png", animations="disabled")
