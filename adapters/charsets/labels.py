"""What encodings are called: on the web (https://encoding.spec.whatwg.org/#names-and-labels), and by Python."""

from __future__ import annotations

import codecs

import webencodings

WIDER = {"gbk": "gb18030"}
"""Codecs whose every text is also one of the other's, which knows more."""
NOT_STATED = frozenset(("utf-16-le", "utf-16-be"))
"""What no text can truly say of itself in letters that can be read before it is decoded."""
OTHERS = {"iso2022_jp_ext": "iso-2022-jp", "hz": "hz-gb-2312", "cp949": "euc-kr", "gb18030": "gb18030"}


def codec_of(label: str) -> str | None:
    """Python's codec for what a file calls its encoding: `latin1` is windows-1252 there, as in every browser. None for
    what is no label, or cannot be true."""
    name = webencodings.LABELS.get(webencodings.ascii_lower(label.strip("\t\n\f\r ")))
    codec = CODECS.get(name) if name else None
    return None if codec in NOT_STATED else WIDER.get(codec or "", codec)


def label_of(codec: str) -> str:
    """The name on the web of what Python calls `codec`, or that without one."""
    return OTHERS.get(codec) or NAMES.get(codecs.lookup(codec).name) or codec.replace("_", "-")


_KNOWN = (name for name in dict.fromkeys(webencodings.LABELS.values()) if name not in ("replacement", "x-user-defined"))
CODECS = {name: codecs.lookup(webencodings.PYTHON_NAMES.get(name, name)).name for name in _KNOWN}
NAMES = {codec: name for name, codec in CODECS.items() if name != "iso-8859-8-i"}
