"""A read model's place in a JetStream stream: a durable pull consumer that acknowledges everything up to a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from adapters.nats.connection import answering
from application.clock import monotonic
from application.ports.facts.event_store import LOG_BYTES, Recorded
from application.tasks import isolated

ACK_WAIT_S = 30.0
UNSEEN_S = 7 * 86_400.0
"""A consumer that nobody has asked for so long is the server's to drop."""
CHECK_S = 5.0
AT_ONCE = 16
"""Messages of one pull: a megabyte each at most."""
AGAIN_S = 0.02
"""How long more is waited for when there is something already."""


class JetStreamReader:
    """See the port. One batch is in flight at a time."""

    def __init__(self, subscription: Any, decode: Callable[[bytes], Recorded]) -> None:
        self._subscription, self._decode = subscription, decode
        self._last: Any = None
        self._heard = monotonic()

    @classmethod
    async def bind(
        cls, js: JetStreamContext, stream: str, name: str, decode: Callable[[bytes], Recorded]
    ) -> JetStreamReader:
        """The consumer `name` of a stream, made when it is not there."""
        config = ConsumerConfig(
            durable_name=name,
            deliver_policy=DeliverPolicy.NEW,
            ack_policy=AckPolicy.ALL,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=2_000,
            inactive_threshold=UNSEEN_S,
        )
        subscription = await js.pull_subscribe("", durable=name, stream=stream, config=config)
        return cls(subscription, decode)

    async def fetch(self, limit: int, *, timeout_s: float) -> list[Recorded]:
        """See the port. The library's pull (2.16) is bounded by the number of messages alone, so a batch is made of
        small ones until it is large enough."""
        messages: list[Any] = []
        with answering():
            while (more := min(limit - len(messages), AT_ONCE)) > 0:
                found = await self._pull(more, AGAIN_S if messages else timeout_s)
                messages += found
                if len(found) < more or sum(len(message.data) for message in messages) >= LOG_BYTES:
                    break
            if not messages:
                await self._check()
                return []
        self._last, self._heard = messages[-1], monotonic()
        facts: list[Recorded] = []
        for message in messages:
            with isolated("pipe_message"):  # a hole, which the read model fills from the store
                facts.append(self._decode(message.data or b""))
        return facts

    async def _pull(self, limit: int, timeout_s: float) -> list[Any]:
        try:
            return list(await self._subscription.fetch(limit, timeout=timeout_s))
        except TimeoutError:  # the library's own is one of these, and it raises both
            return []

    async def _check(self) -> None:
        """A consumer that went with its stream looks like silence: ask now and then whether it is there."""
        if monotonic() - self._heard > CHECK_S:
            await self._subscription.consumer_info()
            self._heard = monotonic()

    async def acknowledge(self) -> None:
        """See the port. An acknowledgement that is lost costs a repetition."""
        if self._last is not None:
            with answering():
                await self._last.ack()
            self._last = None
