"""Every topic ever shipped still decodes: one stored sample each, kept in a file that only grows."""

from __future__ import annotations

import base64
import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

import domain
from domain.event import TOPICS, UPCASTS

for module in pkgutil.walk_packages(domain.__path__, "domain."):  # so that no topic is left out
    importlib.import_module(module.name)

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).parent / "stored_samples.json"


def samples() -> dict[str, str]:
    found: dict[str, str] = json.loads(SAMPLES.read_text())
    return found


@pytest.mark.parametrize("topic", sorted(samples()))
def test_a_stored_sample_still_decodes(topic: str) -> None:
    body: Any = base64.b64decode(samples()[topic])
    newer = msgspec.msgpack.encode({"said by a newer program": 7} | msgspec.msgpack.decode(body))
    _decodes(topic, body)
    _decodes(topic, newer)


def _decodes(topic: str, body: bytes) -> None:
    if topic in UPCASTS:
        fields = msgspec.msgpack.decode(body)
        while topic in UPCASTS:
            topic, bring_forward = UPCASTS[topic]
            fields = bring_forward(fields)
        assert isinstance(msgspec.convert(fields, TOPICS[topic]), TOPICS[topic])
    else:
        assert isinstance(msgspec.msgpack.decode(body, type=TOPICS[topic]), TOPICS[topic])


def test_a_field_more_is_refused_nowhere_but_in_a_file_of_an_operators() -> None:
    """Programs of two versions run side by side, and read what the other wrote."""
    strict = [
        str(path.relative_to(ROOT))
        for room in ("domain", "application", "adapters", "projections", "api")
        for path in (ROOT / room).rglob("*.py")
        if "forbid_unknown_fields" in path.read_text()
    ]
    assert strict == ["adapters/jose/outside_issuers.py"]


def test_every_topic_has_a_sample() -> None:
    """A new event: add its sample with `python -m tests.architecture.add_samples`."""
    assert set(TOPICS) <= set(samples())
