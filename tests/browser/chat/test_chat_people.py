"""The page "Chat" and people: what they do with an answer, what asks them first, and what makes them wait."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from playwright.sync_api import Browser, expect

from infra.bench.harness.installation import Installed, another_server
from tests.browser.asking import QUICK, SLOW, answers, ask, begun, finished, fresh, told
from tests.browser.conftest import set_pace, signed_in


def admin(ours: Installed, path: str, tenant: str = "", **body: Any) -> None:
    """What an administrator puts, who is nobody that sits before a browser."""
    (token, other) = ours.tokens(2, ["admin"])
    headers = {"Authorization": f"Bearer {other if tenant == ours.tenants[1] else token}"}
    httpx.put(f"{ours.url}{path}", json=body, headers=headers, timeout=30).raise_for_status()


class Shop(BaseHTTPRequestHandler):
    """A webhook that gives money back, and says so."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(asked)  # type: ignore[attr-defined]
        said = json.dumps({"refunded": "yes, order 4711 was refunded with 12 dollars"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextmanager
def shop() -> Iterator[tuple[str, list[Any]]]:
    """Its address, and what it was asked."""
    server, asked = ThreadingHTTPServer(("127.0.0.1", 0), Shop), list[Any]()
    server.asked = asked  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/refunds", asked
    finally:
        server.shutdown()
        server.server_close()


def test_an_answer_is_copied_rated_and_leads_to_the_next_question(ours: Installed, chromium: Browser) -> None:
    tenant = ours.tenants[1]
    admin(ours, "/v1/assistants/default", tenant, plan=["retrieve", "answer", "follow_ups"])
    with signed_in(ours, chromium, tenant=tenant, user="franklin") as (page, _):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        answer = ask(page)
        text = finished(answer)
        answer.get_by_role("button", name="Copy answer").click()
        assert page.evaluate("navigator.clipboard.readText()").strip() == told(page)[0]["answer"].strip() != ""
        good, bad = (answer.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
        good.click()
        expect(good).to_have_attribute("aria-pressed", "true")
        bad.click()
        asked = page.get_by_role("dialog", name="What was wrong?")
        asked.get_by_role("textbox").fill("It names no price.")
        asked.get_by_role("button", name="Send").click()
        expect(bad).to_have_attribute("aria-pressed", "true")
        expect(good).to_have_attribute("aria-pressed", "false")
        following = answer.locator(".follow-up").first
        expect(following).to_be_visible()
        page.reload()
        expect(answers(page).first.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
        assert finished(answers(page).first) == text
        question = following.inner_text()
        following.click()
        finished(answers(page).nth(1))
        assert [turn["question"] for turn in told(page)][1:] == [question]
        assert told(page)[0]["feedback"] == "down"
    admin(ours, "/v1/assistants/default", tenant)


def test_a_tool_with_effects_is_used_only_when_it_is_allowed(ours: Installed, chromium: Browser) -> None:
    tenant = ours.tenants[1]
    with shop() as (url, asked), signed_in(ours, chromium, tenant=tenant, user="lamarr") as (page, _):
        order = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
        tool = {"description": "Refund an order", "input_schema": order, "effects": True, "confirm": True}
        admin(ours, "/v1/tools/refund_order", tenant, **tool, webhook={"url": url})
        admin(ours, "/v1/assistants/default", tenant, tools=["refund_order"], documents=False)
        try:
            for number, allow in enumerate((False, True)):
                answer = ask(page, 'Please refund the order "4711" of mine.')
                card = answer.locator(".tool")
                expect(card).to_contain_text("The assistant asks to use refund_order with this:")
                expect(card).to_contain_text('"order": "4711"')
                expect(page.get_by_role("button", name="Stop")).to_be_visible()
                page.reload()  # whoever comes later is asked the same
                answer = answers(page).nth(number)
                card = answer.locator(".tool")
                assert asked == []
                card.get_by_role("button", name="Allow" if allow else "Refuse").click()
                text = finished(answer)
                expect(card).to_contain_text("refund_order was used" if allow else "it was refused")
                assert ("12 dollars" in text) == allow
            assert asked == [{"order": "4711"}]
        finally:
            admin(ours, "/v1/assistants/default", tenant)


def test_a_limit_is_counted_down_on_send_and_then_lets_through(ours: Installed, chromium: Browser) -> None:
    tenant = ours.tenants[1]
    with signed_in(ours, chromium, tenant=tenant, user="johnson") as (page, watch):
        watch.expected.append("429")
        page.clock.install()
        finished(ask(page))
        admin(ours, "/v1/budget", tenant, period="month", per_user={"requests_per_minute": 1})
        try:
            status = "completed"
            while status == "completed":
                refused = ask(page)
                expect(refused).not_to_have_attribute("data-status", "running")
                status = str(refused.get_attribute("data-status"))
            expect(refused.get_by_role("alert")).to_contain_text("There were many requests in a short time.")
            page.get_by_role("textbox", name="Message").fill(fresh())
            send, limit = page.get_by_role("button", name="Send"), page.locator("#limit")
            expect(send).to_be_disabled()
            expect(limit).to_have_text(re.compile(r"You can send again in \d+ s\."))
            first = int(re.findall(r"\d+", limit.inner_text())[0])
            page.clock.run_for(2_000)
            expect(limit).to_have_text(re.compile(rf"in {first - 2}|{first - 3} s"))
            page.keyboard.press("Enter")
            expect(page.get_by_role("textbox", name="Message")).not_to_have_value("")
        finally:
            admin(ours, "/v1/budget", tenant, period="month")
        page.clock.run_for(first * 1_000)
        expect(limit).to_have_text("")
        send.click()
        finished(answers(page).last)


def test_a_server_that_restarts_says_so_and_the_page_comes_back(ours: Installed, chromium: Browser) -> None:
    with another_server(ours, COLLOQUY_DRAIN_S="5") as (url, server):
        there = Installed(url, ours.data_dir, ours.pids, ours.bedrock_url, ours.tenants)
        with signed_in(there, chromium, user="hamilton") as (page, watch):
            watch.expected += ["ERR_", "WebSocket"]
            set_pace(ours, **SLOW)
            answer = begun(ask(page))
            server.terminate()
            expect(page.locator("#state")).to_have_text(
                "The server restarts. Your answer goes on; this page comes back by itself."
            )
            set_pace(ours, **QUICK)
            text = finished(answer)
            server.wait(60)
            expect(page.locator("#state")).to_have_text("The connection was lost. Trying again.")
            with another_server(ours, int(url.rpartition(":")[2])):
                expect(page.locator("#state")).to_have_text(re.compile("Connected again|^$"))
                assert text == told(page)[0]["answer"]
                finished(ask(page))
