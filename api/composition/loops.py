"""Starts what the API server does again and again beside its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from adapters.postgres.reconciliations import refresh_reconciled
from adapters.postgres.replication import refresh_replication
from api.background import Background
from api.composition.infrastructure import Infrastructure
from api.composition.replicas import Replication
from api.composition.shared import Shared
from api.composition.token_wiring import keys_made_at
from api.composition.turn_wiring import Turns
from api.composition.turns import CLAIM_S, recovery, renewal_s
from api.connections.registry import Sockets
from api.telemetry import event_metrics, metrics
from application.denials import ROUND_S as DENIALS_S
from application.erasure.expire import Expire
from application.files.deliver_spooled import DeliverSpooled
from application.incidents.look_out import LookOut
from application.tasks import Loops
from projections.audit_tree.checks import refresh_standing
from projections.beats import heard_of_all, named
from projections.lag import LagGauges

GAUGES_S = 5.0
MIRROR_S = 0.5
"""Between two times that feeds are sent to their tails."""
WATCH_S = 1.0
LOOK_AROUND_S = 0.25
"""Between two looks at which sessions are newly watched here, and which turns of them run elsewhere."""
SIGNED_OUT_S = 2.0
"""A socket outlives the session that it was opened in by no more than this, on any process."""
SWEEP_S = 30.0
USES_S = 30.0
DELIVERY_S, DELIVERED_WITHIN_S = 2.0, 600.0
"""How often files that wait for the object store are looked after, and how long bringing them there may take."""

TROUBLES_S = 30.0
EXPIRED_WITHIN_S = 3_600.0
"""How long a round of retention over all tenants may take."""


@dataclass(frozen=True)
class Upkeep:
    """What rooms have done again and again."""

    deliver: DeliverSpooled
    expire: Expire
    look_out: LookOut
    replication: Replication


async def start_loops(
    on: Infrastructure,
    shared: Shared,
    turns: Turns,
    sockets: Sockets,
    lag: LagGauges,
    upkeep: Upkeep,
    stack: AsyncExitStack,
) -> Callable[[], dict[str, str]]:
    """Says which of all loops are down, and why: ours, and those of the jobs behind."""
    background = Background(partial(heard_of_all, on.database.pools), databases=len(on.database.pools))
    loops, made_at = await stack.enter_async_context(Loops()), keys_made_at(on.settings)

    def down() -> dict[str, str]:
        return on.store.lanes.down() | loops.down() | background.down()

    async def refresh_gauges() -> None:
        event_metrics.show_breakers(turns.health)
        metrics.token_keys_made.set(made_at())
        metrics.turns_running.set(shared.admission.running.total())
        metrics.turns_most.set(shared.admission.turns)
        metrics.sessions_held.set(len(shared.sessions.held()))
        metrics.sessions_bytes.set(shared.sessions.size)
        for name, why in down().items():
            metrics.loop_down.labels(name).set(bool(why))
        await background.refresh()
        await lag.refresh()
        await asyncio.gather(
            refresh_standing(on.database.pools), refresh_reconciled(on.first), refresh_replication(on.first)
        )

    loops.every("gauges", GAUGES_S, refresh_gauges)
    _keep_turns(loops, on, shared, turns, upkeep.replication)
    loops.every("session_sweep", SWEEP_S, shared.sessions.sweep)
    stack.push_async_callback(shared.api_keys.store_uses)
    loops.every("api_key_uses", USES_S, shared.api_keys.store_uses)
    loops.every("revocations", 0.0, shared.revocations.follow)
    loops.every("revoked_tokens", WATCH_S, partial(sockets.hang_up_revoked, shared.revocations.is_revoked))
    loops.every("denials", DENIALS_S, partial(shared.denials.store_noted, shared.tenants))
    loops.every("revoked_keys", WATCH_S, partial(sockets.look_again, shared.api_keys.still_good))
    loops.every("ended_console_sessions", SIGNED_OUT_S, partial(sockets.hang_up_ended, shared.console.ended))
    loops.every("socket_watch", WATCH_S, sockets.watch)
    loops.every("feed_mirror", MIRROR_S, shared.sessions.mirror)
    loops.every("spool_delivery", DELIVERY_S, upkeep.deliver, within_s=DELIVERED_WITHIN_S)
    loops.every("troubles", TROUBLES_S, upkeep.look_out)
    loops.every("retention", on.settings.retention_s, upkeep.expire, within_s=EXPIRED_WITHIN_S)
    return down


def _keep_turns(loops: Loops, on: Infrastructure, shared: Shared, turns: Turns, replication: Replication) -> None:
    """What keeps turns going, here and at other processes. A database that is away keeps no other's turns from it."""
    for number, leases in enumerate(replication.leases):
        recover = recovery(on, shared, turns, leases)
        loops.every(named("lease_renewal", number), renewal_s(on.settings), recover.renew)
        loops.every(named("recovery", number), CLAIM_S, recover)
    loops.every("other_replicas", LOOK_AROUND_S, replication.follow.look_around)
