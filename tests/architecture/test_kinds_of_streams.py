"""Every kind of stream is known to erasure: a user's, a tenant's, or one without anybody's words."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parents[2]
KIND = re.compile(r"StreamId\([^()]*,\s*\"([a-z_]+)\"|tenant\}/([a-z_]+)/\{")
OF_USERS = {"session", "file", "incident", "user"}
OF_TENANTS = {"document", "tenant"}
WITHOUT_WORDS = {"search", "audit", "denials", "embeddings", "erasure"}
NO_STREAMS = {"documents", "incidents"}  # places of the object store


def kinds() -> set[str]:
    found = set()
    for room in ("domain", "application", "adapters", "projections", "api"):
        for path in (HERE / room).rglob("*.py"):
            found |= {one or other for one, other in KIND.findall(path.read_text())}
    return found - NO_STREAMS


def test_each_kind_of_stream_goes_with_somebody_or_says_nothing() -> None:
    assert kinds() == OF_USERS | OF_TENANTS | WITHOUT_WORDS
    of_user = (HERE / "application/erasure/erase_user.py").read_text()
    of_tenant = "".join((HERE / f"application/erasure/{name}.py").read_text() for name in ("erase_tenant", "take_away"))
    assert {kind for kind in OF_USERS - {"user"} if f'"{kind}"' not in of_user} == set()
    assert {
        kind for kind in OF_USERS | OF_TENANTS - {"tenant"} if kind != "user" and f'"{kind}"' not in of_tenant
    } == set()
