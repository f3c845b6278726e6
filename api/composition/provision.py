"""What must be there before the first process starts: schema, keys, table, buckets, read models. Idempotent.

It opens little, so that it is quick: everything else waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from adapters.database_login import session_url, with_user
from adapters.dynamodb.table import check_table, provision_table
from adapters.eventstore.key_book import RestoredKeys
from adapters.files.scratch import UnnamedFiles
from adapters.jose.head_keys import create_head_keys
from adapters.postgres.logins import find_logins
from adapters.postgres.migrate import migrate
from adapters.postgres.migration_plan import plan
from adapters.postgres.pool import open_pool
from adapters.s3.blobs import S3Blobs
from api.composition.audit_wiring import head_key_path, open_anchors
from api.composition.aws_client import open_aws
from api.composition.lanes import databases_of, owners_of, without_owners
from api.composition.token_wiring import create_token_keys, keys_made_at
from api.settings import Settings
from application.acting_tenant import EVERY, act_for
from application.shredding import RestoreKeys
from projections.audit import Audit
from projections.costs import Costs
from projections.first_generations import Tables, begin_first_generations, outdated
from projections.session_view import SessionView

READ_MODELS: tuple[Tables, ...] = (SessionView, Costs, Audit)


def provision_all(settings: Settings, *, create: bool = True) -> None:
    """Bring everything that the settings name to what this version needs; RuntimeError says what could not be. Without
    `create` the bucket, the table and the keys must be there: another hand makes them, and we have no right to."""
    if not settings.database_url:
        raise RuntimeError("COLLOQUY_DATABASE_URL is not set, and nothing runs on this data directory")
    owner = session_url(settings.database_url, settings.database_direct_url)
    migrate(owner, settings.lanes, settings.login_urls)
    for one in asyncio.run(databases_of(settings))[1:]:
        migrate(one.database_url, one.lanes, one.login_urls)
    asyncio.run(provision(settings, create=create))


def planned_migration(settings: Settings) -> Iterator[str]:
    """What `provision_all` would do to the database, in words: nothing is changed."""
    first, *others = owners_of(settings)
    yield from _planned(session_url(first, settings.database_direct_url))
    for number, owner in enumerate(others, 1):
        yield f"database {number}:"
        yield from _planned(owner)


def _planned(owner: str) -> Iterator[str]:
    missing, locks = plan(owner)
    if not missing:
        yield "up to date: nothing would be done"
    for name in missing:
        yield name
        for lock in (found for found in locks if found.migration == name):
            lasts = f"about {lock.seconds:.0f} s" if lock.seconds >= 1 else "a moment"
            yield f"  {lock.table} ({lock.megabytes:.0f} MB): {lock.waits} waits, {lasts}"


async def provision_read_models(settings: Settings) -> None:
    """Empty read models, where there are none."""
    for number, one in enumerate(await databases_of(settings)):
        logins = await find_logins(one.database_url, one.login_urls, one.database_direct_url, worker=True)
        assert logins.worker is not None, "it was asked for"
        async with open_pool(logins.worker, max_size=1) as pool:
            await begin_first_generations(pool, READ_MODELS, settings.lanes, number)


async def older_read_models(settings: Settings) -> list[str]:
    """Those that a version before this one made, and that are to be built anew."""
    found: set[str] = set()
    for one in await databases_of(settings):
        logins = await find_logins(one.database_url, one.login_urls, one.database_direct_url)
        async with open_pool(logins.app, max_size=1) as pool:
            found.update(await outdated(pool, {model.name: model.layout for model in READ_MODELS}))
    return sorted(found)


def login_environment(settings: Settings, *, worker: bool) -> dict[str, str]:
    """The settings that a job logs in to the database with: it need not know the owner's URL then."""
    logins = asyncio.run(
        find_logins(settings.database_url, settings.login_urls, settings.database_direct_url, worker=worker)
    )
    found = (logins.app, logins.writer, logins.tools, logins.worker)
    urls = {f"COLLOQUY_DATABASE_{login.part.upper()}_URL": login.url for login in found if login is not None}
    if settings.database_direct_url:
        urls["COLLOQUY_DATABASE_DIRECT_URL"] = with_user(settings.database_direct_url, "", "")
    if settings.lane_urls:
        urls["COLLOQUY_LANE_URLS"] = without_owners(settings)
    return urls


async def provision(settings: Settings, *, create: bool = True) -> None:
    """All but the schema: token keys, bucket, table, read models."""
    if create:
        create_token_keys(settings)
        create_head_keys(head_key_path(settings))
    else:
        keys_made_at(settings)
    async with (
        open_aws("s3", settings.bucket_owner) as s3,
        open_anchors(settings) as anchors,
        open_aws("dynamodb") as dynamodb,
    ):
        blobs = S3Blobs(s3, settings.bucket)
        stores, table = (
            ((blobs.provision, anchors.provision), provision_table)
            if create
            else ((blobs.check, anchors.check), check_table)
        )
        await asyncio.gather(
            *(store() for store in stores), table(dynamodb, settings.table), provision_read_models(settings)
        )
        await restore_keys(settings, blobs)


async def restore_keys(settings: Settings, blobs: S3Blobs) -> None:
    """Where the database is a copy from before an erasure, its tenants get the keys of today (ADR 0200)."""
    act_for(EVERY)
    for one in await databases_of(settings):
        logins = await find_logins(one.database_url, one.login_urls, one.database_direct_url, worker=True)
        assert logins.worker is not None, "it was asked for"
        async with open_pool(logins.app, max_size=4) as pool, open_pool(logins.worker, max_size=1) as worker:
            await RestoreKeys(RestoredKeys(pool, worker), blobs, UnnamedFiles(settings.spool_path))()
