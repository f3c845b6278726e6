"""A shop whose webhook changes something: what reached it has been done, whether or not anybody hears of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

import msgspec

from application.ports.tools.webhooks import WebhookAnswer, WebhookFailed
from domain.tenant.tool import Tool, Webhook
from tests.simulation.node import Node
from tests.simulation.world import CALM, World

TOOL = "send_back"
FAILS = 0.06
"""Of requests that do not arrive, and of answers that do not come back, while things go wrong."""
SEND_BACK = Tool(
    description="Sends a case back.",
    input_schema={"type": "object", "properties": {"case": {"type": "string"}}, "required": ["case"]},
    effects=True,
    webhook=Webhook(url="https://shop.example/send-back"),
)


class Shop:
    """What was done, by the tenant and the key of the request."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.done: Counter[tuple[str, str]] = Counter()

    def do(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Do it, as often as it is asked for: that it is asked for once is what is to be shown."""
        tenant, key = headers["x-colloquy-tenant"], headers["idempotency-key"]
        self.done[tenant, key] += 1
        self.world.happened["effect"] += 1
        self.world.tell("done", tenant=tenant[-4:], key=key, case=msgspec.json.decode(body)["case"])


class ShopLink:
    """`Webhooks` of one process."""

    def __init__(self, node: Node, shop: Shop) -> None:
        self._node, self._shop = node, shop

    async def check(self, url: str) -> None:
        """See `Webhooks`."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        """See `Webhooks`."""
        node, draw = self._node, self._node.world.apart
        fails = FAILS if node.world.odds is not CALM else 0.0
        await self._pass(draw.choice((0.01, 0.1)))
        if draw.random() < fails:
            raise WebhookFailed("The server was not reached.", sent=False)
        self._shop.do(body, headers)
        await self._pass(draw.choice((0.01, 0.2, 1.0)))
        if draw.random() < fails:
            raise WebhookFailed("The server did not answer.", sent=True)
        return WebhookAnswer('{"sent_back":true}', True)

    async def _pass(self, seconds: float) -> None:
        node = self._node
        await asyncio.sleep(seconds)
        while node.frozen_until > node.world.now:
            await asyncio.sleep(node.frozen_until - node.world.now)
        node.check()
