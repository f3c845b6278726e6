"""A tenant's own price, from what was typed to what was corrected."""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation

import msgspec

from api.cli.projections import installation
from api.cli.reconcile import words_of
from api.composition.reconcile_wiring import open_reprice
from api.http.costs import plain
from api.http.request.paging import checked_range
from application.acting_tenant import EVERY, act_for
from application.clock import now
from application.reconciliation.reprice import Repriced, agree_on_price
from domain.models import Price
from domain.refusals import NotFound, Refusal
from domain.tenant.budget import AgreedPrice

LONGEST = 200


def amounts(
    input_: str, output: str, cache_read: str | None, cache_write: str | None, cache_write_1h: str | None
) -> Price:
    """What was typed as a price; of the cache as Claude's list has it where nothing was. RuntimeError names what is no
    amount."""
    unit = _usd(input_)
    return Price(
        unit,
        _usd(output),
        _usd(cache_read) if cache_read else unit / 10,
        _usd(cache_write) if cache_write else unit * Decimal("1.25"),
        _usd(cache_write_1h) if cache_write_1h else unit * 2,
    )


def agree(tenant: str, model: str, since: str, price: Price, *, as_json: bool) -> str:
    """Store the price, and bring the calls since then to it; what is to be shown. RuntimeError says what was wrong."""
    if not model.isprintable() or not 0 < len(model) <= LONGEST:
        raise RuntimeError(f"--model: 1 to {LONGEST} printable characters")

    async def work() -> Repriced:
        begin, _ = checked_range(since, None)
        act_for(EVERY)
        async with open_reprice(installation()) as reprice:
            await agree_on_price(reprice.store, tenant, AgreedPrice(model=model, since=begin, price=price))
            return await reprice(begin, now(), tenant=tenant)

    try:
        done = asyncio.run(work())
    except NotFound as refusal:
        raise RuntimeError(f"there is no tenant {tenant}") from refusal
    except Refusal as refusal:
        raise RuntimeError(refusal.detail) from refusal
    return msgspec.json.encode(plain(msgspec.structs.asdict(done))).decode() if as_json else words_of(done)


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise RuntimeError(f"{text!r} is no amount in USD") from None
    if not amount.is_finite():
        raise RuntimeError(f"{text!r} is no amount in USD")
    return amount
