"""RTF to text (Rich Text Format 1.9.1): what is shown, with notes after their paragraph."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from adapters.extract.draft import Draft
from adapters.extract.rtf_words import CHARSETS, SIGNS, SILENT, code_page
from domain.refusals import DocumentRefused

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.S
)
DEEPEST = 1_000
HEADERS, FOOTERS = ("header", "headerl", "headerr", "headerf"), ("footer", "footerl", "footerr", "footerf")
NOTES = ("footnote", "annotation")
APART = frozenset((*HEADERS, *FOOTERS, *NOTES, "title", "shptxt"))
"""Groups whose text stands apart from that round them."""


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits: the code page, whether it is shown, and where its text goes."""

    shown: bool = True
    hidden: bool = False
    deleted: bool = False
    page: str = "cp1252"
    fallback: int = 1
    """How many characters after a Unicode one stand for readers that do not know it."""
    into: str = ""
    boxed: bool = False
    around: bool = True
    """Whether what stands round a text that is told twice, once for old readers, is shown."""


@dataclass(slots=True)
class _Output:
    """The blocks of each place that text goes to; `` is the body."""

    pieces: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Those of the paragraph, which are told when it ends."""

    def say(self, into: str, text: str) -> None:
        self.pieces.setdefault(into, []).append(text)

    def text(self, into: str) -> str:
        return "".join(self.pieces.get(into, ()))

    def paragraph_ends(self) -> None:
        for note in self.notes:
            self.say("", f"\n{note}\n")
        self.notes.clear()


def read_rtf(body: bytes) -> Draft:
    """Headers, the body, footers. `DocumentRefused` when the groups do not end well enough to be read."""
    reader = _Reader()
    reader.read(body)
    draft = Draft()
    draft.title = reader.output.text("title")
    for into in (*HEADERS, "", *FOOTERS):
        for block in reader.output.text(into).split("\n"):
            draft.add(block.strip(" |\t"))
    if reader.open_groups:
        draft.warn("The document ends in the middle.")
    return draft


class _Reader:
    def __init__(self) -> None:
        self.output = _Output()
        self.open_groups = 0
        self._state = _State()
        self._stack: list[_State] = []
        self._fonts: dict[int, str] = {}
        self._font_read = 0
        self._in_fonts, self._fonts_depth = False, 0
        self._starred = False
        self._skip = 0
        self._bytes = bytearray()
        self._numbers = dict.fromkeys(NOTES, 0)
        self._high: int | None = None

    def read(self, body: bytes) -> None:
        for match in TOKEN.finditer(body):
            word, number, byte, sign, brace, text = match.groups()
            if byte or text is not None:
                self._plain(bytes.fromhex(byte.decode()) if byte else text)
                continue
            self._flush()
            if word:
                self._word(word.decode(), int(number) if number else None)
            elif brace:
                self._brace(brace)
            elif sign:
                self._sign(sign)
        self._flush()
        self.output.paragraph_ends()
        self.open_groups = len(self._stack)

    def _plain(self, text: bytes) -> None:
        dropped = min(self._skip, len(text))
        self._skip -= dropped
        self._bytes += text[dropped:]

    def _flush(self) -> None:
        if self._bytes:
            text = self._bytes.decode(self._state.page, "replace")
            self._bytes.clear()
            self._say(text)

    def _say(self, text: str) -> None:
        if self._in_fonts or not self._state.shown or self._state.hidden or self._state.deleted:
            return
        self.output.say(self._state.into, text)

    def _brace(self, brace: bytes) -> None:
        self._skip = 0
        if brace == b"{":
            if len(self._stack) > DEEPEST:
                raise DocumentRefused("unreadable", "The document is nested too deeply.")
            self._stack.append(self._state)
        elif self._stack:
            ended, self._state = self._state, self._stack.pop()
            if ended.boxed and not self._state.boxed:
                self.output.say(ended.into, "\n")
            if ended.into != self._state.into:
                self._apart_ends(ended.into)
            if self._in_fonts and len(self._stack) < self._fonts_depth:
                self._in_fonts = False
        self._starred = False

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._starred = True
        elif sign in (b"~", b"_", b"\\", b"{", b"}"):
            self._say({b"~": "\u00a0", b"_": "-"}.get(sign, sign.decode()))
        elif sign in (b"\n", b"\r"):
            self._paragraph()

    def _word(self, word: str, number: int | None) -> None:
        starred, self._starred = self._starred, False
        if word == "u" and number is not None:
            self._unicode(number)
        elif word in SIGNS:
            self._say(SIGNS[word])
        elif word in ("par", "sect", "page", "row", "nestrow"):
            self._paragraph()
        elif word in ("cell", "nestcell"):
            self._say(" | ")
        elif word in APART:
            self._begin_apart(word)
        elif word == "upr":
            self._state = replace(self._state, shown=False, around=self._state.shown)
        elif word == "ud":
            self._state = replace(self._state, shown=self._state.around)
        elif word == "fonttbl":
            self._in_fonts, self._fonts_depth = True, len(self._stack)
        elif word in SILENT or (starred and word not in ("shppict", "shptxt")):
            self._state = replace(self._state, shown=False)
        else:
            self._setting(word, number)

    def _setting(self, word: str, number: int | None) -> None:
        on = number != 0
        match word:
            case "ansicpg" if number:
                self._state = replace(self._state, page=code_page(number))
            case "mac" | "pc" | "pca":
                self._state = replace(self._state, page={"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}[word])
            case "f" if number is not None:
                self._font_read = number
                if not self._in_fonts and number in self._fonts:
                    self._state = replace(self._state, page=self._fonts[number])
            case "fcharset" if number in CHARSETS:
                self._fonts[self._font_read] = CHARSETS[number]
            case "cpg" if number and self._in_fonts:
                self._fonts[self._font_read] = code_page(number)
            case "uc" if number is not None:
                self._state = replace(self._state, fallback=max(0, number))
            case "v":
                self._state = replace(self._state, hidden=on)
            case "deleted":
                self._state = replace(self._state, deleted=on)
            case "plain":
                self._state = replace(self._state, hidden=False, deleted=False)

    def _unicode(self, number: int) -> None:
        """A character, or half of a pair; those that follow stand for it elsewhere."""
        code = number & 0xFFFF
        if 0xD800 <= code < 0xDC00:
            self._high = code
        elif 0xDC00 <= code < 0xE000 and self._high is not None:
            self._say(chr(0x10000 + ((self._high - 0xD800) << 10) + code - 0xDC00))
            self._high = None
        else:
            self._say(chr(code - 0xF000 if 0xF020 <= code < 0xF100 else code))
        self._skip = self._state.fallback

    def _begin_apart(self, word: str) -> None:
        if word == "shptxt":
            self._state = replace(self._state, shown=True, boxed=True)
            self._say("\n")
        else:
            self._state = replace(self._state, shown=True, into=word)

    def _apart_ends(self, into: str) -> None:
        """A note follows the paragraph that it belongs to."""
        if into in NOTES:
            said = " ".join(self.output.text(into).split())
            self.output.pieces.pop(into, None)
            self._numbers[into] += 1
            name = f"Footnote {self._numbers[into]}" if into == "footnote" else "Comment"
            if said:
                self.output.notes.append(f"{name}: {said}")
        else:
            self.output.say(into, "\n")

    def _paragraph(self) -> None:
        self._say("\n")
        if not self._state.into:
            self.output.paragraph_ends()
