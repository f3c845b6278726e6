"""One table says what a failure of any port means, and the documents show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from application.failure_classes import AWAY, BUSY, MISCONFIGURED, OF_MODELS, POISON, FailureClass, class_of
from application.ports.facts.keys import KeyDamaged, KeyNotAtHand
from application.ports.models.model import FailureKind, ModelFailure
from domain.refusals import DependencyRefuses, DependencyUnavailable, InvalidField, Overloaded, RateLimited

DOCS = Path(__file__).parents[2] / "infra/docs/failures.md"


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (DependencyUnavailable(), AWAY), (ConnectionResetError(), AWAY), (TimeoutError(), AWAY),
        (DependencyRefuses(), MISCONFIGURED), (RateLimited(), BUSY), (Overloaded(), BUSY),
        (KeyDamaged(), POISON), (KeyNotAtHand(), POISON), (InvalidField(), POISON), (KeyError(), POISON),
        (ModelFailure(FailureKind.ACCESS_DENIED, "no"), MISCONFIGURED), (ModelFailure(FailureKind.THROTTLED, ""), BUSY),
    ],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_each_failure_has_its_class(error: BaseException, found: FailureClass) -> None:
    assert class_of(error) is found


def test_no_failure_of_models_is_left_out_and_the_documents_name_every_class() -> None:
    assert set(OF_MODELS) == set(FailureKind)
    assert [kind.name.lower() for kind in FailureClass if f"| {kind.name.lower()} |" not in DOCS.read_text()] == []
