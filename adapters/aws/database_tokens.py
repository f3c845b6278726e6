"""Tokens of AWS that RDS and Aurora take for a database password: signed here, with our own credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


def database_tokens(rds: Any) -> Callable[[str, int, str], Awaitable[str]]:
    """From a host, its port and a user to a token for 15 minutes, by a client of RDS, which is asked nothing for it
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html)."""

    async def token(host: str, port: int, user: str) -> str:
        return str(await rds.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user))

    return token
