"""Prices agree with an independent list of them, for every kind of token, and sums lose nothing."""

from __future__ import annotations

from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from domain.model_calls import ModelCallStarted, settle
from domain.models import asked_as, is_global, names_model, profile_of, row_of
from domain.usage import PRICE_VERSION, Usage, cost_of, family_of

MODELS = [
    f"{profile}.anthropic.{model}"
    for profile in ("global", "us", "eu")
    for model in ("claude-sonnet-4-5-20250929-v1:0", "claude-haiku-4-5-20251001-v1:0")
]
(ON_BEDROCK,) = (provider for provider in get_snapshot().providers if provider.id == "aws")
LISTED = sorted(model.id.replace("regional.", "us.") for model in ON_BEDROCK.models if ".claude-" in model.id)
"""Every Claude model that the list knows on Bedrock, through one region or through all."""
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


def test_every_claude_of_the_list_costs_what_it_says_by_id_and_by_arn() -> None:
    assert len(LISTED) >= 40
    long, unpriced = Usage(90_001, 1_003, 30_001, 7), Usage(1_000_003, 300_007)
    for model in LISTED:
        row = row_of(model)
        assert row is not None, f"domain/models.py has no row for {model}"
        for usage in (KINDS["input"], KINDS["output"], long) if row.least_cached else (unpriced,):
            assert abs(cost_of(model, usage) - listed(model, usage)) < Decimal("1e-8"), model
        arn = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{model}"
        assert cost_of(arn, unpriced) == cost_of(model, unpriced)


def test_what_models_take_follows_their_makers_pages() -> None:
    takes = {
        model: row_of(f"us.anthropic.{model}")
        for model in (
            "claude-opus-4-5-20251101-v1:0",
            "claude-opus-4-6-v1",
            "claude-opus-4-7",
            "claude-sonnet-5-5",
            "claude-haiku-5-5",
        )
    }
    assert [(row.temperature, row.prefill) for row in takes.values() if row] == [
        (True, True),
        (True, False),
        (False, False),
        (False, False),
        (False, False),
    ]
    for unknown in (
        "us.anthropic.claude-sonnet-9-v1:0",
        "claude-sonnet-4-5",
        "us.anthropic.claude",
        "gpt-5",
        "sonnet",
        "",
    ):
        assert not names_model(unknown), unknown
    assert names_model("us.anthropic.claude-sonnet-5-5") and not names_model(TITAN)


def test_embeddings_cost_what_the_list_says() -> None:
    assert cost_of(TITAN, Usage(1_234_567)) == listed(TITAN, Usage(1_234_567))


def test_an_unknown_model_is_charged_as_the_dearest() -> None:
    assert cost_of("global.somebody.new-v1:0", Usage(output_tokens=1_000_000)) == Decimal(75)


counts = st.integers(0, 10_000_000)
usages = st.builds(lambda i, o, r, w, h: Usage(i, o, r, w + h, h), counts, counts, counts, counts, counts)


@given(usages, usages)
def test_the_cost_of_a_sum_is_the_sum_of_the_costs_to_a_billionth(one: Usage, other: Usage) -> None:
    apart = cost_of(MODELS[2], one) + cost_of(MODELS[2], other)
    assert abs(cost_of(MODELS[2], one + other) - apart) <= Decimal("2e-9")


def test_the_price_version_stands_on_every_settled_call() -> None:
    started = ModelCallStarted(call_id="c", step="answer", model=MODELS[0], user="ada")
    assert settle(started, Usage(1, 1)).price_version == PRICE_VERSION


def test_a_profile_of_an_application_is_the_model_that_it_is_said_to_be() -> None:
    arn, id = (
        "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    )
    named, usage = f"{arn}#{id}", Usage(input_tokens=1_000, output_tokens=1_000)
    assert row_of(arn) is None and not names_model(arn)
    assert row_of(named) is row_of(id) and names_model(named) and asked_as(named) == arn
    assert cost_of(named, usage) == cost_of(id, usage) and family_of(named) == "sonnet"
    assert is_global(f"{arn}#global.{id}") and not is_global(named)
    assert asked_as(id) == id and profile_of(named) == id
