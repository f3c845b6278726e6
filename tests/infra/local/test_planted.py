"""What lies in the folder that `colloquy up` is started in is nobody's code but its owner's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
TRAP = "import os\nos.close(os.open(os.path.join({home!r}, {name!r}), os.O_CREAT | os.O_WRONLY))\n"
PLANTED = (
    "api/__init__", "api/cli/__init__", "infra/__init__", "infra/local/__init__", "adapters/__init__",
    "domain/__init__", "application/__init__", "projections/__init__", "msgspec", "sitecustomize", "usercustomize",
    "uvicorn", "uvloop",
    "ministack/__init__", "json", "asyncio", "structlog", "click", "psycopg",
)  # fmt: skip


def set_traps(home: Path) -> Path:
    """A folder in which whoever imports from it is noted."""
    noted, folder = home / "sprung", home / "folder"
    noted.mkdir()
    for module in PLANTED:
        path = folder / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TRAP.format(home=str(noted), name=module.replace("/", ".")))
    (folder / ".env").write_text("DATABASE_URL=postgres://nobody@127.0.0.1:1/none\nDBMATE_MIGRATIONS_TABLE=planted\n")
    return folder


def sprung(home: Path) -> list[str]:
    """What was imported from there."""
    return sorted(found.name for found in (home / "sprung").iterdir())


def test_the_traps_work(tmp_path: Path) -> None:
    """Without isolation the same folder is imported from; `test_up.py` starts everything in one."""
    subprocess.run(
        [sys.executable, "-m", "api.cli"], cwd=set_traps(tmp_path), capture_output=True, timeout=30, check=False
    )
    assert "api.__init__" in sprung(tmp_path)
