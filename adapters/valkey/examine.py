"""Looks at a Valkey before somebody relies on it: mode, version, what it throws away, rights, clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from valkey.exceptions import ValkeyError

from application.clock import now
from application.ports.incidents.symptom import Symptom, bad, ok, warn

PART = "valkey"
OLDEST = (7, 0)
SKEW_S = 2.0
AWAY = "tickets, caches, frames to go on with after a crash and shared limits are missed"
TRIED = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', 5000)
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], 5000)
return redis.call('GET', KEYS[1])"""


async def examine(client: Any) -> Sequence[Symptom]:
    """One finding a fault, or one that says that there is none."""
    try:
        facts = await client.info()
        seconds, _ = await client.time()
    except (ValkeyError, OSError, TimeoutError) as error:
        return [
            warn(
                PART,
                f"it does not answer ({error or type(error).__name__}): {AWAY}",
                "start it, or mend the URL",
            )
        ]
    found = judge(facts, abs(seconds - now().timestamp()))
    probe = secrets.token_hex(8)
    try:
        if await client.eval(TRIED, 2, f"feed:{{{probe}}}", f"step-reply:{{{probe}}}", probe) != probe.encode():
            raise ValkeyError("it answers something else than was written")
        await client.delete(f"feed:{{{probe}}}", f"step-reply:{{{probe}}}")
    except (ValkeyError, OSError, TimeoutError) as error:
        said = f"its user may not do what we do: {str(error)[:160]}"
        found.append(bad(PART, said, "give it the rules of infra/docs/walls.md, scripts included"))
    return found or [ok(PART, f"Valkey {facts.get('valkey_version') or facts.get('redis_version')}, one node")]


class ClusterMode(RuntimeError):
    """The Valkey that COLLOQUY_VALKEY_URL names runs in cluster mode, where most of what we ask is answered MOVED: name
    one with cluster mode disabled (a replication group's primary)."""


async def refuse_cluster(client: Any) -> None:
    """`ClusterMode` when it answers and says so; one that is away is missed, not awaited."""
    try:
        facts = await client.info("cluster")
    except (ValkeyError, OSError, TimeoutError):
        return
    if int(facts.get("cluster_enabled", 0)):
        raise ClusterMode(" ".join((ClusterMode.__doc__ or "").split()))


def judge(facts: Mapping[str, Any], skew_s: float) -> list[Symptom]:
    """What is said of a server by what INFO tells."""
    found = []
    version = str(facts.get("valkey_version") or facts.get("redis_version") or "0")
    if tuple(int(n) for n in version.split(".")[:2]) < OLDEST:
        found.append(bad(PART, f"version {version} is older than 7", "upgrade it"))
    if int(facts.get("cluster_enabled", 0)):
        said = "it runs in cluster mode: half of what is asked is answered MOVED"
        found.append(bad(PART, said, "use a replication group with cluster mode disabled"))
    if facts.get("role") == "slave":
        found.append(bad(PART, "it is a replica, which takes no writes", "name the primary's endpoint"))
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    if int(facts.get("maxmemory", 0)) and policy.startswith("allkeys"):
        said = f"full, it throws away anything ({policy}): reservations of budgets too, which are then counted anew"
        found.append(warn(PART, said, "set maxmemory-policy to volatile-lru"))
    if skew_s > SKEW_S:
        said = f"its clock and ours are {skew_s:.0f} s apart"
        found.append(bad(PART, said, "have both set by NTP: limits a minute count the wrong minute"))
    return found
