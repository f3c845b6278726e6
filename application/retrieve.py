"""Finds what the tenant's documents have to say to a question."""

from __future__ import annotations

import time
from dataclasses import dataclass

from application import frames as f
from application.corpus_version import CorpusVersions
from application.embedding import start_embedding
from application.gateway.gateway import Gateway
from application.ports.corpus import Corpus
from application.turn_run import TurnRun
from domain.model_calls import ModelCallStarted
from domain.session import events as e
from domain.session.state import Turn

PASSAGES = 6


@dataclass(frozen=True, slots=True)
class Retrieve:
    """The step `retrieve`: one embedding, one search."""

    gateway: Gateway
    corpus: Corpus
    versions: CorpusVersions

    async def started(self, run: TurnRun, text: str) -> ModelCallStarted | None:
        """The embedding's start, which can share the commit of `turn.started`; None when there is nothing to find."""
        if run.assistant.documents and await self.versions.of(run.live.id.tenant):
            return start_embedding(self.gateway.embedder, text, run.caller.user, run.turn_id)
        return None

    async def __call__(self, run: TurnRun, turn: Turn, started: ModelCallStarted | None) -> tuple[e.Passage, ...]:
        """The passages, best first; those found before the turn was taken over are not looked for again."""
        if turn.passages is not None:
            return turn.passages
        if started is None:
            return ()
        began = time.monotonic()
        run.show(f.Step(step="retrieve", status="started"))
        vector = await self.gateway.embed(turn.text, started, run)
        passages = tuple(await self.corpus.search(run.caller.tenant, turn.text, vector, PASSAGES))
        run.note(e.PassagesRetrieved(turn_id=turn.turn_id, passages=passages))
        run.show(f.Step(step="retrieve", status="finished", ms=round((time.monotonic() - began) * 1000)))
        return passages
