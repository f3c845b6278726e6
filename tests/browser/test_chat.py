"""The page "Chat": a question on its whole way, and everything that may happen to it in between."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from tests.browser.conftest import PICTURES, Cable, is_narrow, serious, set_pace, sign_in_url, signed_in, watched

SLOW = {"first_token_ms": 400.0, "token_ms": 30.0}
QUICK = {"first_token_ms": 30.0, "token_ms": 1.0}
CASES = itertools.count(1)
FETCH = "async (path) => (await fetch('/console/api' + path)).json()"


@pytest.fixture(autouse=True)
def quick(ours: Installed) -> Iterator[None]:
    set_pace(ours, **QUICK)
    yield
    httpx.delete(f"{ours.bedrock_url}/control/faults", timeout=10)


def answers(page: Page) -> Locator:
    return page.get_by_role("log", name="Conversation").get_by_role("article")


def fresh() -> str:
    """A question with a long answer that no cache has kept."""
    return f"{QUESTION} This is case {next(CASES)}."


def ask(page: Page, text: str = "") -> Locator:
    """Ask (a fresh question, unless it is given), and the answer that begins."""
    text = text or fresh()
    before = answers(page).count()
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send").click()
    return answers(page).nth(before)


def finished(answer: Locator, status: str = "completed") -> str:
    """Its text when it has ended, as the reader sees it."""
    expect(answer).to_have_attribute("data-status", status)
    return answer.locator("[data-answer]").inner_text()


def begun(answer: Locator) -> Locator:
    """It has some of its text."""
    expect(answer.locator("[data-answer]")).to_have_text(re.compile(r"\w{3}"))
    expect(answer).to_have_attribute("data-status", "running")
    return answer


def told(page: Page) -> list[dict[str, Any]]:
    """The turns of the page's session as they are stored."""
    session = page.url.partition("session=")[2]
    turns: list[dict[str, Any]] = page.evaluate(FETCH, f"/v1/sessions/{session}/turns?consistent=true")["turns"]
    return turns


def test_an_answer_streams_and_its_sources_open_with_the_quote_marked(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium) as (page, _):
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


def test_private_values_and_a_budget_are_told_of(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, user="curie") as (page, _):
        answer = ask(page, f"I am at curie@example.com. {fresh()}")
        finished(answer)
        expect(answer.locator(".note")).to_contain_text("Private values were kept from the model.")
        answer.get_by_text("Why").click()
        expect(answer.locator(".note")).to_contain_text("1 e-mail address")
        put = """async (limit) => {
            const headers = { "content-type": "application/json", "x-colloquy-csrf": document.body.dataset.csrf };
            const body = JSON.stringify({ period: "month", limit_usd: limit });
            return (await fetch("/console/api/v1/budget", { method: "PUT", headers, body })).status;
        }"""
        assert page.evaluate(put, "25") == 200
        page.reload()
        expect(page.get_by_role("meter", name="Budget")).to_have_attribute("aria-valuenow", re.compile(r"^[0-9.]+$"))
        expect(page.locator("#budget")).to_contain_text(
            re.compile(r"\$0\.\d+ of \$25\.00 this month, \$0\.\d+ at this pace")
        )
        assert page.evaluate(put, "0.000001") == 200
        failed = ask(page)
        expect(failed).to_have_attribute("data-status", "failed")
        expect(failed.get_by_role("alert")).to_contain_text(re.compile("budget", re.IGNORECASE))
        assert page.evaluate(put, None) == 200


def test_a_message_written_anew_goes_on_in_a_chat_of_its_own(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, user="meitner") as (page, _):
        asked = [fresh() for _ in range(4)]
        for question in asked[:3]:
            finished(ask(page, question))
        first = page.url
        page.get_by_role("textbox", name="Message").press("ArrowUp")
        expect(page.get_by_role("textbox", name="Message")).to_have_value(asked[2])
        page.keyboard.press("Escape")
        page.locator(".question").nth(1).hover()
        page.get_by_role("button", name="Edit and ask again").nth(1).click()
        page.get_by_role("textbox", name="Message").fill(asked[3])
        page.keyboard.press("Enter")
        expect(page.locator(".question")).to_have_text([asked[0], asked[3]])
        finished(answers(page).nth(1))
        assert page.url != first
        assert [turn["question"] for turn in told(page)] == [asked[0], asked[3]]
        page.go_back()
        expect(page.locator(".question")).to_have_text(asked[:3])


COMPONENT = """async () => {
    const url = (name) => document.querySelector(`link[href$="/${name}.js"]`).href;
    const { Answer } = await import(url("answer"));
    window.said = [];
    const does = { confirm: (_, call, allow) => said.push([call, allow]), wait: (seconds) => said.push(seconds) };
    const answer = window.answer = new Answer("May I?", does);
    document.getElementById("conversation").append(answer.element);
    answer.toolCall({ name: "refund", status: "waiting", call: "c1", input: { order: "<b>A-17</b>" } });
    const [from, to] = ["sonnet-4-5-20250929", "haiku-4-5-20251001"].map((name) => `us.anthropic.claude-${name}-v1:0`);
    answer.failedOver({ from, to, reason: "ThrottlingException", at_char: 3 });
    answer.reset("failover");
}"""


