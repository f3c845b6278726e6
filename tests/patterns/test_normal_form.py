"""Normal forms take no time by the square of a text, and change nothing that people write."""

from __future__ import annotations

import ast
import unicodedata
from functools import partial
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.normal_form import normal
from infra.bench.product_patterns import PACKAGES
from tests.architecture.made_docs import ROOT
from tests.patterns.timing import cpu_seconds

Form = Literal["NFC", "NFKC", "NFKD"]
MARKS = ["\u0301\u0323", "\u0315\u0301\u0323", "\uff9e\u0301", "\u0345\u0316", "\u3099\u0301"]


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFKD"])
def test_marks_upon_marks_take_time_by_their_number(marks: str, form: Form) -> None:
    texts = [f"a{marks * (n // len(marks))}" for n in (8_000, 32_000)]
    short, long = (cpu_seconds(partial(normal, form, text), 1.0) for text in texts)
    assert long < max(9 * short, 0.05)


@given(st.text(alphabet="aé\u0301\u0323ﬁ・😀\u200dﾞ한", max_size=60), st.sampled_from(["NFC", "NFKC", "NFKD"]))
def test_a_text_with_fewer_marks_is_as_unicode_says(text: str, form: Form) -> None:
    if "\u0301" * 15 not in text and "\u0323" * 15 not in text:
        assert normal(form, text) == unicodedata.normalize(form, text) or len(text) > 30


def test_the_house_has_no_other_way() -> None:
    known = {"application/normal_form.py", "adapters/pii/folding.py"}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        called = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        assert str(path.relative_to(ROOT)) in known or not any(
            node.attr == "normalize" and isinstance(node.value, ast.Name) and node.value.id == "unicodedata"
            for node in called
        ), path
