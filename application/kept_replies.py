"""Replies that `cacheable` steps gave before: a question is understood once, also where its answer is made anew."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from application.gateway.caching import EXACT_S, KEYS_S, or_none
from application.ports.answer_cache import Entry
from application.ports.keys import Sealer
from application.ports.step_replies import StepReplies
from application.steps.asking import StepAsk, StepReply
from application.steps.catalogue import STEPS
from application.steps.structured import Unusable, parse_reply
from application.turn_run import TurnRun

KEPT = "kept"
_decoder = msgspec.msgpack.Decoder(StepReply)


@dataclass(frozen=True, slots=True)
class KeptReplies:
    """Kept by all that a reply hangs on: the whole request, and how the assistant treats private values. `release`
    names the models and prompts of the installation. Sealed with the key of the session that it comes from. No method
    raises."""

    replies: StepReplies
    sealer: Sealer
    release: str

    async def find(self, run: TurnRun, ask: StepAsk) -> StepReply | None:
        """The reply to the same request of the same tenant, with the reason `kept`."""
        tenant = run.caller.tenant
        key = await self._key(run, ask)
        entry = await or_none("steps", EXACT_S, self.replies.get(tenant, key)) if key else None
        if key is None or entry is None or not entry.stream.startswith(f"{tenant}/"):
            return None
        plain = await or_none("keys", KEYS_S, self.sealer.unseal(entry.stream, entry.sealed, _context(key)))
        return msgspec.structs.replace(_decoder.decode(plain), reason=KEPT) if plain else None

    async def keep(self, run: TurnRun, ask: StepAsk, reply: StepReply) -> None:
        """Keep a reply that fits its step, unless something private went into it."""
        key = None if run.redactor.found or not _fits(ask, reply) else await self._key(run, ask)
        if key is None:
            return
        stream, plain = str(run.live.id), msgspec.msgpack.encode(reply)
        if sealed := await or_none("keys", KEYS_S, self.sealer.seal(stream, plain, _context(key))):
            entry, ttl_s = Entry(stream, run.turn_id, sealed), run.assistant.cache.ttl_s
            await or_none("steps", EXACT_S, self.replies.put(run.caller.tenant, key, entry, ttl_s))

    async def _key(self, run: TurnRun, ask: StepAsk) -> bytes | None:
        request = (ask.step, ask.tier, ask.system, ask.messages, ask.max_tokens)
        data = msgspec.msgpack.encode((self.release, run.assistant.models, run.assistant.pii, request), order="sorted")
        return await or_none("keys", KEYS_S, self.sealer.digest(run.caller.tenant, data))


def _fits(ask: StepAsk, reply: StepReply) -> bool:
    output = STEPS[ask.step].output
    try:
        return output is not None and bool(parse_reply(reply.text, output))
    except Unusable:
        return False


def _context(key: bytes) -> str:
    return f"step:{key.hex()}"
