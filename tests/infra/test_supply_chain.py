"""What is installed is pinned with hashes, under licences that are allowed, and asks nobody when it is loaded."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

from infra.supply_chain.licences import OUR_OWN, is_allowed, licence_of, refused, rules
from infra.supply_chain.locks import LOCKS, normal_name, pinned
from infra.supply_chain.sbom import with_hashes
from tests.architecture.made_docs import ROOT

ALLOWED = frozenset(rules()["allowed"])
LOCKED = [path for path in sorted(LOCKS.glob("*.txt")) if path.name != "overrides.txt"]
BY_HAND = {OUR_OWN, "pip", "setuptools", "wheel", "uv"}
"""Not from a lock of the product: ourselves, and what makes the environment."""


def test_every_licence_is_allowed() -> None:
    assert list(refused(ALLOWED, rules()["stated"])) == []
    says = {normal_name(one.name): licence_of(one) for one in distributions()}
    assert [name for name in rules()["stated"] if says.get(name)] == []  # stated here, although it says so itself


def test_a_licence_that_is_not_allowed_is_seen() -> None:
    told = list(refused(ALLOWED - {"LGPL-3.0-or-later"}, rules()["stated"]))
    assert [line.split()[0] for line in told] == ["jwcrypto"]
    assert any("axe" in line and "no licence" in line for line in refused(ALLOWED, {}))


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("AGPL-3.0-only", False),
        ("MIT OR AGPL-3.0-only", True),
        ("MIT AND AGPL-3.0-only", False),
        ("AGPL-3.0-only AND MIT OR Apache-2.0", True),
        ("(MIT OR AGPL-3.0-only) AND SSPL-1.0", False),
        ("(MIT OR AGPL-3.0-only) AND Apache-2.0 WITH LLVM-exception", True),
        ("", False),
    ],
)
def test_expressions_are_read_as_spdx_means_them(expression: str, allowed: bool) -> None:
    assert is_allowed(expression, ALLOWED) == allowed


@pytest.mark.parametrize("lock", LOCKED, ids=lambda path: path.name)
def test_each_artefact_of_a_lock_has_its_hashes(lock: Path) -> None:
    assert {name: hashes for name, hashes in pinned(lock).items() if not hashes} == {}


def test_what_is_installed_is_what_is_locked() -> None:
    known = {name for lock in LOCKED for name in pinned(lock)}
    installed = {(normal_name(one.name), one.version) for one in distributions()}
    assert {one for one in installed if one[0] not in BY_HAND} - known == set()


def test_the_image_has_all_that_the_product_asks_for_in_the_versions_that_are_tested() -> None:
    """Its lock is a part of the one lock: made anew with it (`make locks`), or the image lacks what was added since."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {normal_name(re.split(r"[\s\[;<>=!~]", need)[0]) for need in project["dependencies"]}
    product = pinned(LOCKS / "product.txt").keys()
    assert asked - {name for name, _ in product} == set()
    assert product - pinned(LOCKS / "all.txt").keys() == set()


def test_a_bill_of_materials_names_the_hashes() -> None:
    bill = {"components": [{"name": "Jinja2", "version": "1"}, {"name": "ours", "version": "1"}]}
    one, other = with_hashes(bill, {("jinja2", "1"): ["ab", "cd"]})["components"]
    assert [reference["hashes"][0]["content"] for reference in one["externalReferences"]] == ["ab", "cd"]
    assert other == bill["components"][1]


ALL_OF_IT = """
import json, sys
asked = []
def heard(event, arguments):
    if event == "socket.getaddrinfo":
        asked.append(str(arguments[0]))
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        asked.append(str(arguments[1][0]))
    elif event == "subprocess.Popen" and list(arguments[1][1:]) == ["-I", "-m", "api.console.smaller"]:
        pass  # a library with a runtime of its own is loaded there
    elif event in ("subprocess.Popen", "os.posix_spawn") or event.startswith("urllib."):
        asked.append(f"{event} {arguments[0]}")
sys.addaudithook(heard)
from infra.bench.product_patterns import modules
from tests.api.harness import make_services
from api.server.app import App
loaded = len(list(modules()))
App(make_services())
print(json.dumps([loaded, asked]))
"""


@pytest.mark.real
def test_nothing_phones_out_when_all_of_the_product_and_its_libraries_are_loaded() -> None:
    here = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_IT], capture_output=True, text=True, timeout=120, check=True, cwd=here
    )
    loaded, asked = json.loads(done.stdout.splitlines()[-1])
    assert loaded > 400 and asked == []
