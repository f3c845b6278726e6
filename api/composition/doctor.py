"""Looks at everything that the settings name, as `colloquy doctor` shows it: each part by itself, side by side."""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import valkey.asyncio
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from adapters.aws import examine as aws
from adapters.bedrock.client import open_bedrock
from adapters.bedrock.examine import examine as examine_bedrock
from adapters.database_login import session_url
from adapters.nats.examine import examine as examine_nats
from adapters.postgres.examine import examine as examine_postgres
from adapters.postgres.lane_directory import last_database
from adapters.postgres.logins import find_logins
from adapters.valkey.examine import examine as examine_valkey
from api.composition.aws_client import open_aws
from api.composition.lanes import databases_of
from api.settings import Settings
from application.ports.incidents.symptom import Look, Symptom, bad, ok, warn
from domain.models import row_of

WITHIN_S = 15.0
FILES_BESIDE = 500
ROOM = 1 << 30
"""Bytes that should be free for files on their way."""


async def examine(settings: Settings, environment: Mapping[str, str]) -> list[Symptom]:
    """Everything that was found, in a fixed order of parts. A look that breaks is a finding, too."""
    looks: dict[str, Look] = {
        "settings": lambda: _settings(settings, environment),
        "machine": lambda: _machine(settings),
        "postgres": lambda: _postgres(settings),
        "nats": lambda: examine_nats(settings.nats_url, settings.nats_credentials, settings.all_lanes),
        "valkey": lambda: _valkey(settings),
        "dynamodb": lambda: _dynamodb(settings),
        "s3": lambda: _s3(settings),
        "kms": _kms,
        "bedrock": lambda: _bedrock(settings),
    }
    found = await asyncio.gather(*(_whole(part, look) for part, look in looks.items()))
    return [finding for findings in found for finding in findings]


async def _whole(part: str, look: Look) -> Sequence[Symptom]:
    try:
        async with asyncio.timeout(WITHIN_S):
            return await look()
    except TimeoutError:
        return [bad(part, f"it was silent for {WITHIN_S:.0f} s", "see whether it hangs, or a firewall drops")]
    except (ClientError, BotoCoreError, OSError, RuntimeError, ValueError) as error:
        return [bad(part, f"{type(error).__name__}: {str(error)[:200]}", "see what it says")]


async def _settings(settings: Settings, environment: Mapping[str, str]) -> list[Symptom]:
    found = []
    names = {f"COLLOQUY_{name.upper()}" for name in Settings.__struct_fields__}
    for name in sorted(environment):
        if name.startswith("COLLOQUY_") and name not in names and not name.startswith(OURS):
            found.append(warn("settings", f"{name} is no setting", "see infra/docs/settings.md; is it misspelt?"))
    for name in ("model_balanced", "model_fast"):
        if row_of(getattr(settings, name)) is None:
            said = f"nothing is known of the model {getattr(settings, name)}"
            found.append(bad("settings", said, f"set COLLOQUY_{name.upper()} to a model of domain/models.py"))
    keys = Path(settings.keys_file) if settings.keys_file else settings.data_path / "keys.json"
    if keys.exists() and keys.stat().st_mode & 0o077:
        found.append(warn("settings", f"others may read the token keys in {keys}", f"chmod 600 {keys}"))
    return found or [ok("settings", f"{len(names)} settings, none misspelt")]


OURS = ("COLLOQUY_TEST_", "COLLOQUY_STAND", "COLLOQUY_URL", "COLLOQUY_BENCH", "COLLOQUY_PICTURES")


async def _machine(settings: Settings) -> list[Symptom]:
    found = []
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < settings.max_sockets + FILES_BESIDE:
        said = f"a process may open {most} files, and {settings.max_sockets} sockets are allowed"
        found.append(bad("machine", said, f"raise the limit of open files to {settings.max_sockets + FILES_BESIDE}"))
    spool = settings.spool_path
    try:
        spool.mkdir(parents=True, exist_ok=True)
        probe = spool / f".doctor-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
        if shutil.disk_usage(spool).free < ROOM:
            said = f"less than a gigabyte is free at {spool}"
            found.append(warn("machine", said, "uploads wait there: make room, or set COLLOQUY_SPOOL_DIR"))
    except OSError as error:
        said = f"nothing can be written to {spool} ({error.strerror})"
        found.append(bad("machine", said, "set COLLOQUY_SPOOL_DIR to a folder that the process may write to"))
    return found or [ok("machine", f"{os.cpu_count()} processors, {most} open files, room to spool")]


async def _postgres(settings: Settings) -> Sequence[Symptom]:
    """Each that holds tenants, named by its number where there are several."""
    worker, found = bool(settings.database_url or settings.database_worker_url), list[Symptom]()
    for number, one in enumerate(await databases_of(settings, worker=worker)):
        logins = await find_logins(one.database_url, one.login_urls, one.database_direct_url, worker=worker)
        said = await examine_postgres(logins, one.database_url, settings.replicas)
        found += [
            replace(symptom, said=f"database {number}: {symptom.said}") if number else symptom for symptom in said
        ]
    return found + await _placed(settings)


async def _placed(settings: Settings) -> list[Symptom]:
    """Whether every database that holds tenants is named."""
    if not settings.database_url:
        return []
    last = await last_database(session_url(settings.database_url, settings.database_direct_url))
    if last < settings.databases:
        return []
    said = f"tenants are in database {last}, and {settings.databases} are named, from 0 on"
    return [bad("postgres", said, "name all of them in COLLOQUY_LANE_URLS, in the order in which they came")]


async def _valkey(settings: Settings) -> Sequence[Symptom]:
    if not settings.valkey_url:
        return [warn("valkey", "none is named: tickets and caches are missed", "set COLLOQUY_VALKEY_URL")]
    client = valkey.asyncio.from_url(settings.valkey_url, socket_timeout=5, socket_connect_timeout=5)
    try:
        return await examine_valkey(client)
    finally:
        await client.aclose()


async def _dynamodb(settings: Settings) -> Sequence[Symptom]:
    async with open_aws("dynamodb") as dynamodb:
        return await aws.examine_table(dynamodb, settings.table)


async def _s3(settings: Settings) -> Sequence[Symptom]:
    async with open_aws("s3") as s3:
        return await aws.examine_bucket(s3, settings.bucket)


async def _kms() -> Sequence[Symptom]:
    async with open_aws("kms") as kms:
        return await aws.examine_keys(kms)


async def _bedrock(settings: Settings) -> Sequence[Symptom]:
    async with open_bedrock() as bedrock:
        return await examine_bedrock(bedrock.client, dict.fromkeys((settings.model_balanced, settings.model_fast)))
