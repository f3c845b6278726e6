"""Tokens, model families, prices and cost: money is a Decimal in US dollars, and the price version is kept with it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

MILLION = Decimal(1_000_000)
CENT_OF_A_MICRO = Decimal("0.000000001")
PRICE_VERSION = "bedrock-2026-11"


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


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens, on the global profile."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal


def _claude(input: str, output: str) -> Price:
    """A Claude price: cache reads cost a tenth of the input, writes 1.25 times (5 min) or twice (1 h) as much."""
    unit = Decimal(input)
    return Price(unit, Decimal(output), unit / 10, unit * Decimal("1.25"), unit * 2)


# Source: the AWS Bedrock pricing page, on-demand; compared with the genai-prices package in tests/domain.
PRICES: dict[str, Price] = {
    "sonnet": _claude("3", "15"),
    "haiku": _claude("1", "5"),
    "titan-embed": Price(Decimal("0.02"), Decimal(0), Decimal(0), Decimal(0), Decimal(0)),
}
# Claude 4.5 through a regional inference profile (`us.`, `eu.`, ...) is a tenth dearer than through `global.`.
REGIONAL_FACTOR = Decimal("1.1")


def family_of(model: str) -> str:
    """Model or inference profile id to its family: `sonnet`, `haiku`, `titan-embed`; an unknown one is its own."""
    for family in PRICES:
        if family in model:
            return family
    return model


def cost_of(model: str, usage: Usage, agreed: Price | None = None) -> Decimal:
    """What `usage` on `model` costs, in US dollars to nine places: at the price that was `agreed`, which then is the
    whole price, or as listed. A model without a known price is charged as the dearest one, so that a budget fails
    closed; its family in the cost view shows that it needs a price."""
    family = family_of(model)
    price = agreed or PRICES.get(family) or max(PRICES.values(), key=lambda p: p.output)
    long_writes = usage.cache_write_1h_tokens
    amount = (
        usage.input_tokens * price.input
        + usage.output_tokens * price.output
        + usage.cache_read_tokens * price.cache_read
        + (usage.cache_write_tokens - long_writes) * price.cache_write
        + long_writes * price.cache_write_1h
    ) / MILLION
    if agreed is None and family in ("sonnet", "haiku") and not model.startswith("global."):
        amount *= REGIONAL_FACTOR
    return amount.quantize(CENT_OF_A_MICRO, rounding=ROUND_HALF_EVEN)


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
