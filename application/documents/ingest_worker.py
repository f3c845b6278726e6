"""Reads pending documents as they come: the loop of `colloquy ingest`, in as many processes as one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from application.clock import monotonic
from application.documents.index_document import IndexDocument
from application.documents.known_names import LearnNames
from application.documents.refresh_words import RefreshWords
from application.documents.stages import stage
from application.failure_classes import MISCONFIGURED, class_of
from application.ports.documents.corpus import Pending, PendingDocuments
from application.ports.models.model import ModelFailure
from application.tasks import BACKOFF_S, Loops, TaskSet, Up, isolated
from domain.refusals import DocumentRefused, Refusal

log = structlog.get_logger()

AT_ONCE = 32
GATHER = 4
"""The part of these places that is to be free before more is claimed: a claim for each that comes free would cost more
than reading a small document does."""
GATHER_S = 0.1
"""How long the others wait at most, when those under way are slow ones."""
POLL_S = 2.0
RENEW_S = 20.0
REFRESH_S, REFRESH_WITHIN_S = 5.0, 600.0
STOP_S = 20.0
MAX_ATTEMPTS = 5
LONGEST_DELAY_S = 300.0


@dataclass(slots=True)
class IngestWorker:
    """Who reads what and for how long, and what happens when it does not work."""

    pending: PendingDocuments
    read: IndexDocument
    refresh: RefreshWords
    learn: LearnNames
    at_once: int = AT_ONCE
    backoff_s: Sequence[float] = BACKOFF_S
    longest_delay_s: float = LONGEST_DELAY_S
    _tasks: TaskSet = field(default_factory=partial(TaskSet, "document"))
    _running: dict[asyncio.Task[None], Pending] = field(default_factory=dict)
    _setbacks: int = 0

    async def run(self, stop: asyncio.Event, told: Callable[[Loops], None] = lambda _: None) -> None:
        """Until `stop` is set; then what is being read is finished, within bounds, and the rest given back."""
        loops = Loops(stop, backoff_s=self.backoff_s)
        told(loops)
        loops.keep("document_claims", self._claim)
        loops.every("document_renewal", RENEW_S, self._renew)
        loops.every("words_refresh", REFRESH_S, self.refresh, REFRESH_WITHIN_S)
        loops.every("names_learned", REFRESH_S, self.learn, REFRESH_WITHIN_S)
        try:
            await stop.wait()
        finally:
            await loops.end()
            await self._finish()

    async def _claim(self, up: Up) -> None:
        """Claim what there is room for; then wait for room, or for news."""
        while True:
            await self._room()
            with stage("claim"):
                claims = await self.pending.claim_pending(self.at_once - len(self._running))
            for claim in claims:
                task = self._tasks.start(self._settle(claim))
                self._running[task] = claim
                task.add_done_callback(self._running.pop)
            up()
            if not claims:
                await self.pending.wait_pending(POLL_S)

    async def _room(self) -> None:
        """Until there is room, and for some documents at once unless that takes long."""
        if len(self._running) >= self.at_once:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        deadline = monotonic() + GATHER_S
        while (self.at_once - len(self._running)) * GATHER < self.at_once and (left := deadline - monotonic()) > 0:
            await asyncio.wait(self._running, timeout=left, return_when=asyncio.FIRST_COMPLETED)

    async def _settle(self, claim: Pending) -> None:
        """Read one document. What is its own fault is final; when something is away, it is tried again later; what
        nobody foresaw leaves the claim to run out, five times at most."""
        try:
            await self._read_or_fail(claim)
        except (Refusal, ModelFailure) as failure:
            self._setbacks += 1
            delay = min(self.longest_delay_s, 2.0 ** min(self._setbacks, 9))
            say = log.error if class_of(failure) is MISCONFIGURED else log.warning
            say("document_postponed", document=claim.document_id, code=failure.code, delay_s=delay)
            await self._release(claim, delay)
        else:
            self._setbacks = 0

    async def _read_or_fail(self, claim: Pending) -> None:
        try:
            if claim.attempt > MAX_ATTEMPTS:
                raise DocumentRefused("unreadable", "Nobody who tried to read the document came to an end.")
            await self.read(claim)
        except DocumentRefused as refused:
            log.info("document_failed", tenant=claim.tenant, document=claim.document_id, reason=refused.reason)
            await self.read.fail(claim, refused.reason)

    async def _release(self, claim: Pending, delay_s: float) -> None:
        """Give it back, or leave it to run out."""
        with isolated("document_release", document=claim.document_id):
            await self.pending.release(claim, delay_s=delay_s)

    async def _renew(self) -> None:
        """Keep what is being read ours."""
        if self._running:
            await self.pending.renew(list(self._running.values()))

    async def _finish(self) -> None:
        running = dict(self._running)
        if running:
            await asyncio.wait(running, timeout=STOP_S)
        for task, claim in running.items():
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self._release(claim, 0)
