"""How a document's passages are put into parameters."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest

from adapters.postgres.indexing import as_vector


@pytest.mark.parametrize("vector", [[0.5, -1.0], (0.5, -1.0), array("f", [0.5, -1.0])])
def test_a_vector_may_be_any_sequence(vector: Sequence[float]) -> None:
    assert as_vector(vector) == "[0.5,-1.0]"
