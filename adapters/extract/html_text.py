"""HTML to text: one line a block, scripts and styles left out."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from adapters.extract.decoding import clean, decode

UNREAD = "script, style, noscript, template, svg, iframe, object, select, button"
BLOCKS = (
    "address, article, aside, blockquote, caption, dd, details, div, dl, dt, fieldset, figcaption, figure, footer, "
    "form, h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, p, pre, section, summary, table, tr, ul"
)
PARAGRAPHS = "p, h1, h2, h3, h4, h5, h6, table, ul, ol, pre, blockquote"
# Private-use characters stand for the breaks we put in, while the source's own white space is folded to one blank.
LINE, PARAGRAPH, CELL = "\ue000", "\ue001", "\ue002"
LAST_CELL = re.compile(rf" ?{CELL} ?(?=[{LINE}{PARAGRAPH}]|\Z)")
BREAKS = re.compile(f"[ {LINE}{PARAGRAPH}]++")
STATED_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s{0,20}+=\s{0,20}+[\"']?+\s{0,20}+([\w-]{2,30})", re.I)


def read_html(body: bytes) -> tuple[str, str]:
    """Title (empty when there is none) and text."""
    tree = LexborHTMLParser(_decode(body))
    title_node = tree.css_first("title")
    title = " ".join(title_node.text().split()) if title_node else ""
    if tree.body is None:
        return title, ""
    for node in tree.css(UNREAD):
        node.decompose()
    for selector, mark in ((BLOCKS, LINE), (PARAGRAPHS, PARAGRAPH)):
        for node in tree.body.css(selector):
            node.insert_before(mark)
            node.insert_after(mark)
    for node in tree.body.css("br"):
        node.replace_with(LINE)
    for node in tree.body.css("td, th"):
        node.insert_after(CELL)
    return title, _lay_out(tree.body.text())


def _decode(body: bytes) -> str:
    """UTF-8 if it is; else what the page says it is; else a guess."""
    stated = STATED_CHARSET.search(body[:4_096])
    try:
        return clean(body.decode())
    except UnicodeDecodeError:
        try:
            return clean(body.decode(stated[1].decode())) if stated else decode(body)
        except (UnicodeDecodeError, LookupError):
            return decode(body)


def _lay_out(marked: str) -> str:
    """Marks to breaks: at most one empty line between paragraphs, none elsewhere; cells of a row by ` | `."""
    text = " ".join(marked.split())
    text = LAST_CELL.sub("", text).replace(f" {CELL}", CELL).replace(f"{CELL} ", CELL).replace(CELL, " | ")
    return BREAKS.sub(_as_break, text).strip()


def _as_break(match: re.Match[str]) -> str:
    if PARAGRAPH in match[0]:
        return "\n\n"
    return "\n" if LINE in match[0] else match[0]
