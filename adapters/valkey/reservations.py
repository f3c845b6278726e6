"""Reservations in Valkey: every count of a tenant under one hash tag, changed by one script, timed by the server."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import starmap
from typing import Any

import msgspec
import structlog
from valkey.exceptions import ValkeyError

from adapters.sharing import Batcher
from adapters.valkey.pipelined import Pipelined
from adapters.valkey.reservation_scripts import COUNT, ENTER, REBASE, RESERVE, SETTLE
from application.clock import monotonic
from application.ports.tenants.reservations import (
    BalanceSnapshot,
    Base,
    CallAmount,
    Claim,
    Counted,
    LimitScope,
    ReservationAnswer,
    VersionToken,
)
from domain.refusals import DependencyUnavailable

OK = ReservationAnswer(verdict="ok")
TRIPS = 2
COUNT_BYTES = 1_000
NANO = Decimal("0.000000001")
AWAY_S = 1.0
LIFE_S = 300.0
log = structlog.get_logger()


class Count(msgspec.Struct, frozen=True):
    """One request to be counted."""

    tenant: str
    what: Counted
    bounds: tuple[LimitScope, ...]


class ValkeyReservations:
    """See the port. After a failure Valkey is left alone for a second, so that its absence costs one wait and not one a
    call. A reservation that nobody settles counts as spent after `life_s` seconds."""

    def __init__(self, client: Any, *, life_s: float = LIFE_S) -> None:
        self._pipelined = Pipelined(client)
        self._counts = SharedCounts(self.count_all)
        self._life = life_s
        self._away_until = 0.0

    async def enter(
        self, tenant: str, turn_id: str, bounds: Sequence[LimitScope], *, lasting_s: float, always: bool = False
    ) -> ReservationAnswer:
        """See the port."""
        keys = [key for bound in bounds for key in (_rate(tenant, bound, "requests"), _key(tenant, bound, "turns"))]
        limits = [x or 0 for b in bounds for x in (b.limits.requests_per_minute, b.limits.concurrent_turns)]
        keys, who = [*_fair(tenant, bounds, "requests"), *keys], _whose(bounds[-1])
        return _answer(await self._run(ENTER, keys, [who, turn_id, _micro(lasting_s), int(always), *limits]), 0)

    async def count(self, tenant: str, what: Counted, bounds: Sequence[LimitScope]) -> ReservationAnswer:
        """See the port. Requests that come at once are counted at once, those of one user as a number: a flood of them
        costs little more than one."""
        return await self._counts.call(Count(tenant, what, tuple(bounds)))

    async def count_all(self, one: Count, amount: int) -> tuple[int, ReservationAnswer]:
        """How many of so many fit, and what is said to the others."""
        bounds = one.bounds
        keys = [*_fair(one.tenant, bounds, one.what), *(_rate(one.tenant, bound, one.what) for bound in bounds)]
        limits = [bound.limits.requests_per_minute or 0 for bound in bounds]
        fits, bound, wait = await self._run(COUNT, keys, [_whose(bounds[-1]), amount, *limits])
        return int(fits), ReservationAnswer(
            verdict="requests", bound=max(0, int(bound) - 1), retry_after_s=int(wait) / 1e6
        )

    async def leave(self, tenant: str, turn_id: str, bounds: Sequence[LimitScope]) -> None:
        """See the port."""
        for bound in bounds:
            if bound.limits.concurrent_turns:
                await self._ask("ZREM", _key(tenant, bound, "turns"), turn_id)

    async def reserve(
        self, tenant: str, call: CallAmount, bounds: Sequence[LimitScope], marks: Sequence[VersionToken]
    ) -> ReservationAnswer:
        """See the port."""
        head = [call.call_id, nano(call.usd), call.tokens, _micro(self._life)]
        raw = await self._run(RESERVE, _purse_keys(tenant, bounds), head + _limits(bounds, marks))
        return _answer(raw, len(bounds), bounds)

    async def settle(
        self,
        tenant: str,
        call: CallAmount,
        tokens_back: int,
        bounds: Sequence[LimitScope],
        marks: Sequence[VersionToken],
    ) -> ReservationAnswer:
        """See the port."""
        head = [call.call_id, nano(call.usd), tokens_back]
        raw = await self._run(SETTLE, _purse_keys(tenant, bounds), head + _limits(bounds, marks))
        return _answer(raw, len(bounds), bounds)

    async def counted(self, tenant: str, bound: LimitScope) -> tuple[datetime, list[str]]:
        """See the port."""
        seconds, micros = await self._ask("TIME")
        ids = await self._ask("HKEYS", _key(tenant, bound, "calls"))
        at = datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micros))
        return at, [id.decode() for id in ids]

    async def rebase(self, tenant: str, bound: LimitScope, base: Base, claims: dict[str, Claim]) -> BalanceSnapshot:
        """See the port."""
        keys = [_key(tenant, bound, "usd"), _key(tenant, bound, "calls")]
        values = [x for id, c in claims.items() for x in (id, f"r{nano(c.usd)}" if c.open else nano(c.usd))]
        head = [bound.period, int(base.until.timestamp()), base.position, nano(base.usd), len(base.known), *base.known]
        return _standing(await self._run(REBASE, keys, [*head, *values, _micro(self._life)]))

    async def _run(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        return await self._ask("EVAL", script, len(keys), *keys, *arguments)

    async def _ask(self, *command: Any) -> Any:
        if monotonic() < self._away_until:
            raise DependencyUnavailable("The shared counters are away.", retry_after_s=AWAY_S)
        try:
            return await self._pipelined.execute(*command)
        except (ValkeyError, OSError, TimeoutError) as error:
            if monotonic() >= self._away_until:
                log.warning("reservations_away", error=type(error).__name__, detail=str(error)[:200])
            self._away_until = monotonic() + AWAY_S
            raise DependencyUnavailable("The shared counters are away.", retry_after_s=AWAY_S) from error


class SharedCounts(Batcher[Count, ReservationAnswer]):
    """Requests of all tenants that wait to be counted, one command for those of the same user."""

    def __init__(self, count_all: Callable[[Count, int], Awaitable[tuple[int, ReservationAnswer]]]) -> None:
        super().__init__(TRIPS)
        self._count_all = count_all

    def size(self, asked: Count) -> int:
        """See `Batcher`."""
        return COUNT_BYTES

    def fits(self, batch: Sequence[Count], asked: Count) -> bool:
        """See `Batcher`."""
        return True

    def is_item_error(self, error: Exception) -> bool:
        """See `Batcher`."""
        return False

    async def send_batch(self, batch: Sequence[Count]) -> Sequence[ReservationAnswer]:
        """See `Batcher`: of each user's, those that came first are let in."""
        amounts = Counter(batch)
        told = dict(zip(amounts, await asyncio.gather(*starmap(self._count_all, amounts.items())), strict=True))
        let_in: Counter[Count] = Counter()
        answers = []
        for one in batch:
            let_in[one] += 1
            fits, refused = told[one]
            answers.append(OK if let_in[one] <= fits else refused)
        return answers


