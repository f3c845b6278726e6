"""What the processes of a simulated installation share: the services behind their ports, and its tenants."""

from __future__ import annotations

from dataclasses import dataclass, field

from application.ports.tenants.tenants import Tenants
from domain.access import Principal
from domain.refusals import AssistantNotFound
from domain.tenant.assistant import Assistant, CachePolicy
from domain.tenant.state import Tenant
from tests.fakes.in_memory_answer_cache import InMemoryExactCache, InMemorySemanticCache
from tests.fakes.in_memory_feed_tail import InMemoryFeedTail
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.fakes.in_memory_step_replies import InMemoryStepReplies
from tests.fakes.in_memory_user_names import InMemoryUserNames
from tests.simulation.bus import Bus
from tests.simulation.database import Database
from tests.simulation.pipe import Pipe
from tests.simulation.provider import Provider
from tests.simulation.shop import SEND_BACK, TOOL, Shop
from tests.simulation.world import World

NAMES = ("ash", "birch", "cedar")
"""Tenants by their canaries."""
NO_CACHE, EXACT = CachePolicy(exact=False, semantic="off"), CachePolicy(exact=True, semantic="off")
WITH_TOOL = 0.3
"""Of tenants, whose assistants call a tool with effects before each answer."""
AFTERWARDS = ("answer", "title", "follow_ups")


def tenant_id(name: str) -> str:
    """The id of a tenant by its canary."""
    return f"01977c9e-1111-7000-8000-{NAMES.index(name) + 1:012x}"


class DrawnTenants:
    """`Tenants`: each has the assistant that the seed drew for it."""

    def __init__(self, world: World) -> None:
        self._tenants = {
            tenant_id(name): Tenant(
                name=name,
                assistants={
                    "default": Assistant(
                        plan=world.random.choice(("lean", AFTERWARDS)),
                        cache=world.random.choice((NO_CACHE, EXACT)),
                        documents=False,
                        tools=(TOOL,) if world.apart.random() < WITH_TOOL else (),
                    )
                },
                tools={TOOL: SEND_BACK},
            )
            for name in NAMES
        }

    async def assistant(self, tenant: str, name: str) -> tuple[Assistant, int]:
        """See `Tenants`."""
        found = self._tenants[tenant].assistants.get(name)
        if found is None:
            raise AssistantNotFound
        return found, 1

    async def assistant_for(self, principal: Principal, name: str) -> tuple[Assistant, int]:
        """See `Tenants`."""
        return await self.assistant(principal.tenant, name)

    async def settings(self, tenant: str, fresh_s: float = 10.0) -> Tenant:
        """See `Tenants`."""
        return self._tenants[tenant]

    def forget(self, tenant: str) -> None:
        """See `Tenants`."""


@dataclass
class Shared:
    """All of it."""

    world: World
    database: Database = field(init=False)
    provider: Provider = field(init=False)
    shop: Shop = field(init=False)
    bus: Bus = field(init=False)
    pipe: Pipe = field(init=False)
    tenants: Tenants = field(init=False)
    sealer: InMemorySealer = field(init=False)
    user_names: InMemoryUserNames = field(default_factory=InMemoryUserNames)
    tail: InMemoryFeedTail = field(default_factory=InMemoryFeedTail)
    exact: InMemoryExactCache = field(default_factory=InMemoryExactCache)
    similar: InMemorySemanticCache = field(default_factory=InMemorySemanticCache)
    replies: InMemoryStepReplies = field(default_factory=InMemoryStepReplies)
    items: InMemorySessionItems = field(default_factory=InMemorySessionItems)

    def __post_init__(self) -> None:
        self.database, self.shop = Database(self.world), Shop(self.world)
        self.provider, self.bus, self.pipe = Provider(self.world), Bus(self.world), Pipe(self.world)
        self.tenants = DrawnTenants(self.world)
        self.sealer = InMemorySealer(self.database.store.shredded)
