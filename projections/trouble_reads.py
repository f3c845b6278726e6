"""What went wrong with logs and read models of tenants, for the incidents that tell them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.ports.incidents.troubles import Trouble
from domain.access import PLATFORM_TENANT
from projections.transactions import Pool, reading, rows

MOST = 1_000
TROUBLES = "SELECT tenant, cause, at FROM projections.troubles(%s)"


class TroubleReads:
    """See `application.ports.incidents.troubles.Troubles`."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools

    async def known(self) -> list[Trouble]:
        """See the port: of each database as many."""
        found: list[Trouble] = []
        for pool in self._pools:
            async with reading(pool, PLATFORM_TENANT) as connection:
                found += [msgspec.convert(row, Trouble) for row in await rows(connection, TROUBLES, (MOST,))]
        return found
