"""Prices agree with an independent list of them, for every kind of token, and sums lose nothing."""

from __future__ import annotations

from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model_calls import ModelCallStarted, settle
from domain.usage import PRICE_VERSION, Usage, cost_of

MODELS = [
    f"{profile}.anthropic.{model}"
    for profile in ("global", "us", "eu")
    for model in ("claude-sonnet-4-5-20250929-v1:0", "claude-haiku-4-5-20251001-v1:0")
]
TITAN = "amazon.titan-embed-text-v2:0"
KINDS = {
    "input": Usage(input_tokens=1_234_567),
    "output": Usage(output_tokens=1_234_567),
    "cache read": Usage(cache_read_tokens=1_234_567),
    "cache write, 5 min": Usage(cache_write_tokens=1_234_567),
    "cache write, 1 h": Usage(cache_write_tokens=1_234_567, cache_write_1h_tokens=1_234_567),
    "all together": Usage(1_000_003, 300_007, 2_000_011, 500_009, 200_017),
}


def listed(model: str, usage: Usage) -> Decimal:
    """What the independent list says. Its input holds what the cache gave and took; of ours that is left out."""
    asked = genai_prices.Usage(
        input_tokens=usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    return genai_prices.calc_price(asked, model, provider_id="aws").total_price


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", MODELS)
def test_claude_costs_what_the_list_says(model: str, kind: str) -> None:
    assert abs(cost_of(model, KINDS[kind]) - listed(model, KINDS[kind])) < Decimal("1e-9")


def test_embeddings_cost_what_the_list_says() -> None:
    assert cost_of(TITAN, Usage(1_234_567)) == listed(TITAN, Usage(1_234_567))


def test_an_unknown_model_is_charged_as_the_dearest() -> None:
    assert cost_of("global.somebody.new-v1:0", Usage(output_tokens=1_000_000)) == Decimal(15)


counts = st.integers(0, 10_000_000)
usages = st.builds(lambda i, o, r, w, h: Usage(i, o, r, w + h, h), counts, counts, counts, counts, counts)


@given(usages, usages)
def test_the_cost_of_a_sum_is_the_sum_of_the_costs_to_a_billionth(one: Usage, other: Usage) -> None:
    apart = cost_of(MODELS[2], one) + cost_of(MODELS[2], other)
    assert abs(cost_of(MODELS[2], one + other) - apart) <= Decimal("2e-9")


def test_the_price_version_stands_on_every_settled_call() -> None:
    started = ModelCallStarted(call_id="c", step="answer", model=MODELS[0], user="ada")
    assert settle(started, Usage(1, 1)).price_version == PRICE_VERSION
