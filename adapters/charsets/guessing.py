"""The likeliest encoding of bytes that are no Unicode: by language models, and by what could have been written."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import chardet

from adapters.charsets.alphabets import ALPHABETS, WESTERN, could_be, is_clean, letters_of

FAMILIES = {
    "cp1252": "western", "iso8859-15": "western", "mac-roman": "western", "cp850": "western", "cp437": "western",
    "cp1250": "central", "iso8859-2": "central", "cp852": "central", "cp1254": "turkish", "cp1257": "baltic",
    "cp1258": "vietnamese", "cp1253": "greek", "iso8859-7": "greek", "cp1251": "cyrillic", "koi8-r": "cyrillic",
    "koi8-u": "cyrillic", "iso8859-5": "cyrillic", "cp866": "cyrillic", "mac-cyrillic": "cyrillic", "cp1255": "hebrew",
    "iso8859-8": "hebrew", "cp1256": "arabic", "iso8859-6": "arabic", "cp874": "thai", "cp932": "japanese",
    "euc-jp": "japanese", "gb18030": "chinese", "big5hkscs": "chinese", "cp949": "korean",
}  # fmt: skip
"""Encodings that files are found in, and whom each was made for."""
RARE = frozenset(("mac-roman", "cp850", "cp437", "cp852", "cp866", "mac-cyrillic"))
CODECS = {codecs.lookup(name).name: name for name in FAMILIES} | {"euc_jis_2004": "euc-jp"}
COMMONEST = "cp1252"
# Chosen on 1,779 stretches of 12 to 150 characters out of 36 languages in 68 encodings (`tests/adapters/charsets`).
PREFERENCE, SEVERAL_LANGUAGES, NO_LANGUAGE, RARELY = 1.3, 0.75, 0.5, 0.8
FEW = 3
"""So few letters beyond ASCII say nothing of a language."""
LINE = re.compile(rb"^([^\n\x80-\xff]*+)([\x80-\xff][^\n]*+)", re.M)
BEFORE, LONGEST = 200, 4_096
BETWEEN = re.compile(rb"[\x00-\x2f](?=[^\x00-\x2f]*\Z)")
"""A byte that is no half of a character in any encoding."""
MAY_END_ANYWHERE = 100
SAYS_SO = re.compile(rb"charset|coding", re.I)
"""What a text says of itself is asked elsewhere; here it would be looked for among Python's modules."""
SAMPLE = 64 * 1024
"""Bytes that the models are asked about: what stands around those beyond ASCII, wherever in the file that is."""


def guess(body: bytes) -> str | None:
    """Python's name of the likeliest encoding; None when nothing could have been written that way."""
    sample = sample_of(body)
    common = _decoded(sample, COMMONEST)
    if common is not None and _letters_beyond(common) <= FEW and could_be(common, FAMILIES[COMMONEST]):
        return COMMONEST
    scored = list(_scored(sample))
    return max(scored)[1] if scored else None


def load_models() -> None:
    """Open what guessing opens, for who will not be allowed to."""
    guess("Срок уведомления составляет два месяца".encode("cp1251"))


def sample_of(body: bytes) -> bytes:
    """The lines of a file that are not all ASCII, the first that fit; all of a short one. It begins with a
    character."""
    if len(body) <= SAMPLE:
        return body
    pieces, size = [], 0
    for match in LINE.finditer(body):
        piece = match[1][-BEFORE:] + match[2][:LONGEST]
        end = None if len(match[2]) <= LONGEST else BETWEEN.search(piece)
        if end is None and len(match[2]) > LONGEST:
            return match[1][-BEFORE:] + match[2][:SAMPLE]  # without a blank anywhere: all that there is to see
        pieces.append(piece[: end.start()] if end else piece)
        size += len(pieces[-1])
        if size > SAMPLE:
            break
    return b"\n".join(pieces)


def _scored(sample: bytes) -> Iterator[tuple[float, str]]:
    found = chardet.detect_all(
        SAYS_SO.sub(b"", sample),
        include_encodings=tuple(FAMILIES),
        compat_names=False,
        ignore_threshold=True,
        no_match_encoding=COMMONEST,
    )
    for match in found:
        name = CODECS.get(codecs.lookup(match["encoding"]).name) if match["encoding"] else None
        text = _decoded(sample, name) if name else None
        if name and text is not None:
            score = match["confidence"] * _plausible(text, name)
            if score:
                yield score, name


def _plausible(text: str, name: str) -> float:
    """How much more, or less, to believe in an encoding for what the text would then be."""
    family = FAMILIES[name]
    weight = RARELY if name in RARE else 1.0
    if could_be(text, family):
        return weight * (PREFERENCE if name == COMMONEST else 1.0)
    if family not in ALPHABETS or not is_clean(text):
        return 0.0
    return weight * (SEVERAL_LANGUAGES if family == "western" and letters_of(text) <= WESTERN else NO_LANGUAGE)


def _letters_beyond(text: str) -> int:
    return sum(one > "\x7f" and one.isalpha() for one in text)


def _decoded(sample: bytes, name: str) -> str | None:
    """None when it is not so encoded. A long sample may end inside a character."""
    try:
        return codecs.getincrementaldecoder(name)().decode(sample, final=len(sample) < MAY_END_ANYWHERE)
    except UnicodeDecodeError:
        return None
