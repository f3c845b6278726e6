"""A Valkey that we cannot work with is refused when a process starts; one that is away is not waited for."""

from __future__ import annotations

from typing import Any

import pytest
from valkey.exceptions import ConnectionError as Away

from adapters.valkey.examine import ClusterMode, refuse_cluster


class Server:
    """What INFO says, or raises."""

    def __init__(self, says: dict[str, Any] | Exception) -> None:
        self._says = says

    async def info(self, section: str) -> dict[str, Any]:
        assert section == "cluster"
        if isinstance(self._says, Exception):
            raise self._says
        return self._says


async def test_cluster_mode_is_refused_and_nobody_there_is_not() -> None:
    with pytest.raises(ClusterMode, match="COLLOQUY_VALKEY_URL"):
        await refuse_cluster(Server({"cluster_enabled": 1}))
    await refuse_cluster(Server({"cluster_enabled": 0}))
    await refuse_cluster(Server(Away()))
