"""The client library by itself: a wheel of its own that imports where nothing else of the product is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[3] / "api" / "client"
TRY = """
import sys, typing
sys.path.insert(0, sys.argv[1])
import colloquy_client
from colloquy_client import frames
assert colloquy_client.__file__.startswith(sys.argv[1])
assert not {name.partition(".")[0] for name in sys.modules} & {"api", "domain", "application", "litestar"}
typing.get_type_hints(colloquy_client.Colloquy.costs)
print(frames.read_frame('{"type": "pong"}'))
"""


@pytest.mark.real
def test_it_is_installed_and_imported_alone(tmp_path: Path) -> None:
    source = tmp_path / "client"
    shutil.copytree(CLIENT, source, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-I", "-c", build, str(tmp_path)], cwd=source, check=True, capture_output=True, timeout=60
    )
    (wheel,) = tmp_path.glob("colloquy_client-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert "colloquy_client/py.typed" in packed.namelist()
        described = packed.read(f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info/METADATA").decode()
    needed = [line.removeprefix("Requires-Dist: ") for line in described.splitlines() if "Requires-Dist" in line]
    assert sorted(needed) == ["httpx", "msgspec", "websockets"]
    where = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(where)
    told = subprocess.run(
        [sys.executable, "-c", TRY, str(where)], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    assert "Pong" in told.stdout
