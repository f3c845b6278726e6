"""Control words of RTF that matter to its text: signs, groups that are not shown, code pages of fonts."""

from __future__ import annotations

import codecs

SIGNS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005", "zwj": "\u200d",
    "zwnj": "\u200c",
}  # fmt: skip
SILENT = frozenset(
    (
        "stylesheet", "colortbl", "listtable", "listoverridetable", "rsidtbl", "info", "pict", "object", "fldinst",
        "datafield", "nonshppict", "themedata", "colorschememapping", "latentstyles", "datastore", "generator",
        "xmlnstbl", "filetbl", "revtbl", "pgptbl", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc", "sp", "sn", "sv",
        "bkmkstart", "bkmkend", "atnid", "atnauthor", "atrfstart", "atrfend", "atndate", "atnref", "xe", "tc", "panose",
        "falt", "mmathPr", "wgrffmtfilter", "userprops", "docvar", "template",
    )
)  # fmt: skip
"""Groups whose text is not shown; the numbers of lists are."""
CHARSETS = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5hkscs", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip
"""By `\\fcharset`."""
NAMED = {936: "gb18030", 949: "cp949", 950: "big5hkscs", 10000: "mac-roman", 65001: "utf-8", 20866: "koi8-r"}


def code_page(number: int) -> str:
    """Python's codec of a code page of Windows; that of western Europe where there is none."""
    name = NAMED.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
