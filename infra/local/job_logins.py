"""The users of the local NATS and Valkey: one that may do all, for whoever runs the installation, and one a job."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters.nats.permissions import PERMISSIONS
from adapters.valkey.permissions import rules
from infra.local.endpoints import NATS, VALKEY

USER = "colloquy"
SERVE = "serve"


def password_of(job: str, kept: str) -> str:
    """A job's password, made from the one that is kept: it tells nothing of that, nor of another job's."""
    return hmac.digest(kept.encode(), job.encode(), "sha256").hex()


def nats_users(kept: str) -> str:
    """The users as NATS's configuration has them."""
    users = [{"user": USER, "password": kept}] + [
        {
            "user": job,
            "password": password_of(job, kept),
            "permissions": {"publish": {"allow": may.publish}, "subscribe": {"allow": may.subscribe}},
        }
        for job, may in PERMISSIONS.items()
    ]
    return f"authorization {json.dumps({'users': users})}\n"


def valkey_users(kept: str) -> str:
    """The users as Valkey's configuration has them; their passwords as hashes."""
    return (
        f"user default on #{hashlib.sha256(kept.encode()).hexdigest()} ~* &* +@all\n"
        f"user {SERVE} on #{hashlib.sha256(password_of(SERVE, kept).encode()).hexdigest()} {rules()}\n"
    )


def as_job(job: str, own: Mapping[str, str]) -> dict[str, str]:
    """The settings by which a job logs in as itself to the servers that were started here. `own` names these servers as
    the one who may do all. An empty value is a server that the job has no business with."""
    may = {NATS: job in PERMISSIONS, VALKEY: job == SERVE}
    return {name: _as(job, own[name]) if may[name] else "" for name in (NATS, VALKEY) if own.get(name)}


def _as(job: str, url: str) -> str:
    parts = urlsplit(url)
    at = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{job}:{password_of(job, parts.password or '')}@{at}").geturl()
