"""What is sent of scripts says to people what was written, to the character."""

from __future__ import annotations

import re

from api.console.assets import STATIC, own_assets
from api.console.smaller import smaller


def test_texts_within_texts_keep_their_spaces() -> None:
    written = '// `a`\nlet  x = `${n ? `, ${ f("}`") } more` : "  "} of  all`; /* ` */ let y = \'it`s  so\';\n'
    assert smaller(".js", written) == 'let x=`${n ? `, ${ f("}`") } more` : "  "} of  all`;let y=\'it`s  so\';'


def test_each_template_within_another_is_sent_as_written() -> None:
    """On each line that has several templates: what stands between two of their ends and holes is there in what is
    sent."""
    for path in sorted(STATIC.glob("*.js")):
        sent = own_assets()[path.name].plain.decode()
        for line in path.read_text().splitlines():
            for nested in re.findall(r"`[^`]*\$\{[^`{}]*`[^`]*`[^`{}]*\}[^`]*`", line.partition(" // ")[0]):
                assert nested in sent, f"{path.name}: {nested}"
