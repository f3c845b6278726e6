"""What is known of each model: its family and price, how much it reads, and what it takes or refuses of a request."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

import msgspec


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens, on the global profile."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal


class LongPrompts(msgspec.Struct, frozen=True):
    """From so many tokens of a prompt on, everything in the call costs so many times as much."""

    tokens: int
    factor: Decimal


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table. `window` is in tokens, read and written together; `least_cached` is the shortest prefix in
    tokens that the prompt cache keeps, 0 where there is no such cache; `cache_1h` whether it keeps one for an hour;
    `temperature`, `prefill`, `tools` and `pictures` say whether a request may have one (a text to go on with is a
    prefill); `regional` is what a profile of one region costs beside the global one."""

    family: str
    price: Price
    window: int = 200_000
    least_cached: int = 0
    cache_1h: bool = False
    temperature: bool = True
    prefill: bool = True
    tools: bool = True
    pictures: bool = True
    regional: Decimal = Decimal(1)
    long: LongPrompts | None = None


def _claude(input: str, output: str, read: str = "") -> Price:
    """Cache reads cost a tenth of the input unless `read` says otherwise, writes 1.25 times (5 min) or twice (1 h)."""
    unit = Decimal(input)
    return Price(unit, Decimal(output), Decimal(read) if read else unit / 10, unit * Decimal("1.25"), unit * 2)


TENTH = Decimal("1.1")
MILLION_WINDOW = 1_000_000


def _new(family: str, price: Price, least_cached: int, **more: object) -> Model:
    """Claude since 4.6: reads a million tokens and takes no text to go on with; since 4.7 no temperature either."""
    row = Model(
        family=family, price=price, window=MILLION_WINDOW, least_cached=least_cached, cache_1h=True,
        temperature=False, prefill=False, regional=TENTH,
    )  # fmt: skip
    return msgspec.structs.replace(row, **more)


# Prices: the AWS Bedrock pricing page, on demand; compared with the genai-prices package by tests/domain, which also
# notices a Claude model of Bedrock that has no row here. Windows, least prefixes and what is taken: the provider's
# pages on models and prompt caching, and its migration guides for 4.6 and 4.7.
MODELS: dict[str, Model] = {
    "claude-3-haiku": Model(
        family="haiku", price=Price(Decimal("0.25"), Decimal("1.25"), Decimal("0.25"), Decimal("0.25"), Decimal("0.25"))
    ),
    "claude-3-sonnet": Model(family="sonnet", price=_claude("3", "15")),
    "claude-3-opus": Model(family="opus", price=_claude("15", "75")),
    "claude-3-5-haiku": Model(family="haiku", price=_claude("0.8", "4"), least_cached=2_048, pictures=False),
    "claude-3-5-sonnet": Model(family="sonnet", price=_claude("3", "15")),
    "claude-3-7-sonnet": Model(family="sonnet", price=_claude("3", "15"), least_cached=1_024),
    "claude-sonnet-4": Model(family="sonnet", price=_claude("3", "15"), least_cached=1_024),
    "claude-opus-4": Model(family="opus", price=_claude("15", "75"), least_cached=1_024),
    "claude-opus-4-1": Model(family="opus", price=_claude("15", "75"), least_cached=1_024),
    "claude-sonnet-4-5": Model(
        family="sonnet", price=_claude("3", "15"), least_cached=1_024, cache_1h=True, regional=TENTH
    ),
    "claude-haiku-4-5": Model(
        family="haiku", price=_claude("1", "5"), least_cached=4_096, cache_1h=True, regional=TENTH
    ),
    "claude-opus-4-5": Model(
        family="opus", price=_claude("5", "25"), least_cached=4_096, cache_1h=True, regional=TENTH
    ),
    "claude-sonnet-4-6": _new("sonnet", _claude("3", "15"), 2_048, temperature=True),
    "claude-opus-4-6": _new("opus", _claude("5", "25"), 4_096, temperature=True),
    "claude-opus-4-7": _new("opus", _claude("5", "25"), 4_096),
    "claude-opus-4-8": _new("opus", _claude("5", "25"), 4_096),
    "claude-sonnet-5": _new("sonnet", _claude("2", "10"), 4_096),
    "claude-sonnet-5-5": _new("sonnet", _claude("2", "10", "0.1"), 4_096),
    "claude-opus-5": _new("opus", _claude("5", "25"), 4_096),
    "claude-opus-5-5": _new("opus", _claude("4", "20", "0.2"), 4_096),
    "claude-haiku-5-5": _new("haiku", _claude("0.1", "0.5"), 4_096, long=LongPrompts(100_000, Decimal(5))),
    "claude-fable-5": _new("fable", _claude("10", "50"), 4_096),
    "claude-fable-5-1": _new("fable", _claude("10", "50", "0.25"), 4_096),
    "claude-fable-5-2": _new("fable", _claude("8", "40", "0.2"), 4_096),
    "claude-mythos-5-2": _new("mythos", _claude("8", "40", "0.2"), 4_096),
    "titan-embed-text-v2": Model(
        family="titan-embed", tools=False, pictures=False, window=8_192,
        price=Price(Decimal("0.02"), Decimal(0), Decimal(0), Decimal(0), Decimal(0)),
    ),
}  # fmt: skip
OF_FAMILY = {
    "sonnet": "claude-sonnet-4-5",
    "haiku": "claude-haiku-4-5",
    "opus": "claude-opus-4-5",
    "fable": "claude-fable-5",
    "mythos": "claude-mythos-5-2",
    "titan-embed": "titan-embed-text-v2",
}
"""The families, each with the model that is meant where a family alone is named."""
DEAREST = max((model.price for model in MODELS.values()), key=lambda price: price.output)
_ID = re.compile(
    r"(?:[a-z][a-z-]{1,15}\.)?"
    r"(?:anthropic\.(?P<claude>[a-z0-9-]{1,64}?)(?:-[0-9]{8})?(?:-v[0-9]{1,2})?|amazon\.(?P<amazon>[a-z0-9-]{1,64}))"
    r"(?::[0-9a-z:]{1,16})?"
)


IS = "#"
"""`ARN#ID`: the ARN of an application's inference profile says nothing of its model; the id behind it does."""


def asked_as(model: str) -> str:
    """What the provider is asked for."""
    return model.partition(IS)[0]


def profile_of(model: str) -> str:
    """The id of the model or inference profile that it is."""
    name, _, known = model.partition(IS)
    return (known or name).rpartition("/")[2]


@lru_cache(maxsize=1_024)
def row_of(model: str) -> Model | None:
    """The row of a model id, of an inference profile's id or ARN (see `IS` for an application's), or of a family; None
    when it has none."""
    name = profile_of(model)
    if family := OF_FAMILY.get(name.removeprefix("global.")):
        return MODELS[family]
    found = _ID.fullmatch(name)
    return MODELS.get(found["claude"] or found["amazon"]) if found else None


def is_global(model: str) -> bool:
    """Whether the id, or the ARN, is of the profile that goes through all regions."""
    return profile_of(model).startswith("global.")


def names_model(model: str) -> bool:
    """Whether it is a model that answers and is known here, so that an assistant may name it."""
    row = row_of(model)
    return row is not None and row.tools and "." in model
