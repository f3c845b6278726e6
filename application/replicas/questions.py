"""Questions to other processes, sealed for the one that is asked, answered in time or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from application.ports.facts.keys import Sealer
from application.ports.sessions.replicas import Replicas
from application.replicas import messages as m

WITHIN_S = 1.5


@dataclass(frozen=True, slots=True)
class Questions:
    """`process` is this one."""

    replicas: Replicas
    sealer: Sealer
    process: str

    async def ask(self, process: str, stream: str, question: m.Question) -> m.Answered:
        """What another process says of a stream; `DependencyUnavailable`, `NotOurMessage`."""
        body = await m.sealed(self.sealer, stream, question, f"question/{process}")
        answer = await self.replicas.ask(process, m.enveloped(stream, body), WITHIN_S)
        return await m.opened(self.sealer, stream, answer, m.REPLIES, f"reply/{process}")
