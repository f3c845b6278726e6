"""Characters of fonts that draw signs where others have letters: Symbol, Wingdings and their like, as Unicode."""

from __future__ import annotations

# Adobe Symbol (https://www.unicode.org/Public/MAPPINGS/VENDORS/ADOBE/symbol.txt), from 0x20 and from 0xA0; a dot at the
# places of pieces of signs that mean nothing alone.
_LOW = " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
_HIGH = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑" + "." * 11 + "〉∫⌠.⌡"
SYMBOL = {0x20 + place: sign for place, sign in enumerate(_LOW)} | {
    0xA0 + place: sign for place, sign in enumerate(_HIGH) if sign != "."
}
# Those that stand in texts (https://www.unicode.org/L2/L2011/11052r-wingding.pdf).
WINGDINGS = {
    0x21: "✏", 0x22: "✂", 0x28: "☎", 0x2A: "✉", 0x3A: "💻", 0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x6C: "●", 0x6D: "❍",
    0x6E: "■", 0x6F: "□", 0x71: "❑", 0x72: "❒", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x78: "⌧", 0x9F: "•", 0xA1: "○",
    0xA7: "▪", 0xA8: "◻", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xEF: "⇦",
    0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
} | {0x80 + n: sign for n, sign in enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿")}  # fmt: skip
WINGDINGS_2 = {
    0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x30: "□", 0x97: "●", 0xA2: "■", 0xA3: "□",
}  # fmt: skip
WEBDINGS = {0x61: "✓", 0x72: "✗", 0x63: "□", 0x67: "■", 0x6E: "●", 0x78: "☒"}
FONTS = {"symbol": SYMBOL, "wingdings": WINGDINGS, "wingdings 2": WINGDINGS_2, "webdings": WEBDINGS}
PRIVATE = range(0xF000, 0xF100)
"""Where Word puts the codes of such a font."""
UNKNOWN = "▯"


def sign(font: str, code: int) -> str:
    """The sign with this code in a font; a box where we do not know it, the character itself where the font is of the
    usual kind."""
    signs = FONTS.get(font.strip().lower())
    place = code - PRIVATE.start if code in PRIVATE else code
    if signs is None:
        return UNKNOWN if code in PRIVATE else chr(code)
    return signs.get(place, UNKNOWN)


def in_font(font: str, text: str) -> str:
    """A text that is set in a font, as what is seen of it."""
    if font.strip().lower() not in FONTS:
        return text
    return "".join(one if one.isspace() else sign(font, ord(one)) for one in text)
