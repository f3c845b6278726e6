"""The facts of a model call, the same on every stream that makes one: started before it leaves, settled after."""

from __future__ import annotations

from decimal import Decimal

from domain.event import Event, topic
from domain.usage import PRICE_VERSION, Usage, cost_of


@topic("model.call_started.1")
class ModelCallStarted(Event, frozen=True, kw_only=True):
    """A request is about to leave; committed before it does, so that no call that may be billed is unknown.

    `estimate` is what it is charged when nobody ever hears what it used. `user` is whom it is for.
    """

    call_id: str
    step: str
    model: str
    user: str
    turn_id: str = ""
    estimate: Usage = Usage()


@topic("tokens.used.1")
class TokensUsed(Event, frozen=True, kw_only=True):
    """A call is settled: what it used and what that cost (US dollars). `estimated` when the provider's count was lost.
    `failure` is the provider's error code when it refused; then all counts are zero."""

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


def settle(call: ModelCallStarted, usage: Usage, *, estimated: bool = False, failure: str = "") -> TokensUsed:
    """The fact that ends a call: what it used, at today's prices."""
    return TokensUsed(
        call_id=call.call_id,
        step=call.step,
        model=call.model,
        user=call.user,
        turn_id=call.turn_id,
        usage=usage,
        cost_usd=cost_of(call.model, usage),
        price_version=PRICE_VERSION,
        estimated=estimated,
        failure=failure,
    )
