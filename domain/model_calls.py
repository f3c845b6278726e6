"""The facts of a model call, the same on every stream that makes one: started before it leaves, settled after, and
corrected where the provider's own log says otherwise."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from domain.event import Event, topic
from domain.models import Price
from domain.usage import PRICE_VERSION, Usage, cost_of


@topic("model.call_started.1")
class ModelCallStarted(Event, frozen=True, kw_only=True):
    """A request is about to leave; committed before it does, so that no call that may be billed is unknown.

    `estimate` is what it is charged when nobody ever hears what it used. `user` is whom it is for. `agreed` is the
    tenant's own price where it has one for this model by now, and `price_version` its name.
    """

    call_id: str
    step: str
    model: str
    user: str
    turn_id: str = ""
    estimate: Usage = Usage()
    agreed: Price | None = None
    price_version: str = ""


@topic("tokens.used.1")
class TokensUsed(Event, frozen=True, kw_only=True):
    """A call is settled: what it used and what that cost (US dollars). `estimated` when the provider's count was lost.
    `failure` is the provider's error code when it refused; then all counts are zero. `first_token_ms` is of answers
    that people read: from when the call left until it began to answer; 0 where nobody watched, or nothing came.
    `agreed` is the tenant's own price that it costs; None: as listed."""

    call_id: str
    step: str
    model: str
    user: str
    turn_id: str = ""
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    price_version: str = ""
    estimated: bool = False
    failure: str = ""
    first_token_ms: int = 0
    agreed: Price | None = None


@topic("tokens.corrected.1")
class TokensCorrected(Event, frozen=True, kw_only=True):
    """The provider's log says what a settled call really used: from here on its count stands and nothing is estimated.

    `reason`: `estimate` (it had been guessed), `count_differs` (it had not), `not_in_log` (the provider never saw the
    call), `price` (the tenant's own, `agreed`, held for it). `request_id` is the provider's name for the call, empty
    when its log does not hold it. Costs in US dollars.
    """

    call_id: str
    step: str
    model: str
    user: str
    turn_id: str = ""
    old_usage: Usage = Usage()
    old_cost_usd: Decimal = Decimal(0)
    usage: Usage = Usage()
    cost_usd: Decimal = Decimal(0)
    price_version: str = ""
    failure: str = ""
    reason: str = ""
    request_id: str = ""
    agreed: Price | None = None


OF_PRICE = "price"
NOT_IN_LOG = "not_in_log"
"""Also the `failure` of a call that was started, never heard of again, and is unknown to the provider."""


class LedgerCall(msgspec.Struct, kw_only=True):
    """A call and what stands in the ledger for it: None while nobody has settled it. `agreed` is the tenant's own price
    that it stands at."""

    started: ModelCallStarted
    standing: TokensUsed | None = None
    agreed: Price | None = None


class Calls(msgspec.Struct):
    """All model calls of one stream, by id."""

    by_id: dict[str, LedgerCall] = {}


def evolve_calls(calls: Calls, event: Event) -> Calls:
    """The calls after `event`, changed in place. As in the cost lines, a guess never replaces a count."""
    match event:
        case ModelCallStarted():
            calls.by_id[event.call_id] = LedgerCall(started=event, agreed=event.agreed)
        case TokensUsed() if call := calls.by_id.get(event.call_id):
            if call.standing is None or call.standing.estimated or not event.estimated:
                call.standing, call.agreed = event, event.agreed
        case TokensCorrected() if (call := calls.by_id.get(event.call_id)) and call.standing:
            call.standing, call.agreed = corrected(call.standing, event), event.agreed
        case _:
            pass
    return calls


def settle(
    call: ModelCallStarted, usage: Usage, *, estimated: bool = False, failure: str = "", first_token_ms: int = 0
) -> TokensUsed:
    """The fact that ends a call: what it used, at the price that it left with, which is today's list's or the tenant's
    own."""
    return TokensUsed(
        call_id=call.call_id,
        step=call.step,
        model=call.model,
        user=call.user,
        turn_id=call.turn_id,
        usage=usage,
        cost_usd=cost_of(call.model, usage, call.agreed),
        price_version=call.price_version if call.agreed else PRICE_VERSION,
        estimated=estimated,
        failure=failure,
        first_token_ms=first_token_ms,
        agreed=call.agreed,
    )


def corrected(used: TokensUsed, event: TokensCorrected) -> TokensUsed:
    """What stands for a call once it has been corrected."""
    return msgspec.structs.replace(
        used,
        usage=event.usage,
        cost_usd=event.cost_usd,
        price_version=event.price_version,
        failure=event.failure,
        estimated=False,
    )


def close_by_log(call: LedgerCall, counted: Usage | None, request_id: str = "") -> list[TokensUsed | TokensCorrected]:
    """The facts that bring a call to what the provider's log counted (None: the log, which is whole, does not hold
    it). None are needed when the ledger says so already, so that saying it twice changes nothing."""
    failure = NOT_IN_LOG if counted is None else ""
    if call.standing is None:
        return [settle(call.started, counted or Usage(), failure=failure)]
    used = call.standing
    usage = _with_long_writes(counted or Usage(), used.usage)
    if usage == used.usage and not used.estimated:
        return []
    reason = NOT_IN_LOG if counted is None else "estimate" if used.estimated else "count_differs"
    price_version = used.price_version if call.agreed else PRICE_VERSION
    failure = used.failure or failure
    return [_correction(used, usage, call.agreed, price_version, reason, failure=failure, request_id=request_id)]


def reprice(call: LedgerCall, agreed: Price, price_version: str) -> list[TokensCorrected]:
    """The fact that brings a call to the price that its tenant agreed on. None is needed when it stands at that price,
    so that saying it twice changes nothing; nor yet when it is estimated: first it is counted."""
    used = call.standing
    if used is None or used.estimated or (call.agreed, used.price_version) == (agreed, price_version):
        return []
    return [_correction(used, used.usage, agreed, price_version, OF_PRICE, failure=used.failure)]


def _correction(
    used: TokensUsed,
    usage: Usage,
    agreed: Price | None,
    price_version: str,
    reason: str,
    *,
    failure: str,
    request_id: str = "",
) -> TokensCorrected:
    """The fact that puts other tokens, at a price, in place of those that stand."""
    return TokensCorrected(
        call_id=used.call_id,
        step=used.step,
        model=used.model,
        user=used.user,
        turn_id=used.turn_id,
        old_usage=used.usage,
        old_cost_usd=used.cost_usd,
        usage=usage,
        cost_usd=cost_of(used.model, usage, agreed),
        price_version=price_version,
        failure=failure,
        reason=reason,
        request_id=request_id,
        agreed=agreed,
    )


def _with_long_writes(counted: Usage, known: Usage) -> Usage:
    """The log may leave open for how long the prompt cache was written; the stream had said it."""
    long_writes = counted.cache_write_1h_tokens or min(known.cache_write_1h_tokens, counted.cache_write_tokens)
    return msgspec.structs.replace(counted, cache_write_1h_tokens=long_writes)
