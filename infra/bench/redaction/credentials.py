"""Keys, tokens and passwords that open nothing."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

from infra.bench.redaction.drawing import PatternDraw


def credential(draw: PatternDraw) -> str:
    """A key or token of a form that its issuer gave it, in two parts so that no scanner takes this for one."""
    letters = draw.letters
    claims = urlsafe_b64encode(letters(24).encode()).decode().rstrip("=")
    made = (
        "AKI" + "A" + letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        "gh" + "p_" + letters(36),
        "xox" + "b-" + draw.some("##########-") + letters(24),
        "sk_" + "live_" + letters(24),
        "ey" + f"JhbGciOiJIUzI1NiJ9.ey{claims}.{letters(43)}",
        "AI" + "za" + letters(35),
        "glp" + "at-" + letters(20),
        "sk-" + "ant-api03-" + letters(40),
        "-----BEGIN " + f"PRIVATE KEY-----\n{letters(64)}\n{letters(40)}\n-----END PRIVATE KEY-----",
    )
    return draw.choice(made)


def password(draw: PatternDraw, given: Callable[[], str]) -> str:
    """One as people make them up, of a name too."""
    made = (
        draw.letters(6) + draw.some("##!"),
        given() + draw.some("####"),
        "Tr0ub" + draw.some("##&%"),
        draw.letters(14) + draw.some("#"),
    )
    return draw.choice(made)
