"""The page "Chat" around its answers: what is told of them, sessions, documents, limits, Markdown."""

from __future__ import annotations

import io
import re

import httpx
from playwright.sync_api import Browser, FilePayload, Route, expect
from reportlab.pdfgen.canvas import Canvas

from api.composition.token_wiring import token_issuer
from api.settings import read_settings
from infra.bench.harness.installation import Installed, create_tenant
from tests.browser.asking import FETCH, answers, ask, finished, fresh, told
from tests.browser.conftest import serious, signed_in


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
        again = fresh()
        page.get_by_role("textbox", name="Message").press("ArrowUp")  # a fork of the fork
        page.get_by_role("textbox", name="Message").fill(again)
        page.keyboard.press("Enter")
        expect(page.locator(".question")).to_have_text([asked[0], again])
        finished(answers(page).nth(1))
        page.go_back()
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


def test_a_message_that_is_too_long_says_so_and_keys_are_listed(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium) as (page, _):
        page.get_by_role("textbox", name="Message").fill("x" * 32_001)
        expect(page.locator("#limit")).to_have_text("The message is 1 character too long.")
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("searchbox", name="Find a chat")).to_be_focused()
        page.get_by_role("button", name="Keys").click()
        expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Stop the answer")


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
        find = page.get_by_role("searchbox", name="Find a chat")
        find.fill("no such words")
        expect(page.get_by_text("No chat has these words.")).to_be_visible()
        find.fill("heat")
        expect(listed.get_by_role("link")).to_have_text(["Roasting <b>heat</b>"])
        find.fill("")
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


DROP = """(files) => {
    const dataTransfer = new DataTransfer();
    for (const [name, type, text] of files) dataTransfer.items.add(new File([text], name, { type }));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


def text_file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


RATES = "Port,Freight rate\nHamburg,640\nValparaiso,815\nSantos,702\n"


def pdf_file(name: str, *pages: str) -> FilePayload:
    """One with a page for each text."""
    drawn = io.BytesIO()
    paper = Canvas(drawn)
    for text in pages:
        paper.drawString(72, 720, text)
        paper.showPage()
    paper.save()
    return {"name": name, "mimeType": "application/pdf", "buffer": drawn.getvalue()}


def test_an_editor_brings_documents_by_dropping_or_from_a_message(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, tenant=ours.tenants[1]) as (page, watch):
        watch.expected.append("400")
        tea, broken = ["tea.md", "text/markdown", "# Tea\n\nOolong takes 4 minutes."], ["broken.pdf", "", "no pdf"]
        page.evaluate(DROP, [tea, broken])
        expect(page.locator(".upload", has_text="tea.md")).to_contain_text("can be asked about")
        expect(page.locator(".upload", has_text="broken.pdf")).to_contain_text("The file")
        page.locator("input[type=file]").set_input_files(
            [pdf_file("mate.pdf", "Boil water.", "Mate is steeped for 7 minutes."), text_file("rates.csv", RATES)]
        )
        for name in ("mate.pdf", "rates.csv"):
            brought = page.locator(".upload", has_text=name)
            brought.get_by_role("button", name="Add to documents").click()
            expect(brought).to_contain_text("can be asked about")
        for question, said, place in (
            ("How many minutes does oolong take?", "4 minutes", "Under “Tea”"),
            ("How many minutes is mate steeped?", "7 minutes", "Page 2"),
            ("What is the freight rate of Valparaiso?", "815", "Row [23]"),
        ):
            answer = ask(page, question)
            assert said in finished(answer)
            answer.get_by_role("button", name="Source 1").click()
            source = page.get_by_role("dialog", name="Source")
            expect(source.locator(".source-place").first).to_have_text(re.compile(place))
            cited = [one["quote"] for one in told(page)[-1]["citations"] if one["n"] == 1]
            expect(source.locator("mark")).to_have_text(cited)
            page.keyboard.press("Escape")
        assert page.evaluate(FETCH, "/v1/files")["files"] == []


def test_files_go_with_a_message_and_their_passages_are_sources(ours: Installed, chromium: Browser) -> None:
    with signed_in(ours, chromium, ["member"], user="earhart", accept_downloads=True) as (page, _):
        words = "The zeppelin museum in Friedrichshafen opens at half past nine."
        with page.expect_file_chooser() as choosing:
            page.get_by_role("button", name="Attach").click()
        choosing.value.set_files([text_file("notes.txt", words)])
        chosen = page.locator(".upload")
        expect(chosen).to_contain_text("goes with your message")
        held: list[Route] = []
        page.route("**/v1/files", lambda route: held.append(route))  # noqa: PLW0108  # it asks functions for their code
        with page.expect_request("**/v1/files"):
            page.evaluate(DROP, [["wrong.txt", "text/plain", "not this one"]])
        expect(page.get_by_role("progressbar", name="Progress of wrong.txt")).to_be_visible()
        page.get_by_role("textbox", name="Message").fill("Is it there?")
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        expect(page.locator("#limit")).to_have_text("A file is still on its way.")
        held[0].continue_()
        page.unroute("**/v1/files")
        expect(chosen).to_contain_text(["goes with your message"] * 2)
        with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            page.get_by_role("button", name="Remove wrong.txt").click()
        expect(chosen).to_have_count(1)
        answer = ask(page, "When does the zeppelin museum open?")
        assert "half past nine" in finished(answer)
        expect(chosen).to_have_count(0)
        expect(page.locator(".question")).to_contain_text("notes.txt")
        assert [file["name"] for file in page.evaluate(FETCH, "/v1/files")["files"]] == ["notes.txt"]
        page.reload()
        expect(page.locator(".question")).to_contain_text("1 file")
        answers(page).first.get_by_role("button", name=re.compile("Source 1: notes")).click()
        source = page.get_by_role("dialog", name="Source")
        expect(source).to_contain_text("A file that came with the message")
        expect(source.locator("mark")).to_have_text(words)
        with page.expect_download() as saving:
            source.get_by_role("link", name="Save file").click()
        assert saving.value.path().read_text() == words


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


def test_a_plain_member_is_told_that_the_budget_is_used_up(ours: Installed, chromium: Browser) -> None:
    """Of the money itself they see nothing."""
    tenant = create_tenant(ours, {})
    issuer = token_issuer(read_settings(data_dir=str(ours.data_dir)))
    admin = issuer.issue(tenant=tenant, user="noether", roles=["admin"], ttl_s=900).token
    with signed_in(ours, chromium, ["member"], tenant=tenant) as (page, _):
        finished(ask(page, "Hello"))
        expect(page.locator("#budget")).to_be_empty()
        limits = {"period": "month", "limit_usd": "0.000001"}
        headers = {"Authorization": f"Bearer {admin}"}
        httpx.put(f"{ours.url}/v1/budget", json=limits, headers=headers, timeout=30).raise_for_status()
        failed = ask(page)
        expect(failed).to_have_attribute("data-status", "failed")
        expect(page.locator("#budget .note")).to_have_text(re.compile("^The budget is used up. Ask an administrator"))
        expect(page.get_by_role("meter", name="Budget")).to_have_count(0)
        assert serious(page) == []
