"""The prompt cache: prefixes up to a cache point, remembered for five minutes or an hour, per model."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.models import row_of
from infra.local.bedrock.token_count import count_block, count_request

PREFIXES = 20_000
NEVER = 1 << 62
"""Tokens that no prefix has: of a model without a prompt cache."""
TTL_S = {"5m": 300.0, "1h": 3600.0}


def least_tokens(model: str) -> int:
    """The shortest prefix that this model caches.

    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    """
    row = row_of(model)
    return row.least_cached if row and row.least_cached else NEVER


@dataclass(frozen=True)
class InputTokens:
    """Input of one call; the three add up to the prompt. `long_write` is the part of `write` kept for an hour."""

    plain: int
    read: int = 0
    write: int = 0
    long_write: int = 0


@dataclass(frozen=True)
class Prefix:
    """What stands before a cache point."""

    key: str
    tokens: int
    ttl: str


class PromptCache:
    """Prefixes with the time at which they are forgotten; a hit keeps one for another term."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def account(self, model: str, body: dict[str, Any]) -> InputTokens:
        """Split the request's input tokens into read, written and plain, and remember what was written."""
        total = count_request(body)
        prefixes = [prefix for prefix in _prefixes(model, body) if prefix.tokens >= least_tokens(model)]
        now = self._clock()
        known = [prefix for prefix in prefixes if self._until.get(prefix.key, 0.0) > now]
        read = max((prefix.tokens for prefix in known), default=0)
        write = long_write = 0
        reached = read
        for prefix in prefixes:
            if prefix.tokens > reached:
                write += prefix.tokens - reached
                long_write += prefix.tokens - reached if prefix.ttl == "1h" else 0
                reached = prefix.tokens
            self._remember(prefix, now)
        return InputTokens(total - read - write, read, write, long_write)

    def _remember(self, prefix: Prefix, now: float) -> None:
        self._until[prefix.key] = now + TTL_S.get(prefix.ttl, TTL_S["5m"])
        self._until.move_to_end(prefix.key)
        while len(self._until) > PREFIXES:
            self._until.popitem(last=False)


def _prefixes(model: str, body: dict[str, Any]) -> list[Prefix]:
    """The prefixes that end at a cache point, shortest first. The prompt's order is tools, system, messages."""
    digest = hashlib.sha256(model.encode())
    tokens, found = 0, []
    blocks = [*body.get("toolConfig", {}).get("tools", []), {"part": "system"}, *body.get("system", [])]
    for message in body.get("messages", []):
        blocks += [{"part": message.get("role")}, *message.get("content", [])]
    for block in blocks:
        if "cachePoint" in block:
            found.append(Prefix(digest.hexdigest(), tokens, block["cachePoint"].get("ttl", "5m")))
            continue
        digest.update(json.dumps(block, sort_keys=True).encode())
        tokens += 0 if "part" in block else count_block(block)
    return found
