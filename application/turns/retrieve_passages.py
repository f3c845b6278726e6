"""Finds what the tenant's documents have to say to a question, asked in one or several ways."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from application.clock import monotonic, now
from application.gateway.embedding import embed, start_embedding
from application.ports.documents.corpus import PassageSearch
from application.ports.models.detector import Detector
from application.ports.models.model import Embedder
from application.redaction.redactor import irreversible
from application.sessions import feed_frames as f
from application.turns.prepare_turn import PreparedTurn
from application.turns.rank_fusion import fuse
from application.turns.running_turn import RunningTurn
from domain.model_calls import ModelCallStarted
from domain.session import events as e
from domain.session.state import Turn
from domain.tenant.readable import OPEN, narrowed
from domain.tenant.rules import price_at


@dataclass(frozen=True, slots=True)
class RetrievePassages:
    """The step `retrieve`."""

    embedder: Embedder
    corpus: PassageSearch
    detector: Detector

    async def vector(self, run: RunningTurn, prepared: PreparedTurn) -> list[float] | None:
        """The vector of the question as it was typed; its start is stored already."""
        if prepared.embedding is None:
            return None
        return await self._embed(run, prepared.embedded_text, prepared.embedding)

    async def __call__(
        self,
        run: RunningTurn,
        turn: Turn,
        queries: Sequence[str],
        vector: list[float] | None,
        k: int,
        collections: Sequence[str] = (),
    ) -> tuple[e.Passage, ...]:
        """The `k` best passages, best first, of what the turn may be answered from (of these `collections`, if any are
        named, and of what is in none); those found before the turn was taken over are not looked for again."""
        if turn.passages is not None:
            return turn.passages
        began = monotonic()
        run.output.show(f.StepProgress(step="retrieve", status="started"))
        among = narrowed(run.config.collections, (OPEN, *collections) if collections else ())
        rankings = await asyncio.gather(*(self._search(run, turn, query, vector, k, among) for query in queries))
        passages = fuse(rankings, k)
        ms = round((monotonic() - began) * 1000)
        run.log.note(e.PassagesRetrieved(turn_id=turn.turn_id, passages=passages, ms=ms))
        run.output.show(f.StepProgress(step="retrieve", status="finished", ms=ms))
        return passages

    async def _search(
        self,
        run: RunningTurn,
        turn: Turn,
        query: str,
        vector: list[float] | None,
        k: int,
        among: Sequence[str],
    ) -> Sequence[e.Passage]:
        if query.strip() != turn.text.strip():
            text = await irreversible(query, self.detector, run.config.assistant.pii)
            own = price_at(run.config.tenant, self.embedder.model, now())
            started = start_embedding(self.embedder, text, run.request.user, run.turn_id, own=own)
            await run.log.record([started])
            vector = await self._embed(run, text, started)
        return await self.corpus.search(run.live.id.tenant, query, vector, k, among)

    async def _embed(self, run: RunningTurn, text: str, started: ModelCallStarted) -> list[float] | None:
        """The vector of a text; None when the model failed, for words alone can still find passages."""
        embedded = await embed(self.embedder, text, started)
        run.log.note(embedded.settled)
        return embedded.vector
