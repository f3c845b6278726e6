"""A budget without limits, that counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from application.budget.call_reservations import Reservation
from application.ports.tenants.reservations import CallAmount
from domain.model_calls import ModelCallStarted, TokensUsed
from domain.refusals import Refusal
from domain.usage import cost_of


@dataclass
class FreeBudget:
    """See `application.gateway.model_attempt.CallBudget`; refuses with `refusal` when it has one."""

    refusal: Refusal | None = None
    state: Literal["ok", "warned", "low", "out"] = "ok"
    open: set[str] = field(default_factory=set)
    settled: list[TokensUsed] = field(default_factory=list)

    async def reserve(self, tenant: str, user: str, started: ModelCallStarted) -> Reservation:
        if self.refusal is not None:
            raise self.refusal
        self.open.add(started.call_id)
        return Reservation(tenant, CallAmount(started.call_id, cost_of(started.model, started.estimate), 0))

    async def settle(self, reservation: Reservation, used: TokensUsed) -> None:
        self.open.discard(reservation.call.call_id)
        self.settled.append(used)

    async def release(self, reservation: Reservation) -> None:
        self.open.discard(reservation.call.call_id)

    def level(self, tenant: str, user: str = "") -> Literal["ok", "warned", "low", "out"]:
        return self.state
