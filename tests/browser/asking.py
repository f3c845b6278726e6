"""What tests of the page "Chat" do and see: ask, watch an answer, read what is stored."""

from __future__ import annotations

import itertools
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from infra.bench.harness.handbook import QUESTION

# So slow that an answer is still under way whatever a test does next; `QUICK` lets it go.
SLOW = {"first_token_ms": 200.0, "token_ms": 250.0}
QUICK = {"first_token_ms": 30.0, "token_ms": 1.0}
CASES = itertools.count(1)
FETCH = "async (path) => (await fetch('/console/api' + path)).json()"


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
    return answer.locator("[data-answer]").inner_text().strip()


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
