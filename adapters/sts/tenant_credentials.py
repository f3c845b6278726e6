"""Requests to AWS signed by whom they are for: a role narrowed to the tenant that is acted for, kept while it is good.

What a request names comes from the program; who signs it comes from the caller's credentials. Where the two differ,
AWS refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiobotocore.credentials import AioCredentials

from adapters.sts.session_policy import session_policy, written
from application.acting_tenant import EVERY, acting
from application.bounded_cache import BoundedCache
from application.clock import now as _now
from application.tasks import SingleFlight

LIFE_S = 3_600
"""The longest that a role lives which was assumed by a role."""
EARLY = timedelta(minutes=5)
MOST = 10_000
BYTES = 4_096
"""Of one tenant's, generously: a session token is some 1,500."""


class _Kept(msgspec.Struct, frozen=True):
    credentials: AioCredentials
    until: datetime


class TenantCredentials:
    """Signs requests of `s3` and `dynamodb` clients as the acting tenant's session of `role`. Who acts for nobody, such
    as a check of health, signs as the process itself, which therefore should have no right to items and objects."""

    def __init__(self, sts: Any, role: str, *, table: str, bucket: str, now: Callable[[], datetime] = _now) -> None:
        self._sts, self._role, self._table, self._bucket, self._now = sts, role, table, bucket, now
        self._kept: BoundedCache[str, _Kept] = BoundedCache(items=MOST, size=MOST * BYTES)
        self._flights: SingleFlight[str, AioCredentials] = SingleFlight("tenant_credentials")

    def sign_requests_of(self, client: Any) -> None:
        """Every request that this client makes from now on."""
        client.meta.events.register("before-sign", self._sign)

    async def _sign(self, request: Any, **_: Any) -> None:
        tenant = acting()
        if tenant and tenant != EVERY:
            # `signing` is what the library hands its signer of this one request (`signers.py`, `get_auth_instance`).
            request.context["signing"] = {
                **request.context.get("signing", {}), "request_credentials": await self.of(tenant)
            }  # fmt: skip

    async def of(self, tenant: str) -> AioCredentials:
        """The tenant's, asked for once by all that need them at a time. Botocore's errors when STS refuses or is
        away."""
        kept = self._kept.get(tenant)
        if kept is not None and kept.until > self._now():
            return kept.credentials
        return await self._flights.of(tenant, lambda: self._ask(tenant))

    async def _ask(self, tenant: str) -> AioCredentials:
        policy = session_policy(tenant, partition=self._role.split(":")[1], table=self._table, bucket=self._bucket)
        asked = {"RoleArn": self._role, "RoleSessionName": f"tenant-{tenant}"[:64], "Policy": written(policy)}
        given = (await self._sts.assume_role(DurationSeconds=LIFE_S, **asked))["Credentials"]
        credentials = AioCredentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        self._kept.put(tenant, _Kept(credentials, given["Expiration"] - EARLY), BYTES)
        return credentials
