"""The licences of what is installed, in SPDX's names, and which of them `pyproject.toml` allows."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from infra.supply_chain.locks import normal_name

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
OUR_OWN = "colloquy"
# What older packages say instead of an expression: a classifier, or a line of their own.
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def rules() -> Mapping[str, Any]:
    """`allowed` licences, and those that are `stated` here for packages whose metadata says none."""
    found: Mapping[str, Any] = tomllib.loads(PROJECT.read_text())["tool"]["colloquy"]["licences"]
    return found


def refused(allowed: frozenset[str], stated: Mapping[str, str]) -> Iterator[str]:
    """What is installed under a licence that is not allowed, or that nobody knows."""
    for one in distributions():
        name = normal_name(one.name)
        if name == OUR_OWN:
            continue
        expression = stated.get(name) or licence_of(one)
        if not is_allowed(expression, allowed):
            yield f"{name} {one.version}: {expression or 'no licence is said'}"


def licence_of(one: Distribution) -> str:
    """An SPDX expression; of several classifiers any may be chosen. An empty text when nothing is said."""
    said = one.metadata
    if "License-Expression" in said:
        return said["License-Expression"]
    classified = [text for text in said.get_all("Classifier") or [] if text.startswith("License")]
    classifiers = [text.split("::")[-1].strip() for text in classified]
    first = said["License"].splitlines()[:1] if "License" in said else []
    names = [name for name in classifiers if name != "OSI Approved"] or first
    return " OR ".join(SPDX.get(name, name) for name in names)


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether all of what must hold is allowed, and of each choice one (SPDX expressions; `AND` binds closer)."""
    while inner := re.search(r"\(([^()]*)\)", expression):
        kept = "ALLOWED" if is_allowed(inner[1], allowed) else "REFUSED"
        expression = expression[: inner.start()] + kept + expression[inner.end() :]
    choices = [choice.split(" AND ") for choice in expression.split(" OR ")]
    known = allowed | {"ALLOWED"}
    return any(all(part.strip().split(" WITH ")[0] in known for part in choice) for choice in choices)
