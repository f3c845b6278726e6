"""Tells who watches that a budget runs low, and keeps the fact that it was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from application.budget.balance import BudgetThresholdCrossed
from application.execute import TENANT, Context, execute
from application.incidents.raise_incident import RaiseIncident
from application.ports.facts.event_store import EventStore
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSessions
from application.tasks import TaskSet
from domain.tenant.events import BudgetWarned
from domain.tenant.rules import warn_of_budget


@dataclass(frozen=True, slots=True)
class TellOfBudget:
    """A frame on the tenant's sessions in this process, and once a period `budget.warned` on the tenant."""

    store: EventStore
    sessions: LiveSessions
    incidents: RaiseIncident
    tasks: TaskSet = field(default_factory=partial(TaskSet, "budget_news"))

    def __call__(self, news: BudgetThresholdCrossed) -> None:
        """A purse has come to a worse state."""
        for live in self.sessions.held():
            told_elsewhere = live.idle or live.runs_elsewhere  # by the process that runs the turn
            if live.id.tenant == news.tenant and news.user in ("", live.state.user) and not told_elsewhere:
                live.feed.put(
                    f.BudgetUpdated(
                        period=news.period,
                        limit_usd=f"{news.limit_usd:f}",
                        used_usd=f"{news.used_usd:f}",
                        state=news.state,
                    )
                )
        self.tasks.start(self._keep(news))
        if news.state == "out" and not news.user:
            self.incidents.by_policy(news.tenant, "budget_out")

    async def _keep(self, news: BudgetThresholdCrossed) -> None:
        warning = BudgetWarned(period=news.period, limit_usd=news.limit_usd, used_usd=news.used_usd, user=news.user)
        stream = f"{news.tenant}/tenant/{news.tenant}"
        await execute(self.store, stream, TENANT, lambda t: warn_of_budget(t, warning), Context("budget"))