def nano(usd: Decimal) -> int:
    """US dollars as whole nano-dollars, rounded up: a count may say too much, never too little."""
    return int((usd / NANO).to_integral_value(rounding="ROUND_CEILING"))


def _whose(bound: LimitScope) -> str:
    """A user stands as a digest: the counters hold no names."""
    return hashlib.sha256(bound.user.encode()).hexdigest()[:24] if bound.user else ""


def _key(tenant: str, bound: LimitScope, part: str) -> str:
    return f"{{{tenant}}}:budget:{_whose(bound) or 'all'}:{part}"


def _rate(tenant: str, bound: LimitScope, what: Counted) -> str:
    """A limit that is changed begins with a full bucket."""
    return _key(tenant, bound, f"{what}:{bound.limits.requests_per_minute or 0}")


def _fair(tenant: str, bounds: Sequence[LimitScope], what: Counted) -> tuple[str, str]:
    limit = bounds[0].limits.requests_per_minute or 0
    return _key(tenant, bounds[-1], f"fair-{what}:{limit}"), _key(tenant, bounds[0], f"waiting-{what}:{limit}")


def _purse_keys(tenant: str, bounds: Sequence[LimitScope]) -> list[str]:
    return [_key(tenant, bound, part) for bound in bounds for part in ("tokens", "usd", "calls")]


def _limits(bounds: Sequence[LimitScope], marks: Sequence[VersionToken]) -> list[Any]:
    found: list[Any] = []
    for bound, mark in zip(bounds, marks, strict=True):
        money = -1 if bound.limits.limit_usd is None else nano(bound.limits.limit_usd)
        found += [bound.limits.tokens_per_minute or 0, money, bound.period, mark.epoch, mark.seq]
    return found


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)


def _answer(raw: list[Any], purses: int, bounds: Sequence[LimitScope] = ()) -> ReservationAnswer:
    told = [raw[3 + 4 * n : 7 + 4 * n] for n in range(purses)] if len(raw) > 3 else []
    return ReservationAnswer(
        verdict=raw[0].decode(),
        bound=max(0, int(raw[1]) - 1),
        retry_after_s=int(raw[2]) / 1e6,
        standings=tuple(
            None if bound.limits.limit_usd is None else _standing(part)
            for bound, part in zip(bounds, told, strict=False)
        ),
    )


def _standing(raw: list[bytes]) -> BalanceSnapshot:
    used, reserved, epoch, seq = raw
    return BalanceSnapshot(int(used) * NANO, int(reserved) * NANO, VersionToken(epoch.decode(), int(seq)))
