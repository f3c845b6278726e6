"""Walls in servers: rows, appends, tools' SQL, items, objects, the pipe, what replicas say, Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import aioboto3
import nats
import psycopg
import valkey.asyncio
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from psycopg import sql

from adapters.dynamodb.session_items import DynamoSessionItems
from adapters.dynamodb.table import provision_table
from adapters.nats.pipe import open_pipe, subject_of
from adapters.nats.replicas import subject_of as live_subject
from adapters.nats.signed_facts import SignedFacts
from adapters.postgres.datasets import PostgresDatasets
from adapters.postgres.pool import open_pool
from adapters.postgres.tool_queries import ToolQueries
from adapters.s3.blobs import S3Blobs
from adapters.sts.session_policy import session_policy
from adapters.valkey.tickets import ValkeyTickets
from application.acting_tenant import acting, acting_for
from application.clock import new_id
from application.ports.facts.event_store import Recorded
from application.ports.sessions.session_items import ItemSpace, SessionChange
from application.ports.tools.datasets import QueryFailed
from application.ports.tools.tables import Row, Table
from domain.access import Principal
from domain.refusals import ForeignTenant
from domain.session.events import SessionOpened
from domain.tenant.events import Column
from domain.tenant.tool import Query
from infra.local.endpoints import NATS, VALKEY, Endpoints
from infra.local.job_logins import as_job
from tests.databases import logins_of
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.policed_aws import PolicedClient
from tests.fakes.without_walls import NothingSealed
from tests.walls.pair import CANARY, Pair, Wall
from tests.walls.two_tenants import APPEND, Two, fact, rows_seen, two_tenants, without

SECRET = b"s" * 32
TABLE, BUCKET = "walls", "walls"
CONTEXT = Wall("context", "what a program sends that compares nothing")


@dataclass
class Ground:
    """Servers, two tenants in their database, and clients of the emulated AWS."""

    endpoints: Endpoints
    two: Two
    dynamodb: Any
    s3: Any

    @property
    def mine(self) -> str:
        return self.two.mine

    @property
    def theirs(self) -> str:
        return self.two.theirs


@asynccontextmanager
async def ground(endpoints: Endpoints, database: str) -> AsyncIterator[Ground]:
    """All of it, on a migrated database of its own."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    session = aioboto3.Session(**keys)
    async with (
        two_tenants(database) as two,
        session.client("dynamodb", endpoint_url=endpoints.aws_url) as dynamodb,
        session.client("s3", endpoint_url=endpoints.aws_url) as s3,
    ):
        await provision_table(dynamodb, TABLE)
        await S3Blobs(s3, BUCKET).provision()
        yield Ground(endpoints, two, dynamodb, s3)


async def rows(on: Ground, standing: frozenset[str]) -> bool:
    hole = ("CREATE POLICY hole ON documents TO colloquy_app USING (true)", "DROP POLICY hole ON documents")
    with ExitStack() as stack:
        if "row level security" not in standing:
            stack.enter_context(without(on.two, hole[0], put_back=hole[1]))
        if "context" not in standing:
            return await rows_seen(on.two.pool, "documents", on.mine, on.theirs) > 0
        try:
            with acting_for(on.mine):
                return bool((await on.two.corpus.page(on.theirs, after=None, limit=9))[0])
        except ForeignTenant:
            return False


