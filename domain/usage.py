"""Tokens and what they cost: money is a Decimal in US dollars, and the version of the prices is kept with it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from domain.models import DEAREST, Model, Price, is_global, row_of

MILLION = Decimal(1_000_000)
CENT_OF_A_MICRO = Decimal("0.000000001")
PRICE_VERSION = "bedrock-2026-11-28"


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens of one call or the sum of several, as they are billed: `input_tokens` excludes what the prompt
    cache gave (`cache_read_tokens`) or took (`cache_write_tokens`, of which `cache_write_1h_tokens` for an hour)."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
        )


def family_of(model: str) -> str:
    """Model or inference profile id to its family, such as `sonnet` or `titan-embed`; an unknown one is its own."""
    row = row_of(model)
    return row.family if row else model


def cost_of(model: str, usage: Usage, agreed: Price | None = None) -> Decimal:
    """What `usage` of one call on `model` costs, in US dollars to nine places: at the price that was `agreed`, which
    then is the whole price, or as listed. A model without a known price is charged as the dearest one, so that a budget
    fails closed; its family in the cost view shows that it needs a price."""
    row = row_of(model)
    price = agreed or (row.price if row else DEAREST)
    long_writes = usage.cache_write_1h_tokens
    amount = (
        usage.input_tokens * price.input
        + usage.output_tokens * price.output
        + usage.cache_read_tokens * price.cache_read
        + (usage.cache_write_tokens - long_writes) * price.cache_write
        + long_writes * price.cache_write_1h
    ) / MILLION
    if agreed is None and row is not None:
        amount *= _factor(row, model, usage)
    return amount.quantize(CENT_OF_A_MICRO, rounding=ROUND_HALF_EVEN)


def _factor(row: Model, model: str, usage: Usage) -> Decimal:
    """How much dearer than listed: through one region, and with a long prompt."""
    factor = Decimal(1) if is_global(model) else row.regional
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return factor * row.long.factor if row.long and prompt > row.long.tokens else factor


def without_prompt_cache(usage: Usage) -> Usage:
    """The same call as if the prompt cache had neither given nor taken anything: all that was read is input."""
    whole = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return Usage(input_tokens=whole, output_tokens=usage.output_tokens)


def prompt_cache_saving(model: str, usage: Usage, agreed: Price | None = None) -> Decimal:
    """What the prompt cache saved on a call, in US dollars; negative where it was only written."""
    return cost_of(model, without_prompt_cache(usage), agreed) - cost_of(model, usage, agreed)


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, before anyone has counted: four bytes of UTF-8 each, rounded up. There is no
    public tokenizer for Claude; the bill comes from the provider's own count."""
    return (len(text.encode()) + 3) // 4
