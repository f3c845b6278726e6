"""What lies in the folder that `colloquy up` is started in is nobody's code but its owner's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.real
COLLOQUY = Path(sys.executable).parent / "colloquy"
PLANTED = (
    "api/__init__", "api/cli/__init__", "infra/__init__", "infra/local/__init__", "adapters/__init__",
    "domain/__init__", "application/__init__", "projections/__init__", "msgspec", "sitecustomize", "usercustomize",
    "uvicorn", "uvloop",
    "ministack/__init__", "json", "asyncio", "structlog", "click", "psycopg",
)  # fmt: skip


def test_a_folder_full_of_traps(data_dir: Path, tmp_path: Path) -> None:
    trap = "import os\nos.close(os.open(os.path.join({home!r}, {name!r}), os.O_CREAT | os.O_WRONLY))\n"
    home, folder = tmp_path / "sprung", tmp_path / "folder"
    home.mkdir()
    for module in PLANTED:
        path = folder / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(trap.format(home=str(home), name=module.replace("/", ".")))
    (folder / ".env").write_text("DATABASE_URL=postgres://nobody@127.0.0.1:1/none\nDBMATE_MIGRATIONS_TABLE=planted\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COLLOQUY_", "AWS_"))}
    command = [str(COLLOQUY), "--data-dir", str(data_dir), "up", "--port", "0", "--no-demo", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            assert httpx.get(f"{told['url']}/health/live").status_code == 200
            assert told["pids"].keys() >= {"api", "relay", "project", "ingest", "aws", "bedrock"}
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert sorted(found.name for found in home.iterdir()) == []


def test_the_traps_work(tmp_path: Path) -> None:
    """Without isolation the same folder is imported from."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text('print("sprung")')
    ran = subprocess.run(
        [sys.executable, "-m", "api.cli"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert "sprung" in ran.stdout