async def append(on: Ground, standing: frozenset[str]) -> bool:
    [source] = on.two.owner.execute(
        "SELECT pg_get_functiondef(p.oid) FROM pg_proc AS p WHERE proname = 'events_0_append' AND pronargs = 11"
    ).fetchone() or ("",)
    stream = f"{on.theirs}/session/{new_id()}"
    with ExitStack() as stack:
        if "the function's comparison" not in standing:
            blind = source.replace("IF is_foreign OR NOT", "IF false AND NOT")
            stack.enter_context(without(on.two, blind, put_back=source))
        if "context" in standing:
            with acting_for(on.mine):
                try:
                    await on.two.store.append([fact(stream, SessionOpened(user="u", assistant="a"))])
                except ForeignTenant:
                    return False
        else:
            given: tuple[list[str], ...] = ([on.mine], [stream], [], [], [], [])
            with psycopg.connect(on.two.login("writer").url) as writer:
                try:
                    writer.execute(APPEND, given)
                except psycopg.errors.InsufficientPrivilege:
                    return False
        row = on.two.owner.execute("SELECT count(*) FROM events_0 WHERE originator_id = %s", (stream,)).fetchone()
        return row == (1,)


async def tool_sql(on: Ground, standing: frozenset[str]) -> bool:
    """An admin's tool asks for another table than its dataset."""
    hostile = "SELECT count(*) AS n FROM public.documents"
    logins = logins_of(on.two.url)
    async with open_pool(logins.app) as pool, open_pool(logins.tools) as tools:
        queries = ToolQueries(tools)
        datasets = PostgresDatasets(pool, queries)
        with acting_for(on.mine):
            await datasets.replace(on.mine, "orders", orders())
            try:
                if "parser" in standing:
                    return bool((await datasets.fetch(on.mine, Query(dataset="orders", sql=hostile), {}, {})).rows)
            except QueryFailed as refused:
                assert "only the dataset orders can be read" in str(refused)
                return False
            finally:
                await queries.close()
    [relation] = on.two.owner.execute("SELECT relation FROM datasets WHERE tenant = %s", (on.mine,)).fetchone() or ("",)
    role = relation.partition(".")[0]
    url = on.two.login("tools").url if "the tenant's own role" in standing else on.two.url
    with psycopg.connect(url) as connection:
        if "the tenant's own role" in standing:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        try:
            [count] = connection.execute(hostile).fetchone() or (0,)
        except psycopg.errors.InsufficientPrivilege:
            return False
    return bool(count)


def orders() -> Table:
    async def batches() -> AsyncIterator[list[Row]]:
        yield [["1"]]

    return Table((Column("n", "integer"),), batches())


class Recorder:
    """A client that only notes what it is asked: what an adapter sends that was told another tenant."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        async def note(**given: Any) -> dict[str, Any]:
            self.sent.append((operation, given))
            return {"Items": []}

        return note


def policed(client: Any, standing: frozenset[str]) -> Any:
    """Signed by whom it is for, as `TenantCredentials` has it, or by the process."""
    if "policy of the session" not in standing:
        return client
    return PolicedClient(client, lambda: session_policy(acting(), partition="aws", table=TABLE, bucket=BUCKET))


async def items(on: Ground, standing: frozenset[str]) -> bool:
    space, id = ItemSpace(on.theirs, 1), new_id()
    change: dict[str, Any] = {"session": {"user": "u", "title": CANARY}, "defaults": {}, "turns": {}}
    with acting_for(on.theirs):
        await DynamoSessionItems(on.dynamodb, TABLE).apply(
            space, SessionChange(session_id=id, after=0, version=1, **change)
        )
        recorder = Recorder()
        await DynamoSessionItems(recorder, TABLE).fetch(space, id)
        await DynamoSessionItems(recorder, TABLE).page(space, "u", before=None, limit=9)
    client = policed(on.dynamodb, standing)
    with acting_for(on.mine):
        if "context" in standing:
            try:
                return bool(await DynamoSessionItems(client, TABLE).fetch(space, id))
            except ForeignTenant:
                return False
        return await _any_gets(client, recorder)


async def _any_gets(client: Any, recorder: Recorder) -> bool:
    found = []
    for operation, given in recorder.sent:
        try:
            found.append(CANARY in str(await getattr(client, operation)(**given)))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
    assert len(found) in (0, len(recorder.sent)), "all of them, or none"
    return any(found)


async def items_of_an_index(on: Ground, standing: frozenset[str]) -> bool:
    """A read model's fault has put their item into the list of mine: what is it that is read there?"""
    id, user = new_id(), new_id()
    sealer = InMemorySealer() if "seal" in standing else NothingSealed()
    title = await sealer.seal(f"{on.theirs}/session/{id}", CANARY.encode(), "title")
    item = {"pk": f"{on.theirs}#1#{id}", "sk": "session", "owner": f"{on.mine}#1#{user}", "session_id": id}
    typed: dict[str, Any] = {name: {"S": value} for name, value in item.items()} | {"title": {"B": title}}
    await on.dynamodb.put_item(TableName=TABLE, Item=typed)
    asked = {"TableName": TABLE, "IndexName": "by_owner", "KeyConditionExpression": "#o = :o",
             "ExpressionAttributeNames": {"#o": "owner"},
             "ExpressionAttributeValues": {":o": typed["owner"]}}  # fmt: skip
    with acting_for(on.mine):
        if "stamp" in standing:
            page = await DynamoSessionItems(on.dynamodb, TABLE).page(ItemSpace(on.mine, 1), user, before=None, limit=9)
            titles = [cast(bytes, found["title"]) for found in page.items]
        else:
            titles = [found["title"]["B"] for found in (await on.dynamodb.query(**asked))["Items"]]
    return CANARY.encode() in [await opened(sealer, f"{on.mine}/session/{id}", title, "title") for title in titles]


