"""Words of the models' provider stand in its adapter alone: another provider is another adapter and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.architecture.made_docs import ROOT

ROOMS = ("domain", "application", "projections", "api")
OPERATIONS = ("ConverseStream", "InvokeModel", "CountTokens")
MORE = {
    "Converse", "ConverseStream", "InvokeModel", "converse_stream", "invoke_model", "InternalFailure",
    "ExpiredTokenException", "UnrecognizedClientException",
}  # fmt: skip
"""What its own description of the service does not name: operations, and errors of all of AWS."""
ALLOWED = {
    ("api/problems.py", "ValidationException"): "the web framework's own error of this name",
}


def words_of_the_provider() -> set[str]:
    """The members of requests and answers that are told by their spelling (`toolUse`), and the names of all errors."""
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    members: set[str] = set()
    errors: set[str] = set()

    def walk(shape: Any, seen: frozenset[str]) -> None:
        if shape is None or shape.name in seen:
            return
        inner = getattr(shape, "members", {})
        members.update(inner)
        for one in (*inner.values(), getattr(shape, "member", None), getattr(shape, "value", None)):
            walk(one, seen | {shape.name})

    for name in OPERATIONS:
        operation = service.operation_model(name)
        walk(operation.input_shape, frozenset())
        walk(operation.output_shape, frozenset())
        errors.update(shape.name for shape in operation.error_shapes)
    return {word for word in members if re.search("[a-z][A-Z]", word)} | errors | MORE


WORDS = words_of_the_provider()


@pytest.mark.parametrize("room", ROOMS)
def test_a_word_of_the_provider_stands_in_no_other_room(room: str) -> None:
    found = {
        (str(path.relative_to(ROOT)), word)
        for path in (ROOT / room).rglob("*.py")
        for word in WORDS.intersection(re.findall(r"\w+", path.read_text()))
    }
    assert not found - ALLOWED.keys()


def test_the_words_are_the_ones_that_are_meant_and_no_exception_is_stale() -> None:
    meant = {"toolUse", "toolResult", "toolConfig", "toolSpec", "inputSchema", "cachePoint", "requestMetadata",
             "stopReason", "inferenceConfig", "modelId", "ThrottlingException", "ValidationException"}  # fmt: skip
    assert meant <= WORDS
    assert len(WORDS) < 500
    for path, word in ALLOWED:
        assert re.search(rf"\b{word}\b", Path(ROOT / path).read_text())
