"""What the API server may do in Valkey: keys of its own kinds, and the commands that it uses; no other job has any."""

from __future__ import annotations

KEYS = (
    "ticket:*", "console_link:*", "console_session:*", "answer:*", "answer-of:*", "answer-lead:*", "step-reply:*",
    "feed:*", "{*}:budget:*",
)  # fmt: skip
COMMANDS = (
    "get", "set", "getdel", "del", "exists", "expire", "pexpire", "expireat", "rpush", "lrange", "ltrim", "sadd",
    "smembers", "eval", "hget", "hset", "hdel", "hexists", "hgetall", "hincrby", "hkeys", "hlen", "hmget", "zadd",
    "zcard", "zrem", "zremrangebyrank", "zremrangebyscore", "zscore", "time", "multi", "exec", "discard", "ping",
    "info", "hello", "select", "client|setinfo", "client|setname",
)  # fmt: skip
"""Nothing that lists keys, empties a database, sets up the server or listens to others."""


def rules() -> str:
    """Both as rules of an ACL (https://valkey.io/topics/acl/), for whoever makes the user."""
    return " ".join(["resetkeys", "resetchannels", "-@all", *(f"~{key}" for key in KEYS), *(f"+{c}" for c in COMMANDS)])
