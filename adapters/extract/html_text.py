"""HTML to text: one line a block, what is not shown left out, `pre` as it stands."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from adapters.charsets.decoding import Decoded, decode
from adapters.extract.cleaning import clean
from adapters.extract.draft import Draft
from adapters.extract.word_numbering import written

UNREAD = (
    "script, style, noscript, template, svg, iframe, object, canvas, video, audio, button, datalist, [hidden], head, "
    "rp, dialog:not([open]), "
    '[style*="display:none" i], [style*="display: none" i], [style*="visibility:hidden" i], '
    '[style*="visibility: hidden" i]'
)
BLOCKS = (
    "address, article, aside, blockquote, caption, dd, details, dialog, div, dl, dt, fieldset, figcaption, figure, "
    "footer, form, h1, h2, h3, h4, h5, h6, header, hr, legend, li, main, nav, ol, option, p, pre, section, select, "
    "summary, table, textarea, tr, ul"
)
PARAGRAPHS = "p, h1, h2, h3, h4, h5, h6, table, ul, ol, pre, blockquote"
INNER = frozenset(("p", "div", "span", "b", "strong", "i", "em", "a", "code"))
TYPES = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
HEADINGS = "h1, h2, h3, h4, h5, h6"
KEPT = "pre, textarea, listing, xmp"
# Private-use characters stand for the breaks we put in, while the source's own white space is folded to one blank.
LINE, PARAGRAPH, CELL, BLANK, TAB, HEADING = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004", "\ue005"
OURS = re.compile(f"[{LINE}{PARAGRAPH}{CELL}{BLANK}{TAB}{HEADING}]")
LAST_CELL = re.compile(rf" ?{CELL} ?(?=[{LINE}{PARAGRAPH}]|\Z)")
BREAKS = re.compile(f"[ {LINE}{PARAGRAPH}{HEADING}]++")
STATED_CHARSET = re.compile(
    rb"<meta[^>]{0,400}?charset\s{0,20}+=\s{0,20}+[\"']?+\s{0,20}+([\w:.-]{2,30})"
    rb"|<\?xml[^>]{0,100}?encoding\s{0,20}+=\s{0,20}+[\"']([\w:.-]{2,30})",
    re.I,
)
COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.S)
LOOKED_AT = 4_096
"""Bytes at the beginning in which a page says its encoding; browsers look at 1,024."""


def read_html(body: bytes, stated: str | None = None) -> Draft:
    """A page. `stated` is the encoding that whoever sent it said, if anybody did."""
    decoded = _decode(body, stated)
    draft = Draft.of(decoded)
    tree = LexborHTMLParser(OURS.sub("", clean(decoded.text)))
    draft.title = _title(tree)
    if tree.body is None:
        return draft
    _mark(tree.body)
    text, *pieces = _lay_out(tree.body.text()).split(HEADING)
    text = text.lstrip()
    for piece in pieces:
        piece = piece if text else piece.lstrip()
        draft.heading(piece.split("\n", 1)[0], len(text))
        text += piece
    draft.add(text.rstrip(), "")
    return draft


def _title(tree: LexborHTMLParser) -> str:
    """The page's, else its first heading's."""
    for selector in ("head title", ":not(svg) > title", "h1"):
        found = tree.css_first(selector)
        title = " ".join(found.text().split()) if found else ""
        if title:
            return title
    return ""


def _show(body: LexborNode) -> None:
    """Take away what is not shown, and put in what a form and ruby show."""
    for node in body.css(UNREAD):
        node.decompose()
    for choice in body.css("select"):
        chosen = choice.css_first("option[selected]") is not None
        for node in choice.css("option:not([selected])") if chosen else ():
            node.decompose()
    for node in body.css('input[value]:not([type="hidden"]):not([type="password"])'):
        node.insert_after(f" {node.attributes.get('value') or ''} ")
    for node in body.css("ruby"):
        readings = node.css("rt")
        aloud = "".join(reading.text() for reading in readings)
        for reading in readings:
            reading.decompose()
        node.insert_after(f"({aloud})" if aloud else "")


def _number(body: LexborNode) -> None:
    """Put in the numbers of numbered lists, which stand nowhere in the text."""
    for ordered in body.css("ol:not([reversed])"):
        format, number = TYPES.get(ordered.attributes.get("type") or "1", "decimal"), _stated(ordered, "start", 1)
        for item in ordered.iter():
            if item.tag == "li":
                number = _stated(item, "value", number)
                if (first := _first_text(item)) is not None:
                    first.insert_before(f"{written(number, format)}. ")
                number += 1


def _first_text(item: LexborNode) -> LexborNode | None:
    """Where the words of an item begin: its number belongs on their line."""
    node = item.child
    while node is not None:
        if node.is_text_node and (node.text_content or "").strip():
            return node
        node = node.child if node.tag in INNER and node.child is not None else node.next
    return None


def _stated(node: LexborNode, name: str, usual: int) -> int:
    value = (node.attributes.get(name) or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 8 else usual


def _mark(body: LexborNode) -> None:
    """Put in where lines, paragraphs, cells and headings begin and end."""
    _show(body)
    _number(body)
    for node in body.css(KEPT):
        kept = node.text().strip("\n").rstrip()
        node.replace_with(PARAGRAPH + kept.replace("\n", LINE).replace("\t", TAB).replace(" ", BLANK) + PARAGRAPH)
    for node in body.css(HEADINGS):
        node.insert_before(HEADING)
    for selector, mark in ((BLOCKS, LINE), (PARAGRAPHS, PARAGRAPH)):
        for node in body.css(selector):
            node.insert_before(mark)
            node.insert_after(mark)
    for node in body.css("br"):
        node.replace_with(LINE)
    for node in body.css("td, th"):
        node.insert_after(CELL)


def _decode(body: bytes, stated: str | None) -> Decoded:
    """UTF-8 if it is; else what the page says it is; else a guess."""
    if stated is None:
        said = STATED_CHARSET.search(COMMENT.sub(b"", body[:LOOKED_AT]))
        stated = (said[1] or said[2]).decode() if said else None
    return decode(body, stated)


def _lay_out(marked: str) -> str:
    """Marks to breaks: at most one empty line between paragraphs, none elsewhere; cells of a row by ` | `."""
    text = " ".join(marked.split())
    text = LAST_CELL.sub("", text).replace(f" {CELL}", CELL).replace(f"{CELL} ", CELL).replace(CELL, " | ")
    return BREAKS.sub(_as_break, text).replace(BLANK, " ").replace(TAB, "\t")


def _as_break(match: re.Match[str]) -> str:
    heading = HEADING if HEADING in match[0] else ""
    if PARAGRAPH in match[0]:
        return "\n\n" + heading
    return ("\n" if LINE in match[0] else " " if heading else match[0]) + heading
