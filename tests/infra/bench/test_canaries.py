"""The search for foreign secrets finds one wherever it stands, and a slice of it is run whole."""

from __future__ import annotations

from typing import Any

import pytest

from infra.bench.canaries.benchmark import run
from infra.bench.canaries.ids import KINDS, places
from infra.bench.canaries.secrets import Ears, Secrets


def test_a_secret_of_another_is_heard_also_when_it_comes_in_pieces() -> None:
    secrets = Secrets()
    mine, theirs = (secrets.word(tenant, "document") for tenant in ("mine", "theirs"))
    ears = Ears(secrets, "mine")
    ears.hear(f"{mine} and {mine}", "frame")
    assert (ears.foreign, ears.own["document"]) == ([], 2)
    ears.hear(f'{{"delta":"{theirs}"}}', "frame")
    hear = ears.joining("deltas")
    for piece in ("The code is ", *theirs, ".", theirs[:9], theirs[9:], theirs):
        hear(piece)
    assert ears.foreign == ["frame: document of theirs"] + 3 * ["deltas: document of theirs"]
    assert secrets.found("kanarie0000000000000000") == [], "nobody's"


def test_each_route_whose_path_takes_an_id_is_a_place() -> None:
    described: dict[str, Any] = {
        "paths": {"/v1/a/{a_id}": {"get": {}, "put": {}}, "/v1/b": {"get": {}}, "/x/{where}/{y}": {"get": {}}}
    }
    found = [(place.method, place.path, place.of) for place in places(described) if "/v1/a/" in place.path]
    assert found == [("GET", "/v1/a/{}", "a_id")]


@pytest.mark.real
def test_a_slice_of_it_hears_nothing_of_anybody_else() -> None:
    found = run(tenants=4, frames=4_000, cases=400, minutes=0.3, sessions=1, watchers=1)
    assert (found.foreign, found.id_wrong) == ([], [])
    assert found.frames > 500 and found.prompts and found.id_cases == 400 and found.id_kinds.keys() == set(KINDS)
    assert found.kinds >= 10, "what is looked for is there to be found"
