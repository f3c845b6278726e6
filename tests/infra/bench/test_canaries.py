"""The search for foreign secrets finds one wherever it stands; a slice of it is run in tests/journeys."""

from __future__ import annotations

from typing import Any

from infra.bench.canaries.ids import places
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