async def opened(sealer: InMemorySealer, stream: str, sealed: bytes, context: str) -> bytes | None:
    try:
        return await sealer.unseal(stream, sealed, context)
    except InvalidTag:
        return None


async def objects(on: Ground, standing: frozenset[str]) -> bool:
    sealer = InMemorySealer() if "seal" in standing else NothingSealed()
    key, stream = f"{on.theirs}/files/{new_id()}", f"{on.theirs}/file/{new_id()}"
    with acting_for(on.theirs):
        sealed = await sealer.seal(stream, CANARY.encode(), "file")
        await S3Blobs(on.s3, BUCKET).put(key, BytesIO(sealed))
    client, into = policed(on.s3, standing), BytesIO()
    with acting_for(on.mine):
        if "context" in standing:
            try:
                await S3Blobs(client, BUCKET).get(key, into)
            except ForeignTenant:
                return False
        else:
            try:
                answer = await client.get_object(Bucket=BUCKET, Key=key)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "AccessDeniedException"
                return False
            async with answer["Body"] as body:
                into.write(await body.read())
    plain = await opened(sealer, stream.replace(on.theirs, on.mine), into.getvalue(), "file")
    return CANARY.encode() == plain


def url_of(on: Ground, job: str, standing: frozenset[str]) -> str:
    """Of a job's user, or of one who may do all."""
    every = on.endpoints.nats_url
    return as_job(job, {NATS: every})[NATS] if "the user's permissions" in standing else every


async def nobody_minds(_: Exception) -> None:
    """A refused permission is told by the server, and the test looks at what came."""


async def listening(on: Ground, standing: frozenset[str]) -> bool:
    """The projections listen to what replicas tell each other."""
    sealer = InMemorySealer() if "seal" in standing else NothingSealed()
    stream = f"{on.theirs}/session/{new_id()}"
    spy = await nats.connect(url_of(on, "project", standing), error_cb=nobody_minds)
    speaker = await nats.connect(as_job("serve", {NATS: on.endpoints.nats_url})[NATS])
    try:
        heard = await spy.subscribe("live.>")
        await spy.flush()
        await speaker.publish(live_subject(stream), await sealer.seal(stream, CANARY.encode(), "telling"))
        await speaker.flush()
        await spy.flush()
        messages = [await heard.next_msg(timeout=1) for _ in range(heard.pending_msgs)]
        return any(CANARY.encode() in message.data for message in messages)
    finally:
        await spy.close()
        await speaker.close()


