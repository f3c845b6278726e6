"""Opens the room of replicas: how this process and the others watch and end each other's turns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from adapters.eventstore.leases import LanesOwners, PostgresLeases
from adapters.nats.replicas import open_replicas
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from application.ports.facts.leases import Leases, TurnOwners
from application.replicas.ask_owner import AskOwner
from application.replicas.follow_others import FollowOthers
from application.replicas.questions import Questions
from application.replicas.tell_others import TellOthers
from domain.refusals import DependencyUnavailable


@dataclass(frozen=True, kw_only=True)
class Replication:
    """What of it others work with."""

    leases: Sequence[Leases]  # of each database
    tell: TellOthers
    follow: FollowOthers
    elsewhere: AskOwner


async def open_replication(on: Infrastructure, shared: Shared, stack: AsyncExitStack) -> Replication:
    """All of it; other processes are found when NATS is there."""
    sealer, process = on.store.vault, on.process
    leases = [PostgresLeases(writer, process, on.settings.lease_s) for writer in on.writers]
    directory = on.database.directory
    owners: TurnOwners = LanesOwners(leases, directory.database_of) if directory else leases[0]
    replicas = await stack.enter_async_context(
        open_replicas(on.settings.nats_url, process, on.settings.nats_credentials)
    )
    tell = TellOthers(shared.sessions, replicas, sealer, process)
    questions = Questions(replicas, sealer, process)
    follow = FollowOthers(questions, shared.tail, owners)
    stack.push_async_callback(tell.tasks.end)
    stack.push_async_callback(follow.tasks.end)
    with suppress(DependencyUnavailable):  # the loop that looks around connects
        await replicas.answer(tell.answer)
    with suppress(DependencyUnavailable):
        await replicas.hear_begun(follow.hear_begun)
    return Replication(leases=leases, tell=tell, follow=follow, elsewhere=AskOwner(questions, follow, owners))
