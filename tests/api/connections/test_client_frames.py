"""Client frames: what is read, and the typed refusal of everything else."""

import json

import pytest
from msgspec import UNSET

from api.connections import client_frames as f
from domain.refusals import Refusal


def code_of(text: str) -> str:
    with pytest.raises(Refusal) as caught:
        f.read_frame(text)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ('{"type":"ping","x":NaN}', "invalid_json"),
        ('{"type":"ping","x":1e999}', "invalid_json"),
        ("[" * 100_000, "too_deep"),
        ('{"type":"ping","x":' + "[" * 20 + "]" * 20 + "}", "too_deep"),
        ("[]", "invalid_message"),
        ("{}", "invalid_message"),
        ('{"type":7}', "invalid_message"),
        ('{"type":"turn.explode"}', "unknown_type"),
        ('{"type":"turn.create","text":"x"}', "invalid_field"),
        ('{"type":"turn.create","id":"","text":"x"}', "invalid_field"),
        ('{"type":"turn.create","id":"a\\u0007","text":"x"}', "invalid_field"),
        ('{"type":"turn.create","id":"' + "a" * 201 + '","text":"x"}', "invalid_field"),
        ('{"type":"turn.create","id":"a","text":7}', "invalid_field"),
        ('{"type":"turn.create","id":"a","text":"x","cache":"maybe"}', "invalid_field"),
        ('{"type":"ping","type":"ping"}', "duplicate_key"),
        ('{"type":"turn.create","id":"a","text":"x\\u0000"}', "invalid_character"),
        ('{"type":"turn.create","id":"a","text":"\\ud800"}', "invalid_character"),
        ('{"type":"turn.create","id":"a","text":" \\n "}', "empty_prompt"),
        (json.dumps({"type": "turn.create", "id": "a", "text": "x" * 32_001}), "prompt_too_long"),
        (
            json.dumps({"type": "turn.create", "id": "a", "text": "x", "metadata": {"k": "v" * 5000}}),
            "metadata_too_large",
        ),
        (json.dumps({"type": "ping", "x": "y" * 300_000}), "frame_too_large"),
        ('{"type":"feedback.create","turn_id":"t","rating":"meh"}', "invalid_field"),
        ('{"type":"tool.confirm","turn_id":"t","allow":true}', "invalid_field"),
        ('{"type":"tool.confirm","turn_id":"t","call":"c"}', "invalid_field"),
        ('{"type":"tool.confirm","turn_id":"t","call":"c","allow":"yes"}', "invalid_field"),
        ('{"type":"tool.confirm","turn_id":"t","call":"c","allow":1}', "invalid_field"),
        ('{"type":"session.open","after_seq":-1}', "invalid_field"),
        ('{"type":"session.open","after_seq":1e30}', "invalid_field"),
    ],
)
def test_a_bad_frame_is_refused_by_name(text: str, code: str) -> None:
    assert code_of(text) == code


def test_unknown_fields_are_ignored() -> None:
    frame = f.read_frame('{"type":"turn.create","id":"a","text":"hi","mood":"good"}')
    assert frame == f.TurnCreate(id="a", text="hi")


def test_the_id_of_a_refused_frame_is_echoed_where_it_can_be_read() -> None:
    assert f.client_id_of('{"type":"nope","id":"abc"}') == "abc"
    assert f.client_id_of("{") is UNSET
