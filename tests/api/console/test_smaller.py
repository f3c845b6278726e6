"""What is sent of scripts says to people what was written, to the character."""

from __future__ import annotations

import re

from api.console.assets import STATIC, own_assets
from api.console.smaller import smaller

QUOTED = re.compile(r'(?<=[(\[{,:=?+ ])"([^"\\\n]*)"(?=[)\],;:}. ])')


def test_texts_within_texts_keep_their_spaces() -> None:
    written = '// `a`\nlet  x = `${n ? `, ${ f("}`") }  more` : "  "} of  all`; /* ` */ let y = /`  "/;\n'
    sent = smaller({"a.js": written, "b.css": "a { color : #ffffff }", "c.svg": "<svg  />"})
    assert sent["a.js"] == 'let x=`${n?`, ${f("}`")}  more`:"  "} of  all`,y=/`  "/'
    assert sent["b.css"] == "a{color:#fff}" and sent["c.svg"] == "<svg  />"


def test_all_that_people_read_is_sent_as_written() -> None:
    """Each text in quotes that holds a space."""
    found = 0
    for path in sorted(STATIC.glob("*.js")):
        sent = own_assets()[path.name].plain.decode()
        written = re.sub(r"(?m)^\s*(?://|\*|/\*\*).*$|(?<=[;{},]) // .*$", "", path.read_text())
        for text in QUOTED.findall(written):
            if " " in text:
                found += 1
                assert text in sent, f"{path.name}: {text}"
    assert found > 250
