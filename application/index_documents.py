"""Reads pending documents as they come: the loop of `colloquy ingest`, in as many processes as one likes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from application.ports.corpus import Corpus, Pending
from application.ports.model import ModelFailure
from application.read_document import ReadDocument
from domain.refusals import DocumentRefused, Refusal

log = structlog.get_logger()

AT_ONCE = 12
POLL_S = 2.0
RENEW_S = 20.0
STOP_S = 20.0
MAX_ATTEMPTS = 5
LONGEST_DELAY_S = 300.0


@dataclass(slots=True)
class IndexDocuments:
    """Who reads what and for how long, and what happens when it does not work."""

    corpus: Corpus
    read: ReadDocument
    at_once: int = AT_ONCE
    _running: dict[asyncio.Task[None], Pending] = field(default_factory=dict)
    _setbacks: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then what is being read is finished, within bounds, and the rest given back."""
        tasks = [asyncio.create_task(self._claim()), asyncio.create_task(self._renew())]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
            await self._finish()
        for ended in done:
            ended.result()  # a loop that broke is not a clean stop

    async def _claim(self) -> None:
        """Claim what there is room for; then wait for room, or for news."""
        while True:
            try:
                if len(self._running) >= self.at_once:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                claims = await self.corpus.claim_pending(self.at_once - len(self._running))
                for claim in claims:
                    task = asyncio.create_task(self._settle(claim))
                    self._running[task] = claim
                    task.add_done_callback(self._running.pop)
                if not claims:
                    await self.corpus.wait_pending(POLL_S)
            except Refusal as refusal:
                log.warning("corpus_unreachable", code=refusal.code)
                await asyncio.sleep(POLL_S)

    async def _settle(self, claim: Pending) -> None:
        """Read one document. What is its own fault is final; when something is away, it is tried again later; what
        nobody foresaw leaves the claim to run out, five times at most."""
        try:
            await self._read_or_fail(claim)
        except (Refusal, ModelFailure) as failure:
            self._setbacks += 1
            delay = min(LONGEST_DELAY_S, 2.0 ** min(self._setbacks, 9))
            log.warning("document_postponed", document=claim.document_id, code=failure.code, delay_s=delay)
            await self._release(claim, delay)
        except Exception as error:
            log.error("document_reader_broke", document=claim.document_id, exc_info=error)
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
        try:
            await self.corpus.release(claim, delay_s=delay_s)
        except Refusal as refusal:
            log.warning("claim_left_to_run_out", document=claim.document_id, code=refusal.code)

    async def _renew(self) -> None:
        """Keep what is being read ours."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                if self._running:
                    await self.corpus.renew(list(self._running.values()))
            except Refusal as refusal:
                log.warning("claims_not_renewed", code=refusal.code)

    async def _finish(self) -> None:
        running = dict(self._running)
        if running:
            await asyncio.wait(running, timeout=STOP_S)
        for task, claim in running.items():
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self._release(claim, 0)
