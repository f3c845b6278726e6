"""An API process of a simulated installation: the product's own sockets, handlers, turns, replicas and loops."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from api.composition.turn_wiring import TurnParts, Turns, put_together
from api.composition.turns import CLAIM_S
from api.connections.client_socket import ClientSocket
from api.connections.frame_rates import FrameRates
from api.services import Services
from api.settings import Settings
from api.socket.chat_socket import ChatSocket
from application.acting_tenant import act_for
from application.budget.process_limits import Admission
from application.ports.tools.mcp_servers import NO_SERVERS
from application.replicas.ask_owner import AskOwner
from application.replicas.follow_others import FollowOthers
from application.replicas.questions import Questions
from application.replicas.tell_others import TellOthers
from application.sessions.live_session import LiveSession, LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.tasks import Loops
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from application.turns.create_turn import CreateTurnHandler
from application.turns.drain import Drain
from application.turns.give_feedback import GiveFeedbackHandler
from application.turns.read_attachments import ReadAttachments
from application.turns.recover_turns import LeaseSight, RecoverTurns
from application.users import Users
from domain.access import Identity
from domain.refusals import DependencyUnavailable
from tests.fakes.fixed_spending import FixedSpending
from tests.fakes.in_memory_datasets import InMemoryDatasets
from tests.fakes.in_memory_reservations import InMemoryReservations
from tests.fakes.nothing_private import NothingPrivate
from tests.fakes.scripted_model import WordEmbedder
from tests.fakes.small_ports import FixedCorpus
from tests.simulation.bus import BusLink
from tests.simulation.connection import Connection
from tests.simulation.database import DATABASE, LEASE_S, ProcessLeases, ProcessStore
from tests.simulation.links import Link, StoreLink
from tests.simulation.node import Node
from tests.simulation.shared import Shared
from tests.simulation.shop import ShopLink

SETTINGS = Settings(drain_s=6.0, turn_s=40.0)
MIRROR_S, LOOK_AROUND_S = 0.5, 0.25
NOTHING_ATTACHED = ReadAttachments(*(cast(Any, None),) * 4, tokens=0)
"""No turn of these has files."""
LOCAL = ("wait_for_news", "on_tenant_change", "open", "heading", "unlock")


class NoIncidents:
    """Raises none: what becomes of an incident is no part of this."""

    def by_policy(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class ApiProcess:
    """One of several. It is dead when its node is."""

    node: Node
    shared: Shared
    draining: bool = False
    sockets: dict[Connection, ChatSocket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        node, shared = self.node, self.shared
        self.store = cast(Any, StoreLink(node, DATABASE, ProcessStore(shared.database, node.name), LOCAL))
        tail = cast(Any, Link(node, "cache", shared.tail))
        self.sessions = LiveSessions(self.store, tail)
        self.admission = Admission(turns=50, turns_per_tenant=50, requests_per_minute=10_000)
        self.users = Users(shared.sealer, shared.user_names, self.store)
        replicas = BusLink(node, shared.bus)
        self.tell = TellOthers(self.sessions, replicas, shared.sealer, node.name)
        self.turns = self._turns()
        leases = cast(Any, Link(node, DATABASE, ProcessLeases(shared.database, node.name)))
        questions = Questions(replicas, shared.sealer, node.name)
        self.follow = FollowOthers(questions, tail, leases)
        elsewhere, turns = AskOwner(questions, self.follow, leases), self.turns
        self.recover = RecoverTurns(
            leases=leases, sessions=self.sessions, permits=turns.gate.permits, prepare=turns.prepare,
            turns=turns.runner, users=self.users, sealer=shared.sealer, process=node.name,
            sight=LeaseSight(settled_s=LEASE_S / 4 + CLAIM_S, gap_s=LEASE_S / 2),
        )  # fmt: skip
        self.drain = Drain(self.sessions, self.admission, turns.runner, self.tell.finish)
        runner = turns.runner
        create = CreateTurnHandler(turns.gate.permits, turns.prepare, runner, shared.sealer, runner.attachments)
        services = SimpleNamespace(
            store=self.store,
            sessions=SimpleNamespace(
                watching=self.follow, open_session=OpenSessionHandler(self.sessions, shared.tenants)
            ),
            turns=SimpleNamespace(
                create_turn=create,
                cancel_turn=CancelTurnHandler(elsewhere),
                confirm_tool=ConfirmToolHandler(elsewhere),
                give_feedback=GiveFeedbackHandler(turns.cache),
            ),
            edge=SimpleNamespace(frames=FrameRates(100_000.0)),
        )
        self.services = cast(Services, services)

    def _turns(self) -> Turns:
        node, shared = self.node, self.shared
        parts = TurnParts(
            store=self.store,
            sealer=shared.sealer,
            tenants=shared.tenants,
            sessions=self.sessions,
            admission=self.admission,
            model=shared.provider.model(node),
            embedder=WordEmbedder(),
            corpus=FixedCorpus(()),
            detector=NothingPrivate(),
            exact=cast(Any, Link(node, "cache", shared.exact)),
            similar=cast(Any, Link(node, DATABASE, shared.similar)),
            replies=cast(Any, Link(node, "cache", shared.replies)),
            reservations=cast(Any, Link(node, "cache", InMemoryReservations())),
            spending=FixedSpending(),
            datasets=InMemoryDatasets(),
            webhooks=ShopLink(node, shared.shop),
            servers=NO_SERVERS,
            attachments=NOTHING_ATTACHED,
            incidents=cast(Any, NoIncidents()),
            begun=self._begun,
        )
        return put_together(SETTINGS, parts)

    def _begun(self, live: LiveSession) -> None:
        self.tell.begun(live)

    async def run(self) -> None:
        """All that an API process does beside its sockets, until it is killed."""
        link = BusLink(self.node, self.shared.bus)
        with suppress(DependencyUnavailable):
            await link.answer(self.tell.answer)
        with suppress(DependencyUnavailable):
            await link.hear_begun(self.follow.hear_begun)
        async with Loops() as loops:
            loops.every("lease_renewal", LEASE_S / 4, self.recover.renew)
            loops.every("recovery", CLAIM_S, self.recover)
            loops.every("other_replicas", LOOK_AROUND_S, self.follow.look_around)
            loops.every("feed_mirror", MIRROR_S, self.sessions.mirror)
            await loops.stop.wait()

    async def serve(self, connection: Connection, identity: Identity) -> None:
        """One socket, as the guard hands it over."""
        act_for(identity.tenant)
        principal = await self.users.principal(identity)
        socket = ChatSocket(ClientSocket(cast(Any, connection.server)), self.services, principal)
        self.sockets[connection] = socket
        try:
            await socket.run()
        finally:
            del self.sockets[connection]
            connection.end(1006)

    async def leave(self) -> None:
        """As on SIGTERM: nothing new, running turns may end, then the sockets go, then the process."""
        from api.connections import client_frames as f

        self.draining = self.admission.leaving = self.admission.draining = True
        for socket in list(self.sockets.values()):
            try:
                await socket.send(f.SessionDraining(**socket.notice(), reconnect_after_ms=200))
            except Exception:  # noqa: S112  # that client has left
                continue
        await self.drain(SETTINGS.drain_s)
        for socket in list(self.sockets.values()):
            socket.hang_up(1012, "restarting")
        await asyncio.sleep(2.5)
        self.node.kill()
