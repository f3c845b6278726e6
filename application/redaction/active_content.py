"""Takes out of an answer what a reader's program would load, run or follow: images, HTML, links to hosts not allowed.

An answer is Markdown that a model wrote from documents that anybody may have written. A picture whose address holds
what was said before would carry it away as soon as it is shown. So nothing in an answer can be active: `![` begins no
image, `](` leads to allowed hosts alone, `]:` defines no address, a tag is text, and a bare address is left out. What
comes out, joined, is the same however the answer was split over deltas (CommonMark 0.31, GFM autolinks).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

REMOVED = "‹link removed›"
MAX_ADDRESS = 2_048
"""Characters that an address or a tag may have to be looked at; a longer one is taken for the worst."""
MAX_TAG = 256
MAX_PUNCTUATION = 8
_NAMES = """
a applet area audio base body button canvas command datalist details dialog embed fieldset form frame frameset head
html iframe image img input isindex keygen link listing map marquee math menu meta noembed noframes noscript object
optgroup option output param picture plaintext portal script select slot source style summary svg template textarea
title track video xmp
"""
_ACTIVE = frozenset(_NAMES.split())
"""HTML elements that load, run, submit, restyle or swallow what follows them."""
_BARE = r"(?<![a-z0-9])(?:(?:(?:https?|ftp)://|www\.|mailto:|xmpp:)(?=\S))|://(?=\S)|(?<![\w:])//(?=\S)"
_STOP = re.compile(rf"[!\]<]|{_BARE}", re.IGNORECASE)
"""Where something active may begin."""
_WITHIN = re.compile(rf"!\[|{_BARE}", re.IGNORECASE)
"""Where it may begin within an address that stands bare: a renderer may take the address to end there."""
_PERHAPS = re.compile(r"[!\]<:/Ww](?:(?<=!)(?:\[|\Z)|(?<=\])(?:[(:]|\Z)|(?<=<)|(?<=:)(?=\S)|(?<=/)/|(?<=[Ww])[Ww]{2})")
"""Nothing active begins in a text that has none of these, but for what `_BEGUN` finds at its end. A mark of a citation
has none of them. It begins with a set, so that the engine skips to one of them."""
_BEGUN = re.compile(
    r"(?:(?<![a-z0-9])(?:h|ht|htt|https?(?::/{0,2})?|f|ft|ftp(?::/{0,2})?|ww?|www\.?"
    r"|m|ma|mai|mail|mailt|mailto:?|x|xm|xmp|xmpp:?)|:/{0,2}|(?<![\w:])//?)\Z",
    re.IGNORECASE,
)
"""The end of a piece that may be the beginning of an address."""
_LONGEST_BEGUN = 8
_BEGUN_ENDS = frozenset("htpsfwmailox:/.HTPSFWMAILOX\u017f\u0130\u0131")
"""The last characters of a piece that may be one, and what stands for them where case is ignored."""
_BEGUN_PAIRS = frozenset(
    word[at - 1 : at + 1]
    for word in ("https://", "http:", "ftp://", "www.", "mailto:", "xmpp:")
    for at in range(1, len(word))
)
"""Its last two in small letters, unless it ends with the first letter of a word or with a sign."""
_ADDRESS = re.compile(r"[^\s<>\"`)\]}]*+")
_HOST = re.compile(r"(https?://)?([a-z0-9.-]{1,253}+)(?::\d{1,5})?(?=[/?#]|\Z)", re.IGNORECASE)
_TAG = re.compile(r"/?([a-z][a-z0-9_.-]*+)([^<>]*+)", re.IGNORECASE)
_PUNCTUATION = ".,;:!?'*_~"
_IN_ACTIVE_TAGS = frozenset("=:@\\\"'`")
_MORE = -1


class ActiveContentFilter:
    """One answer. `hosts` may be linked to: a name, or `*.name` for all below it. Holds back only what may become
    active, at most `MAX_ADDRESS` characters."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = tuple(hosts)
        self._held = ""
        self._last = ""  # the character before what is held
        self._dropping = False
        self._trail = ""  # punctuation at the end of an address that is left out

    def feed(self, text: str) -> str:
        """The next piece; what may be shown now."""
        if self._held or self._dropping or _may_be_active(text):
            return self._pass(text, over=False)
        self._last = text[-1:] or self._last
        return text

    def flush(self) -> str:
        """The answer is over: what was still held back."""
        return self._pass("", over=True)

    def _pass(self, text: str, *, over: bool) -> str:
        text, self._held = self._last + self._held + text, ""
        at = len(self._last)
        out: list[str] = []
        while at < len(text):
            if self._dropping:
                at = self._drop(text, at, out)
                continue
            stop = _STOP.search(text, at)
            begun = None if over else _BEGUN.search(text, max(at, len(text) - _LONGEST_BEGUN))
            end = min(found.start() if found else len(text) for found in (stop, begun))
            out.append(text[at:end])
            at = end
            after = self._judge(text, stop, over, out) if stop and stop.start() == end else _MORE
            if after == _MORE:
                self._held = text[at:]
                break
            at = after
        if over:
            out.append(self._trail)
        passed = len(text) - len(self._held)
        self._last = text[passed - 1 : passed] if passed else ""
        return "".join(out)

    def _judge(self, text: str, stop: re.Match[str], over: bool, out: list[str]) -> int:
        """Put out what becomes of the text from `stop` on; where to go on, or `_MORE` when more must be known."""
        at, mark = stop.start(), stop[0]
        if mark == "//":  # of whatever scheme the page has
            out.append("// ")
            return at + 2
        if mark not in ("!", "]", "<"):
            return self._address(text, stop, over, out)
        following = text[at + 1 : at + 2]
        if not over and (not following or (text.startswith("</", at) and at + 2 == len(text))):
            return _MORE
        if mark == "]" and following == "(":
            return self._link(text, at, over, out)
        if mark == "<" and following.isascii() and (following.isalpha() or following in ("/", "!", "?")):
            return self._tag(text, at, over, out)
        out.append(f"{mark} " if mark + following in ("![", "]:") else mark)
        return at + 1

    def _link(self, text: str, at: int, over: bool, out: list[str]) -> int:
        """`](address`: kept when it leads to an allowed host, else no link."""
        end = _end(_ADDRESS, text, at + 2)
        address = text[at + 2 : end]
        if end == len(text) and not over and len(address) < MAX_ADDRESS and self._may_be_allowed(address):
            return _MORE
        if "://" in address[:8] and (whole := self._allowed(address)):
            out.append(f"]({whole}")
            return end
        out.append("] ")
        return at + 1

    def _tag(self, text: str, at: int, over: bool, out: list[str]) -> int:
        """`<`: a tag that does nothing, or a name in angle brackets, stays; else it is written as text."""
        tag = _TAG.match(text, at + 1, at + 1 + MAX_TAG)
        end = tag.end() if tag else at + 1
        short = end - at <= MAX_TAG
        if tag and end == len(text) and short and not over:
            return _MORE
        inert = tag and short and text[end : end + 1] == ">" and tag[1].lower() not in _ACTIVE
        out.append("<" if inert and tag and not _IN_ACTIVE_TAGS & set(tag[2]) else "&lt;")
        return at + 1

    def _address(self, text: str, stop: re.Match[str], over: bool, out: list[str]) -> int:
        """An address that stands bare: kept when its host is allowed, as far as no other begins within it; else left
        out to its end."""
        at = stop.start()
        end = _end(_ADDRESS, text, at)
        open, short = end == len(text) and not over, end - at < MAX_ADDRESS
        if open and short and self._may_be_allowed(text[at:end]):
            return _MORE
        if within := _WITHIN.search(text, stop.end(), end):
            end = within.start()
        address = text[at:end]
        if short and (whole := self._allowed(bare := address.rstrip(_PUNCTUATION))):
            out.append(whole + address[len(bare) :])
            return end
        out.append(REMOVED)
        self._dropping = True
        return at

    def _drop(self, text: str, at: int, out: list[str]) -> int:
        """Leave out the rest of an address but for the punctuation that ends it."""
        end = _end(_ADDRESS, text, at)
        dropped = self._trail + text[at:end]
        self._trail = dropped[len(dropped.rstrip(_PUNCTUATION)) :][-MAX_PUNCTUATION:]
        if end < len(text):
            out.append(self._trail)
            self._trail, self._dropping = "", False
        return end

    def _may_be_allowed(self, begun: str) -> bool:
        """Whether an address that begins so may lead to an allowed host when it is whole."""
        begun = begun[:8].lower()
        return bool(self._hosts) and any(begun.startswith(s[: len(begun)]) for s in ("http://", "https://", "www."))

    def _allowed(self, address: str) -> str:
        """The address when its host is allowed, else nothing. A `/` ends the host, so that what follows in the text can
        make it no other (`https://good"@bad`)."""
        host = _HOST.match(address) if self._hosts and len(address) < MAX_ADDRESS else None
        if host is None or not any(_is_of(host[2].lower(), allowed) for allowed in self._hosts):
            return ""
        return address if host.end() < len(address) else f"{address}/"


def inert(text: str, hosts: Sequence[str] = ()) -> str:
    """A whole text without active content."""
    content = ActiveContentFilter(hosts)
    return content.feed(text) + content.flush()


def _may_be_active(text: str) -> bool:
    if _PERHAPS.search(text):
        return True
    if text[-1:] not in _BEGUN_ENDS:
        return False
    end = text[-2:].lower()
    last = end[-1:]
    if end.isascii() and end not in _BEGUN_PAIRS and last not in ":/" and (last not in "hfwmx" or end[:-1].isalnum()):
        return False
    return _BEGUN.search(text, max(0, len(text) - _LONGEST_BEGUN)) is not None


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _is_of(host: str, allowed: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
