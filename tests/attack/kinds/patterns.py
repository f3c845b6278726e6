"""Texts made to make a pattern slow: as questions and as searches."""

from __future__ import annotations

from tests.attack.attack import ENDS, Attack, Ground

MUST = "answered or refused with a code; nobody else waits"
LONGEST = 30_000
PUMPS = {
    "names of roads": "de la ", "titles": "von der ", "e-mail": "a.b+c@d-e.f ", "at signs": "a@", "dots": "a.", "digits": "4111 ",
    "digits in groups": "12-", "phone": "+49 (0) ", "iban": "DE89 3704 ", "hex": "af:", "ipv6": "::1:", "octets": "1.2.",
    "brackets": "[", "closing": "]", "marks": "[1", "links": "![a](", "tags": "<a ", "angle": "<", "backslashes": "\\",
    "quotes": "\"'", "placeholders": "[EMAIL_", "combining marks": "a\u0301\u0300\u0302", "marks alone": "\u0301", "joiners": "\u200d",
    "capitals": "Aa Bb ", "particles": "of the ", "numbers": "1,", "dates": "01.02.", "months": "March ", "streets": "Main Street ",
    "hyphens": "a-", "apostrophes": "O'", "underscores": "_a", "keys": "key=", "base64": "QUJD", "words": "word ", "blank": " ",
    "tabs": "\t", "lines": "\n", "cjk": "東京都", "arabic": "ال", "hangul": "회사", "emoji": "👩\u200d👩\u200d👧", "full width": "４１１１ ",
    "zero width": "a\u200b", "right to left": "\u202eabc", "not": "not ", "questions": "who is ", "slashes": "//", "schemes": "https://",
}  # fmt: skip
ENDINGS = ("", "!", "@x", "1", "Platz")


def _asked(pump: str, ending: str) -> str:
    return (pump * (LONGEST // len(pump) + 1))[:LONGEST] + ending


def _attack(name: str, text: str, *, search: bool) -> Attack:
    async def run(ground: Ground) -> None:
        if search:
            async with ground.http() as http:
                answer = await http.post("/v1/search", json={"query": text, "k": 3})
                assert answer.status_code < 500, answer.text[:300]
            return
        async with ground.chat() as chat:
            frame = await chat.ask(text, cache="bypass")
            assert frame["type"] in ENDS
            assert frame.get("error", {}).get("code") != "internal", frame

    return Attack("patterns", f"{name} {'searched' if search else 'asked'}", MUST, run)


ATTACKS = [
    _attack(name, _asked(pump, ENDINGS[n % len(ENDINGS)]), search=n % 3 == 2)
    for n, (name, pump) in enumerate(PUMPS.items())
]
