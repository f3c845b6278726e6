"""Answers' Markdown to HTML that can do nothing: no markup of the model's own, no images, no links but to web pages."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import nh3
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml as escape
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from msgspec import Meta

from api.services import Services
from domain.access import Principal
from domain.refusals import PayloadTooLarge

MOST_TEXTS = 50
MOST_CHARACTERS = 200_000
"""Of all texts of a request together: about a second of one thread."""
SHORT = 1_500
"""So much is rendered in less time than a thread costs."""
CONCURRENCY = 2
TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol",
    "li", "table", "thead", "tbody", "tr", "th", "td", "a",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title", "data-host", "target"}, "pre": {"data-language"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
_places = asyncio.Semaphore(CONCURRENCY)


class Texts(msgspec.Struct, frozen=True):
    """Answers as models wrote them."""

    texts: Annotated[list[Annotated[str, Meta(max_length=MOST_CHARACTERS)]], Meta(max_length=MOST_TEXTS)]


class Rendered(msgspec.Struct, frozen=True):
    """The same as HTML, in the same order."""

    html: list[str]


@post("/console/markdown", permission=("chat", "session:audit"), by_cookie=True, status_code=200)
async def render_markdown(
    data: JSONBody[Texts], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> Rendered:
    """Render answers; long ones on a thread, so that nobody else's stream waits."""
    characters = sum(map(len, data.texts))
    if characters > MOST_CHARACTERS:
        raise PayloadTooLarge(f"texts: up to {MOST_CHARACTERS} characters together")
    if characters <= SHORT:
        return Rendered([to_html(text) for text in data.texts])
    async with _places:
        return Rendered(await asyncio.to_thread(lambda: [to_html(text) for text in data.texts]))


def to_html(text: str) -> str:
    """HTML of a Markdown text, twice safe: written from tokens with markup off, then passed through an allow-list."""
    html = _renderer().render(text).strip()
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


@cache
def _renderer() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    made.enable(["table", "strikethrough", "linkify"]).disable("image")
    assert made.linkify is not None, "it is a dependency"
    made.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    made.add_render_rule("link_open", _link)
    made.add_render_rule("fence", _fence)
    return made


def _link(self: RendererHTML, tokens: Any, at: int, options: Any, env: Any) -> str:
    """A link says which host it leads to: the style sheet shows it, so that the text stays the answer's own."""
    token: Token = tokens[at]
    try:
        host = urlsplit(str(token.attrGet("href") or "")).hostname
    except ValueError:  # no URL at all: the allow-list takes it away
        host = None
    if host:
        token.attrSet("data-host", host)
        token.attrSet("target", "_blank")
    return self.renderToken(tokens, at, options, env)


def _fence(self: RendererHTML, tokens: Any, at: int, options: Any, env: Any) -> str:
    """A block of code with its language as an attribute, which only the style sheet shows."""
    token: Token = tokens[at]
    language = (token.info.split() or [""])[0][:30]
    return f'<pre data-language="{escape(language)}"><code>{escape(token.content)}</code></pre>\n'
