"""The stack needs no root: run by root, the tests become an ordinary user; run by one, all other tests show it."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from infra.local.postgres import Postgres
from tests.infra.local.test_lifetimes import ALL, Parent, parent_of
from tests.infra.local.waiting import all_gone, wait_until

pytestmark = [pytest.mark.real, pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as one already")]
ROOT = Path(__file__).parents[3]


def open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def interpreter() -> Path | None:
    """A Python of our version that anybody may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable), *(Path(folder) / name for folder in ("/usr/local/bin", "/usr/bin"))]
    return next((path.resolve() for path in candidates if path.exists() and open_to_all(path)), None)


@pytest.fixture
def environment(data_dir: Path) -> Path:
    """A Python with our packages that anybody may run."""
    found = interpreter()
    if found is None or not open_to_all(ROOT / "infra"):
        pytest.skip("only root reaches this Python or this checkout")
    home = data_dir.parent / "environment"
    subprocess.run([found, "-m", "venv", "--without-pip", home], check=True, timeout=60)
    packages = next(home.glob("lib/python*/site-packages"))
    (packages / "ours.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return home / "bin" / "python"


def test_an_ordinary_user_runs_everything_in_a_private_directory(environment: Path, data_dir: Path) -> None:
    user = pwd.getpwnam("nobody")
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, user.pw_uid, user.pw_gid)
    parent: Parent
    with parent_of(data_dir, environment, user.pw_uid, user.pw_gid) as parent:
        process, pids = parent
        assert pids.keys() >= ALL
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids.values()} == {user.pw_uid}
        process.kill()
        wait_until(lambda: all_gone(pids.values()), "all are gone")


def test_root_keeps_the_cluster_elsewhere_when_its_directory_is_closed_and_finds_it_again(data_dir: Path) -> None:
    home = data_dir / "postgres"
    home.mkdir(parents=True)
    data_dir.chmod(0o700)
    first, second = Postgres(home, fast=False), Postgres(home, fast=False)
    try:
        assert first.home == second.home
        assert not first.home.is_relative_to(data_dir)
        assert first.home.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    finally:
        shutil.rmtree(first.home)