async def forging(on: Ground, standing: frozenset[str]) -> bool:
    """The API server writes a fact into the pipe."""
    lane = int(new_id()[-6:], 16)
    known = SECRET if "signature" not in standing else b"x" * 32
    forged = Recorded(1, 0, f"{on.theirs}/session/s", 1, "turn.started.1", CANARY.encode())
    async with open_pipe(on.endpoints.nats_url, lambda: [SECRET], max_bytes=1 << 20) as pipe:
        await pipe.provision(lane)
        reader = await pipe.reader(lane, "costs_1")
        forger = await nats.connect(url_of(on, "serve", standing), error_cb=nobody_minds)
        try:
            await forger.publish(subject_of(lane, forged), SignedFacts(lambda: [known]).encode(lane, forged))
            await forger.flush()
            return bool(await reader.fetch(1, timeout_s=0.3))
        finally:
            await forger.close()
            await forget_lane(on, lane)


async def forget_lane(on: Ground, lane: int) -> None:
    operator = await nats.connect(on.endpoints.nats_url)
    await operator.jetstream().delete_stream(f"EVENTS_{lane}")
    await operator.close()


async def searching_valkey(on: Ground, standing: frozenset[str]) -> bool:
    """Somebody who can say anything as the API server's user looks for what lies there."""
    own = valkey.asyncio.from_url(on.endpoints.valkey_url)
    url = as_job("serve", {VALKEY: on.endpoints.valkey_url})[VALKEY]
    spy = valkey.asyncio.from_url(url if "the user's rules" in standing else on.endpoints.valkey_url)
    try:
        if "seal" in standing:
            principal = Principal(tenant=on.theirs, user=CANARY, roles=frozenset(), expires_at=0)
            await ValkeyTickets(own, lambda: [SECRET]).issue(principal, 30)
        else:
            await own.set("ticket:plain", CANARY, ex=30)
        try:
            names = [name async for name in spy.scan_iter("ticket:*", count=10_000)]
        except valkey.exceptions.NoPermissionError:
            return False
        values = [await spy.get(name) for name in names]
        assert names
        return any(CANARY.encode() in (value or b"") for value in values)
    finally:
        await own.delete("ticket:plain")
        await own.aclose()
        await spy.aclose()


SEAL = Wall("seal", "a sealer that seals nothing")
POLICY = Wall("policy of the session", "the process's own credentials")
PERMISSIONS = Wall("the user's permissions", "the user who may do all")
PAIRS = (
    Pair(
        "rows in PostgreSQL",
        "documents of another tenant are asked for",
        (CONTEXT, Wall("row level security", "a policy for all rows")),
        rows,
    ),
    Pair(
        "the log of facts",
        "a fact is appended to another tenant's stream",
        (CONTEXT, Wall("the function's comparison", "the append function without it")),
        append,
    ),
    Pair(
        "other tables of the database",
        "a tool's SQL asks for them",
        (
            Wall("parser", "the statement is sent as it is"),
            Wall("the tenant's own role", "the owner asks"),
        ),
        tool_sql,
    ),
    Pair("items in DynamoDB", "a session of another tenant is fetched, and listed", (CONTEXT, POLICY), items),
    Pair(
        "lists of the session view",
        "another's item lies in the list of mine",
        (Wall("stamp", "the index is read as it is"), SEAL),
        items_of_an_index,
    ),
    Pair("objects in S3", "another tenant's file is read", (CONTEXT, POLICY, SEAL), objects),
    Pair("what replicas tell each other", "the projections listen", (PERMISSIONS, SEAL), listening),
    Pair(
        "the pipe",
        "the API server writes a fact into it",
        (PERMISSIONS, Wall("signature", "the forger has the secret")),
        forging,
    ),
    Pair(
        "tickets in Valkey",
        "whoever speaks as the API server's user looks for them",
        (Wall("the user's rules", "the user who may do all"), Wall("seal", "a ticket is kept in plain words")),
        searching_valkey,
    ),
)
