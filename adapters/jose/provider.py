"""One identity provider as it is known here: its configuration and keys, asked for anew, but not too often."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import structlog
from jwcrypto.jwk import JWK

from adapters.jose.compact import BadToken
from adapters.jose.outside_issuers import OutsideIssuer
from adapters.jose.provider_documents import ProviderMetadata, fetch_keys, fetch_metadata
from application.budget.gcra import Buckets
from application.tasks import SingleFlight, TaskSet
from domain.refusals import DependencyUnavailable

FRESH_S = 300.0
"""Keys that the provider took away are good for so long at most, while it answers."""
STALE_S = 3_600.0
"""So long its last known keys are good while it does not."""
ASKS_A_MINUTE = 12
"""Questions at most, some of them at once: whoever invents ids of keys makes no more of them."""
ASK_AGAIN_S = 5.0
"""After a question that had no answer."""
log = structlog.get_logger()
Keys = dict[tuple[str, str], JWK]


class KnownProvider:
    """Asks when somebody's token needs it. Without a stop: while a fresh answer is on its way the last one serves."""

    def __init__(self, issuer: OutsideIssuer, http: httpx.AsyncClient, clock: Callable[[], float]) -> None:
        self.issuer, self._http, self._clock = issuer, http, clock
        self._known: tuple[ProviderMetadata, Keys] | None = None
        self._known_at = self._failed_at = float("-inf")
        self._asks = Buckets(clock)
        self._looking = False
        self._asking: SingleFlight[str, None] = SingleFlight("identity_provider")
        self._tasks = TaskSet("identity_provider")

    async def key(self, alg: str, kid: str) -> JWK:
        """The key; BadToken when the provider has none such, `DependencyUnavailable` when nothing is known of it."""
        keys = (await self._current())[1]
        found = keys.get((alg, kid))
        if found is None and self._may_ask():
            await self._ask()
            found = (await self._current())[1].get((alg, kid))
        if found is None:
            raise BadToken("a key that its issuer does not have")
        return found

    async def metadata(self) -> ProviderMetadata:
        """Its configuration."""
        return (await self._current())[0]

    async def close(self) -> None:
        """Ask no more."""
        await self._tasks.end()

    async def _current(self) -> tuple[ProviderMetadata, Keys]:
        age = self._clock() - self._known_at
        if self._known is not None and age < STALE_S:
            if age >= FRESH_S and self._may_ask():
                self._tasks.start(self._ask())
            return self._known
        if self._may_ask():
            await self._ask()
        if self._known is None or self._clock() - self._known_at >= STALE_S:
            raise DependencyUnavailable(
                f"The identity provider {self.issuer.name} does not answer.", retry_after_s=ASK_AGAIN_S
            )
        return self._known

    def _may_ask(self) -> bool:
        if self._clock() - self._failed_at < ASK_AGAIN_S:
            return False
        return self._looking or not self._asks.wait_s("", 1, ASKS_A_MINUTE)

    async def _ask(self) -> None:
        if not self._looking:
            self._looking = True
            self._asks.take("", 1, ASKS_A_MINUTE)
        await self._asking.of("", self._look)

    async def _look(self) -> None:
        try:
            metadata = await fetch_metadata(self._http, self.issuer)
            self._known = (metadata, await fetch_keys(self._http, metadata))
            self._known_at = self._clock()
        except DependencyUnavailable as refusal:
            self._failed_at = self._clock()
            log.warning("identity_provider_away", issuer=self.issuer.name, reason=refusal.detail)
        finally:
            self._looking = False
