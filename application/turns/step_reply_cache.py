"""Replies that `cacheable` steps gave before: a question is understood once, also where its answer is made anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec

from application.acting_tenant import bears
from application.answer_cache.answer_cache import EXACT_S, KEYS_S, or_none
from application.plan.step_request import StepReply, StepRequest
from application.plan.structured_output import Unusable, parse_reply
from application.ports.facts.keys import Sealer
from application.ports.models.answer_cache import CacheEntry
from application.ports.models.step_replies import StepReplies
from application.steps.catalogue import STEPS
from application.tasks import TaskSet
from application.turns.running_turn import RunningTurn

KEPT = "kept"
FIND_S = EXACT_S + KEYS_S
_decoder = msgspec.msgpack.Decoder(StepReply)


@dataclass(frozen=True, slots=True)
class StepReplyCache:
    """Kept by all that a reply hangs on: the whole request, and how the assistant treats private values. `release`
    names the models and prompts of the installation. Sealed with the key of the session that it comes from."""

    replies: StepReplies
    sealer: Sealer
    release: str
    tasks: TaskSet = field(default_factory=partial(TaskSet, "kept_reply"))

    async def reply(
        self,
        run: RunningTurn,
        ask: StepRequest,
        asked: Callable[[], Awaitable[StepReply]],
        fits: Callable[[StepRequest, StepReply], bool] | None = None,
    ) -> StepReply:
        """What the same request of the same tenant was replied, with the reason `kept`; else what it is now, which is
        kept behind the turn's back if it `fits` (unless told otherwise, the step's output) and nothing private went
        into it. Raises what `asked` does."""
        tenant = run.live.id.tenant
        key = await or_none("keys", KEYS_S, self.sealer.digest(tenant, self._request(run, ask)))
        if key is None:
            return await asked()
        if found := await or_none("steps", FIND_S, self._find(tenant, key)):
            return found
        reply = await asked()
        if not run.redactor.found and (fits or _fits)(ask, reply):
            self.tasks.start(self._keep(run, key, reply))
        return reply

    async def _find(self, tenant: str, key: bytes) -> StepReply | None:
        entry = await self.replies.get(tenant, key)
        if entry is None or not bears(tenant, entry.stream):
            return None
        plain = await self.sealer.unseal(entry.stream, entry.sealed, _context(key))
        return msgspec.structs.replace(_decoder.decode(plain), reason=KEPT) if plain else None

    async def _keep(self, run: RunningTurn, key: bytes, reply: StepReply) -> None:
        async def put() -> None:
            id, stream = run.live.id, str(run.live.id)
            sealed = await self.sealer.seal(stream, msgspec.msgpack.encode(reply), _context(key))
            entry = CacheEntry(stream, run.turn_id, sealed)
            await self.replies.put(id.tenant, key, entry, run.config.assistant.cache.ttl_s)

        await or_none("steps", KEYS_S, put())

    def _request(self, run: RunningTurn, ask: StepRequest) -> bytes:
        request = (ask.step, ask.tier, ask.system, ask.messages, ask.max_tokens)
        assistant = run.config.assistant
        return msgspec.msgpack.encode((self.release, assistant.models, assistant.pii, request), order="sorted")


def _fits(ask: StepRequest, reply: StepReply) -> bool:
    output = STEPS[ask.step].output if reply.whole else None
    try:
        return output is not None and bool(parse_reply(reply.text, output))
    except Unusable:
        return False


def _context(key: bytes) -> str:
    return f"step:{key.hex()}"
