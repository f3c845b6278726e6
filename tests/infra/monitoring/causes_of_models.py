"""What goes wrong with models and with who asks, so that alerts fire."""

from __future__ import annotations

import asyncio

import httpx

from tests.infra.monitoring.watched import Watched


async def crowd(here: Watched) -> None:
    """As many turns as the installation takes (COLLOQUY_MAX_TURNS), each of which lasts."""
    await here.pace(6_000, 300)
    asking = asyncio.create_task(here.ask())
    await here.until("ColloquyTurnsFull", cause="12 of the 13 turns that may run at once run")
    await here.pace()
    await asking
    for _ in range(20):
        await here.ask()
    await here.until("ColloquyQuotaShort", cause="240 turns, and a quota of 20,000 tokens a minute")


async def slow_model(here: Watched) -> None:
    """First tokens after six seconds."""
    await here.pace(6_000)
    await here.ask()
    await here.pace()
    await here.until("ColloquyFirstTokenLate", cause="the model's first token takes six seconds")


async def refusing_model(here: Watched) -> None:
    """One family is refused."""
    await here.fault(kind="access_denied", model="sonnet")
    await here.ask()
    await here.until("ColloquyModelRefusesUs", cause="calls of one model answer AccessDeniedException")


async def throttling_model(here: Watched) -> None:
    """Half of the calls."""
    await here.fault(kind="throttle", probability=0.5)
    await here.ask(2)
    await here.until("ColloquyModelThrottles", cause="half of the calls are throttled")


async def cut_streams(here: Watched) -> None:
    """Streams end without their count."""
    await here.fault(kind="cut", after_deltas=2, probability=0.5)
    await here.ask(3)
    await here.until("ColloquyLedgerDrifts", cause="streams are cut, so that calls are estimated")


async def dead_model(here: Watched) -> None:
    """Every model is away."""
    await here.fault(kind="unavailable")
    await here.ask(3)
    names = ("ColloquyTurnsFailFast", "ColloquyTurnsFailSlowly", "ColloquyTurnsFailSteadily", "ColloquyBreakerOpen")
    await here.until(*names, cause="every call answers ServiceUnavailableException")
    await here.fault()


async def bad_credentials(here: Watched) -> None:
    """Many requests with a token of nobody's."""
    async with httpx.AsyncClient(base_url=here.ours.url, headers={"Authorization": "Bearer a.b.c.d.e"}) as stranger:
        for _ in range(60):
            await asyncio.gather(*(stranger.get("/v1/sessions") for _ in range(100)))
    await here.until("ColloquyCredentialsRefused", cause="6,000 requests with a token of nobody's")


async def budget_gone(here: Watched) -> None:
    """A budget that is used up."""
    (admin,) = here.ours.tokens(1, ["admin"])
    bearer = {"Authorization": f"Bearer {admin}"}
    body = {"period": "day", "limit_usd": "0.0001"}
    (await here.http.put(f"{here.ours.url}/v1/budget", json=body, headers=bearer)).raise_for_status()
    await here.ask(3)
    await here.until("ColloquyBudgetsRefuse", cause="the tenant's budget is a hundredth of a cent")
    (await here.http.put(f"{here.ours.url}/v1/budget", json={}, headers=bearer)).raise_for_status()
