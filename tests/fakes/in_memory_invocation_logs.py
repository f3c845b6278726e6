"""Invocation logs that a test writes line by line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime

from application.ports.models.invocation_logs import LoggedCall, UnreadableLine


class InMemoryInvocationLogs:
    """Lines as they were put, in the order of their time; `torn` pieces come first."""

    def __init__(self) -> None:
        self.lines: list[LoggedCall] = []
        self.torn: list[UnreadableLine] = []

    async def read(self, since: datetime, until: datetime) -> AsyncGenerator[LoggedCall | UnreadableLine, None]:
        for piece in self.torn:
            yield piece
        for line in sorted(self.lines, key=lambda line: line.at):
            if since <= line.at < until:
                yield line