def test_tools_ask_first_and_notes_are_words(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium) as (page, _):
        page.evaluate(COMPONENT)
        answer = answers(page).first
        expect(answer).to_contain_text('"order": "<b>A-17</b>"')
        answer.get_by_role("button", name="Refuse").click()
        assert page.evaluate("window.said") == [["c1", False]]
        expect(answer).to_contain_text("haiku 4.5 went on with this answer.")
        for why in answer.get_by_text("Why").all():
            why.click()
        expect(answer).to_contain_text("sonnet 4.5 could not go on: it had too many requests.")
        expect(answer).to_contain_text("What was said so far was dropped, because another model had to begin anew.")
        page.evaluate("answer.failed({code: 'rate_limited', retryable: true, retry_after_s: 7, trace_id: 'abc'})")
        assert page.evaluate("window.said")[-1] == 7
        expect(answer.get_by_role("alert")).to_contain_text("There were many requests in a short time.")


def test_a_limit_is_counted_down_and_keys_are_listed(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium) as (page, _):
        page.get_by_role("textbox", name="Message").fill("x" * 32_001)
        expect(page.locator("#limit")).to_have_text("The message is 1 character too long.")
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("searchbox", name="Find a chat")).to_be_focused()
        page.get_by_role("button", name="Keys").click()
        expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Stop the answer")


def test_a_browser_that_goes_offline_says_so_and_comes_back(ours: Installed, chromium: Browser) -> None:
    set_pace(ours, **SLOW)
    with signed_in(ours, chromium) as (page, watch):
        watch.expected += ["ERR_", "WebSocket"]
        answer = begun(ask(page))
        page.context.set_offline(True)
        expect(page.locator("#state")).to_have_text("You are offline. This page goes on when the network is back.")
        page.context.set_offline(False)
        assert finished(answer) == told(page)[0]["answer"]


def test_sessions_are_renamed_taken_away_and_deleted(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, user="lovelace") as (page, _):
        finished(ask(page, "How hot is the house espresso roasted?"))
        listed = page.get_by_role("list", name="Sessions")
        listed.get_by_role("link").hover()
        page.get_by_role("button", name="More about").click()
        page.get_by_role("button", name="Rename").click()
        page.get_by_label("Title").fill("Roasting <b>heat</b>")
        page.get_by_role("button", name="Save").click()
        expect(listed.get_by_role("link", name="Roasting <b>heat</b>")).to_be_visible()
        page.get_by_role("button", name="More about").click()
        with page.expect_download() as loading:
            page.get_by_role("button", name="Markdown").click()
        assert "How hot is the house espresso roasted?" in loading.value.path().read_text()
        page.get_by_role("button", name="More about").click()
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("dialog")).to_contain_text("nobody can read it any more")
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(listed.get_by_role("link")).to_have_count(0)
        expect(answers(page)).to_have_count(0)


def test_an_editor_brings_documents_and_a_member_is_told_who_does(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, tenant=ours.tenants[1]) as (page, watch):
        watch.expected.append("400")
        tea: FilePayload = {
            "name": "tea.md",
            "mimeType": "text/markdown",
            "buffer": b"# Tea\n\nOolong takes 4 minutes.",
        }
        broken: FilePayload = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"no pdf at all"}
        page.locator("input[type=file]").set_input_files([tea, broken])
        expect(page.locator(".upload", has_text="tea.md")).to_contain_text("can be asked about")
        expect(page.locator(".upload", has_text="broken.pdf")).to_contain_text("The file")
        answer = ask(page, "How many minutes does oolong take?")
        assert "4 minutes" in finished(answer)
    with signed_in(ours, chromium, ["member"]) as (page, _):
        page.get_by_role("button", name="Attach").click()
        expect(page.get_by_role("dialog")).to_contain_text("Those with the role “editor” add them.")


def test_markdown_is_shown_safely_and_blocks_of_code_are_copied(ours: Installed, chromium: Browser) -> None:
    text = "Use **this** [1]:\n\n```python\nprint('<b>')\n```\n\n<img src=x onerror=alert(1)> | https://example.com/a"
    with signed_in(ours, chromium) as (page, _):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.evaluate(
            """async (text) => {
                const url = document.querySelector('link[href$="/answer.js"]').href;
                const { Answer } = await import(url);
                const answer = new Answer("?", {});
                document.getElementById("conversation").append(answer.element);
                answer.completed({ status: "completed", answer: text, citations: [], model: "" });
            }""",
            text,
        )
        body = page.locator("[data-answer][data-rendered]")
        expect(body.locator("strong")).to_have_text("this")
        expect(body.locator("img, script")).to_have_count(0)
        body.get_by_role("button", name="Copy").click()
        assert page.evaluate("navigator.clipboard.readText()") == "print('<b>')\n"
        said = body.evaluate("element => element.textContent")
        assert "Copy" not in said and "example.com)" not in said and "<img src=x onerror=alert(1)>" in said


def test_it_is_for_everybody_on_every_screen(ours: Installed, chromium: Browser) -> None:
    for scheme in ("light", "dark"):
        with signed_in(ours, chromium, color_scheme=scheme, user="noether") as (page, _):
            assert serious(page) == []
            page.keyboard.press("Tab")
            finished(ask(page))
            page.mouse.move(600, 300)
            assert serious(page) == []
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
    with signed_in(ours, chromium, color_scheme="light", viewport=size, user="ada") as (page, _):
        page.get_by_role("button", name="New chat").click()
        finished(ask(page, QUESTION))
        page.mouse.move(900, 500)
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / "chat.png", animations="disabled")
