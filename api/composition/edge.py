"""Opens what every request and connection passes: who it is, what it may ask, whether the process is well."""

from __future__ import annotations

from contextlib import AsyncExitStack

from adapters.files.scratch import UnnamedFiles
from adapters.valkey.tickets import ValkeyTickets
from api.composition.infrastructure import Infrastructure
from api.composition.loops import Upkeep, start_loops
from api.composition.shared import Shared, watched_walls
from api.composition.token_wiring import derivation_secrets, link_audience, token_verifier
from api.composition.turn_wiring import Turns
from api.connections.address_limits import address_limits
from api.connections.frame_rates import FrameRates
from api.connections.registry import Sockets
from api.connections.told_to_wait import ToldToWait
from api.health_checks import Dependencies, health_checks
from api.readiness import Readiness
from api.services import AccessServices, EdgeServices
from api.telemetry import metrics
from application.byte_room import ByteRoom
from projections.lag import LagGauges
from projections.operations_reads import OperationsReads


def open_access(on: Infrastructure, shared: Shared) -> AccessServices:
    """What says who somebody is."""
    settings, secrets = on.settings, derivation_secrets(on.settings)
    return AccessServices(
        verifier=token_verifier(settings),
        link_verifier=token_verifier(settings, link_audience(settings)),
        tickets=ValkeyTickets(on.cache, secrets),
        console=shared.console,
        api_keys=shared.api_keys,
        users=shared.users,
        outside=shared.outside,
        revocations=shared.revocations,
        denials=shared.denials,
    )


async def open_edge(
    on: Infrastructure, shared: Shared, turns: Turns, upkeep: Upkeep, stack: AsyncExitStack
) -> EdgeServices:
    """The edge, with the loops of the process: opened last, so that they end first."""
    settings = on.settings
    sockets = Sockets(settings.max_sockets, settings.max_sockets_per_tenant)
    lag = LagGauges(on.database.pools, on.store, each=settings.lanes)
    down = await start_loops(on, shared, turns, sockets, lag, upkeep, stack)
    walls = watched_walls(stack)
    dependencies = Dependencies(
        pools=on.database.pools,
        bedrock=on.bedrock.client,
        s3=on.s3,
        dynamodb=on.dynamodb,
        kms=on.database.kms,
        cache=on.cache,
        models=turns.health,
        names=shared.names,
    )
    return EdgeServices(
        admission=shared.admission,
        budgets=turns.gate,
        sockets=sockets,
        addresses=address_limits(settings),
        frames=FrameRates(settings.frames_per_minute),
        told_to_wait=ToldToWait(),
        upload_room=ByteRoom(places=settings.max_uploads, size=settings.max_upload_bytes),
        scratch=UnnamedFiles(settings.spool_path),
        readiness=Readiness(health_checks(settings, dependencies), down, lambda: walls.parts),
        models=turns.health,
        operations=OperationsReads(on.database.pools, on.pool, lag),
        metrics=metrics.MetricsText(),
    )
