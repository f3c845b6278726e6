"""Answers as HTML: what Markdown means is shown, and nothing that a model writes does anything."""

from __future__ import annotations

import re

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from api.console.markdown import ATTRIBUTES, MOST_CHARACTERS, TAGS, to_html
from api.services import Services
from tests.api.harness import asgi, browsing

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![pixel](https://elsewhere.example/p.png?secret)",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "[click](vbscript:x) [file](file:///etc/passwd) [rel](/console/sign-out) [frag](#x)",
    '<https://a.example/" onclick="alert(1)>',
    '[x](https://a.example "t\\" onmouseover=alert(1) x=\\"")',
    '```"><img/src=x/onerror=alert(1)>\ncode\n```',
    "```py' onclick='x\ncode\n```",
    "[x](http://[::1) http://[bad https://user:pw@a.example/",
    "<style>*{display:none}</style><iframe src=//x></iframe><form action=//x><input></form>",
    "[a]: javascript:alert(1)\n\n[a]",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#x3C;script>",
    "[![a](https://a.example/i.png)](https://a.example)",
    '<svg/onload=alert(1)> <math><mi//xlink:href="data:x,<script>alert(1)</script>">',
    "[x](\x01javascript:alert(1)) [y](java\nscript:alert(1))",
    "a" * 3000 + "*" * 3000 + "[" * 3000,
]


def test_nothing_a_model_writes_does_anything() -> None:
    for text in HOSTILE:
        tree = LexborHTMLParser(f"<main>{to_html(text)}</main>")
        for node in tree.css("main *"):
            assert node.tag in TAGS, text
            assert set(node.attributes) <= ATTRIBUTES.get(node.tag or "", set()) | (
                {"rel"} if node.tag == "a" else set()
            )
            href = node.attributes.get("href")
            assert href is None or re.match(r"(https?:|mailto:)", href), text


def test_what_markdown_means_is_shown() -> None:
    html = to_html("# T\n\n**b** *i* `c` ~~s~~\n\n- one\n\n| a |\n|---|\n| 1 |\n\nhttps://a.example/x, b.example")
    for part in (
        "<h1>T</h1>",
        "<strong>b</strong>",
        "<em>i</em>",
        "<code>c</code>",
        "<s>s</s>",
        "<li>one</li>",
        "<td>1</td>",
    ):
        assert part in html
    assert html.count("<a ") == 1 and 'data-host="a.example"' in html and 'rel="noopener noreferrer nofollow"' in html
    assert to_html("```python\nx < 1\n```") == '<pre data-language="python"><code>x &lt; 1\n</code></pre>'


def test_a_plain_answer_keeps_its_text() -> None:
    text = "Customers may return coffee within 30 days [1]. That costs $5 & 3 < 4."
    assert LexborHTMLParser(to_html(text)).text() == text


@pytest.mark.parametrize("roles", [["member"], ["auditor"]])
async def test_answers_are_rendered_together_within_limits(services: Services, roles: list[str]) -> None:
    headers = await browsing(services, roles)
    async with httpx.AsyncClient(transport=asgi(services), base_url="http://colloquy", headers=headers) as page:
        told = await page.post("/console/markdown", json={"texts": ["*a*", "b " * 2000]})
        assert told.json()["html"][0] == "<p><em>a</em></p>" and len(told.json()["html"]) == 2
        large = await page.post("/console/markdown", json={"texts": ["x" * (MOST_CHARACTERS // 2 + 1)] * 2})
        assert large.status_code == 413
