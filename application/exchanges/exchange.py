"""What a client asks that sends the whole conversation each time, and how such conversations are told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from application.ports.facts.keys import Sealer
from domain.access import Principal

BYTES = 16
Pair = tuple[str, str]
"""A question and its answer, as the client has them."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A question to an assistant. `earlier` is what was said before it, `instructions` what the client's program asks
    of this answer. `key` is the client's name for this one request (its idempotency key); `retried` says that it was
    sent before and its answer did not arrive. `form` tells requests apart whose answers have another form."""

    assistant: str
    question: str
    earlier: tuple[Pair, ...] = ()
    instructions: str = ""
    form: str = ""
    key: str = ""
    retried: bool = False
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Chains:
    """Keyed hashes of an exchange: of all that was said up to its question, up to the question before it (empty when
    this is the first), and of everything that its answer hangs on. `keyed` is the client's id of a turn that has the
    idempotency key."""

    asked: bytes
    before: bytes
    request: bytes
    keyed: str


async def chains_of(sealer: Sealer, principal: Principal, exchange: Exchange) -> Chains:
    """Under a key that the tenant and the user have for themselves: the hashes tell nobody anything, and nobody else's
    conversation is ever found by them."""
    name = f"\0exchanges\0{principal.user}\0{exchange.assistant}"
    key = await sealer.digest(principal.tenant, name.encode())
    chain = before = b""
    answer = ""
    for question, given in exchange.earlier:
        before = _hash(key, (chain, answer, question))
        chain, answer = before, given
    asked = _hash(key, (chain, answer, exchange.question))
    request = _hash(key, (asked, exchange.instructions, exchange.form))
    keyed = _hash(key, (b"key", exchange.key)).hex() if exchange.key else ""
    return Chains(asked, before, request, keyed)


def _hash(key: bytes, parts: Iterable[bytes | str]) -> bytes:
    made = hashlib.blake2b(digest_size=BYTES, key=key)
    for part in parts:
        data = part if isinstance(part, bytes) else part.strip().encode()
        made.update(len(data).to_bytes(8, "big") + data)
    return made.digest()
