"""What went wrong with logs and read models of tenants, for the incidents that tell them."""

from __future__ import annotations

import msgspec

from application.ports.incidents.troubles import Trouble
from domain.access import PLATFORM_TENANT
from projections.transactions import Pool, reading, rows

MOST = 1_000
TROUBLES = "SELECT tenant, cause, at FROM projections.troubles(%s)"


class TroubleReads:
    """See `application.ports.incidents.troubles.Troubles`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def known(self) -> list[Trouble]:
        """See the port."""
        async with reading(self._pool, PLATFORM_TENANT) as connection:
            return [msgspec.convert(row, Trouble) for row in await rows(connection, TROUBLES, (MOST,))]
