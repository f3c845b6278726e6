"""A version before runs its own files, and an upgrade that anybody noticed did not pass."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from msgspec.structs import replace

from infra.bench.harness.versions import ROOT, checked_out
from infra.bench.upgrade import Upgraded

GOOD = Upgraded(
    before="a", after="this", streams=2, turns=9, failed=0, lost=0, torn=0, reads=9, refused=0, went_back=0, apart=0,
    missing=0, unlike=[], steps={},
)  # fmt: skip
NOTICED: list[dict[str, Any]] = [
    {"failed": 1}, {"lost": 1}, {"torn": 1}, {"refused": 1}, {"went_back": 1}, {"apart": 1}, {"missing": 1},
    {"unlike": ["costs"]}, {"turns": 0}, {"reads": 0},
]  # fmt: skip


def test_whatever_somebody_noticed_is_no_upgrade() -> None:
    assert GOOD.passed
    assert [change for change in NOTICED if replace(GOOD, **change).passed] == []


@pytest.mark.real
def test_a_revision_has_its_own_files_and_its_own_program() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    with checked_out("HEAD") as version:
        where = [str(version.python), "-I", "-c", "import api, infra.local, msgspec; print(api.__file__)"]
        found = subprocess.run(where, capture_output=True, text=True, timeout=60, check=True).stdout
        assert found.startswith(str(version.home))
        assert (version.python.parent / "dbmate").exists()
        assert version.run({"PATH": "/usr/bin:/bin"}, "restore", "--help").startswith("Usage")
    assert not version.home.exists()
