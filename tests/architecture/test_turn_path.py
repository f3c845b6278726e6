"""The path of a turn is short: few files wait for the model's call, one upon the other."""

from __future__ import annotations

from tests.architecture.turn_path import trace

CHAIN = ("turns/run_turn", "turns/generate_answer", "turns/stream_answer",
         "gateway/gateway", "gateway/failover", "gateway/model_attempt")  # fmt: skip


async def test_the_model_is_called_at_the_end_of_a_short_chain() -> None:
    assert (await trace()).chain == [f"application/{name}.py" for name in CHAIN]
