"""A simulated installation: API processes, workers and clients, from their start until all has come to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from api.client.web_socket import Lost
from application.acting_tenant import acting_for
from application.reconciliation.reconcile import Reconcile
from domain.access import Identity
from domain.event import StreamId
from tests.simulation.api_process import ApiProcess
from tests.simulation.clients import Client
from tests.simulation.connection import Connection
from tests.simulation.database import ProcessStore
from tests.simulation.erasures import erase
from tests.simulation.node import Node
from tests.simulation.shared import NAMES, Shared, tenant_id
from tests.simulation.views import GENERATION, Rows, work
from tests.simulation.world import START_S, World

REST_S = 240.0
"""So long after the last fault everything has its end, at the latest."""
LOOK_S = 0.25
VIEWS = ("session_view", "costs")


class Installation:
    """All of one run."""

    def __init__(self, world: World) -> None:
        self.world, self.shared, self.rows = world, Shared(world), Rows()
        self.apis: list[ApiProcess] = []
        self.workers: list[Node] = []
        self.connections: list[Connection] = []
        self.clients: list[Client] = []
        self.nodes: list[Node] = []
        self._made = 0
        self._outside = Node(world, "outside")

    def node(self, kind: str) -> Node:
        """A new process's."""
        self._made += 1
        node = Node(self.world, f"{kind}-{self._made}")
        self.nodes.append(node)
        return node

    def start_api(self) -> None:
        """One more API process."""
        api = ApiProcess(self.node("api"), self.shared)
        self.apis.append(api)
        self._watch(api.node.start(api.run()))

    def start_worker(self) -> None:
        """One more process that relays and projects."""
        node = self.node("worker")
        self.workers.append(node)
        self._watch(node.start(work(node, self.shared, self.rows)))

    def _watch(self, process: asyncio.Task[None]) -> None:
        """A process that ends by itself would be a machine that nobody has: whatever it breaks hides what is wrong."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                self.world.find(f"a process ended: {error!r}")

        process.add_done_callback(ended)

    def alive(self) -> list[ApiProcess]:
        """The API processes that are."""
        return [api for api in self.apis if not api.node.dead]

    def kill_api(self, api: ApiProcess) -> None:
        """As by SIGKILL; another one takes its place in a while."""
        self.world.tell("killed", node=api.node.name)
        api.node.kill()
        self._hang_up(api.node)
        self._later(self.start_api, self.world.random.choice((0.5, 3.0, 12.0)))

    def kill_worker(self, node: Node) -> None:
        """The same."""
        self.world.tell("killed", node=node.name)
        node.kill()
        self.workers.remove(node)
        self._later(self.start_worker, self.world.random.choice((0.5, 3.0)))

    def roll(self, api: ApiProcess) -> None:
        """It is replaced: the new one first."""
        self.world.tell("rolled", node=api.node.name)
        self.start_api()
        self._outside.start(self._leave(api))

    async def _leave(self, api: ApiProcess) -> None:
        await asyncio.wait([api.node.start(api.leave())])
        self._hang_up(api.node)

    def _later(self, start: object, seconds: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            start()  # type: ignore[operator]

        self._outside.start(wait())

    def _hang_up(self, node: Node) -> None:
        for connection in self.connections:
            if connection.node is node:
                connection.breaks()

    async def connect(self, tenant: str, user: str, node: Node) -> Connection:
        """A connection of a client, to one of the processes; `Lost` when that takes none."""
        draw = self.world.random
        await asyncio.sleep(draw.choice((0.0, 0.002, 0.05)))
        alive = [api for api in self.alive() if not api.draining]
        if not alive or draw.random() < 0.02:
            raise Lost("nobody answers")
        api = draw.choice(alive)
        connection = Connection(self.world, api.node)
        self.connections = [known for known in self.connections if not known.down.closed]
        self.connections.append(connection)
        identity = Identity(tenant_id(tenant), user, frozenset({"member"}), START_S + 1e6)
        api.node.start(api.serve(connection, identity))
        return connection

    async def erase(self, tenant: str, user: str, session_id: str) -> None:
        """A session is erased, by whichever process."""
        identity = Identity(tenant_id(tenant), user, frozenset({"member"}), START_S + 1e6)
        await erase(self, identity, StreamId(tenant_id(tenant), "session", session_id))

    async def run(self, go_wrong: Callable[[Installation], Coroutine[Any, Any, None]]) -> None:
        """From its start, while things `go_wrong`, to its rest; what is wrong is in the world's `findings`."""
        draw = self.world.random
        for _ in range(draw.choice((2, 2, 3))):
            self.start_api()
        for _ in range(draw.choice((1, 2))):
            self.start_worker()
        for number in range(draw.choice((2, 3, 4))):
            tenant = draw.choice(NAMES)
            client = Client(
                self, f"{draw.choice(('ada', 'bob'))}-{number}", tenant, self.node("client"), draw.choice((1, 2, 3))
            )
            self.clients.append(client)
            client.node.start(client.run())
        faults = self._outside.start(go_wrong(self))
        await asyncio.wait([faults])
        if error := faults.exception():
            raise error
        if await self._until(self._at_rest, REST_S):
            with acting_for("*"):
                await self._reconcile()
            await self._until(self._views_whole, REST_S)

    def end(self) -> list[Node]:
        """Kill what is left."""
        for node in (*self.nodes, self._outside):
            node.kill()
        return [*self.nodes, self._outside]

    async def _until(self, is_so: object, within_s: float) -> bool:
        ends = self.world.now + within_s
        while self.world.now < ends:
            if not (why := is_so()):  # type: ignore[operator]
                return True
            await asyncio.sleep(LOOK_S)
        self.world.find(f"no rest: {why}")
        return False

    def _at_rest(self) -> str:
        """What is still missing; empty at rest."""
        if waiting := [client.name for client in self.clients if not client.done]:
            return f"clients wait: {', '.join(waiting)}"
        if self.shared.database.leases:
            return f"turns run: {self.shared.database.leases}"
        if self.shared.provider.under_way:
            return f"{self.shared.provider.under_way} calls are under way"
        if not self.alive():
            return "no process is alive"
        if stiff := [node.name for node in self.nodes if node.frozen_until + LOOK_S > self.world.now]:
            return f"processes have yet to go on where they stood: {', '.join(stiff)}"
        return self._views_whole()

    def _views_whole(self) -> str:
        database = self.shared.database
        head = len(database.store.log)
        behind = {name: at for name in VIEWS if (at := database.places.get((name, GENERATION, 0), 0)) != head}
        return f"views are behind {head}: {behind}" if behind else ""

    async def _reconcile(self) -> None:
        store = ProcessStore(self.shared.database, "reconcile")
        since = datetime.fromtimestamp(START_S, UTC) - timedelta(days=1)
        report = await Reconcile(store, self.shared.provider.logs)(
            since, since + timedelta(days=2), found=lambda _: None, grace_s=-3600.0
        )
        if report.extra:
            self.world.find(f"{report.extra} calls are in the provider's log and not in the ledger")
