"""What a tenant may use, as its admins set it, and what of it is used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from litestar import Request, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.services import Services
from application.budget.ledger_sync import Account
from application.clock import now, rfc3339
from domain.access import Principal
from domain.refusals import DependencyUnavailable
from domain.tenant.budget import Budget, Limits
from domain.tenant.budget_period import period_at


class LimitsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Limits; money as a decimal string, null where there is none."""

    limit_usd: str | None
    tokens_per_minute: int | None
    requests_per_minute: int | None
    concurrent_turns: int | None


class BudgetAnswer(LimitsAnswer, frozen=True, kw_only=True):
    """A budget with what the installation gives where it says nothing, and the running period. What was used is null
    while nobody can tell."""

    period: str
    per_user: LimitsAnswer
    period_start: str
    period_end: str
    used_usd: str | None
    reserved_usd: str | None


@get("/v1/budget", permission="tenant:configure")
async def show_budget(request: Request[Principal, Any, Any], services: NamedDependency[Services]) -> BudgetAnswer:
    """The budget of the caller's tenant."""
    return await _answer(
        (await services.tenants.known.settings(request.user.tenant)).budget, request.user.tenant, services
    )


@put("/v1/budget", permission="tenant:configure")
async def put_budget(
    data: JSONBody[Budget], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> BudgetAnswer:
    """Set it, whole: limits left out are without limit, or the installation's own."""
    budget = await services.tenants.put_budget(request.user, data)
    return await _answer(budget, request.user.tenant, services)


async def _answer(budget: Budget, tenant: str, services: Services) -> BudgetAnswer:
    account: Account | None
    try:
        account = await services.edge.budgets.account(tenant)
    except DependencyUnavailable:
        account = None
    since, until = (account.since, account.until) if account else period_at(budget.period, now())
    limits = _limits(budget)
    limits["requests_per_minute"] = limits["requests_per_minute"] or services.edge.admission.requests_per_minute
    limits["concurrent_turns"] = limits["concurrent_turns"] or services.edge.admission.turns_per_tenant
    return BudgetAnswer(
        **limits,
        period=budget.period,
        per_user=LimitsAnswer(**_limits(budget.per_user)),
        period_start=rfc3339(since),
        period_end=rfc3339(until),
        used_usd=_money(account.used_usd if account else None),
        reserved_usd=_money(account.reserved_usd if account else None),
    )


def _limits(limits: Limits) -> dict[str, Any]:
    fields: dict[str, Any] = {field: getattr(limits, field) for field in Limits.__struct_fields__}
    return fields | {"limit_usd": _money(limits.limit_usd)}


def _money(usd: Decimal | None) -> str | None:
    """Without an exponent and without empty decimal places."""
    return None if usd is None else f"{usd.normalize():f}"
