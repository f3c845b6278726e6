"""The path of a turn is short: few files wait for the model's call, one upon the other."""

from __future__ import annotations

from tests.architecture.turn_path import trace

CHAIN = ("turns/run_turn", "turns/generate_answer", "turns/stream_answer",
         "gateway/gateway", "gateway/failover", "gateway/model_attempt")  # fmt: skip


MOST_CARRY = 24
"""Files that do something for the turn for which it waits; whoever makes it fewer lowers it here. The aim is 14."""


async def test_the_model_is_called_at_the_end_of_a_short_chain() -> None:
    found = await trace()
    assert found.chain == [f"application/{name}.py" for name in CHAIN]
    assert len(found.carrying) <= MOST_CARRY, sorted(found.carrying)
