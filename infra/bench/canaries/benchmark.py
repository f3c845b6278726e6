"""`colloquy bench canaries`: secrets everywhere, many tenants at work, and every byte that leaves is searched."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import click
import httpx
import msgspec

from application.clock import monotonic
from infra.bench.canaries.ids import Tried, try_frames, try_routes
from infra.bench.canaries.people import at_work, give_sessions
from infra.bench.canaries.secrets import Ears
from infra.bench.canaries.world import World, populate
from infra.bench.harness.installation import installed
from infra.bench.results import keep, recordable

LOOK_S = 1.0
PAGES = (
    "/v1/sessions", "/v1/sessions?query=harbour", "/v1/documents", "/v1/files", "/v1/incidents", "/v1/api-keys",
    "/v1/service-accounts",
    "/v1/costs/summary", "/v1/costs/lines?limit=200", "/v1/costs/series?group_by=user&interval=day",
    "/v1/audit/events?limit=200", "/v1/audit/head", "/v1/audit/export", "/v1/budget", "/v1/assistants/default",
    "/v1/tools/look_up", "/v1/datasets/harbours", "/v1/models", "/metrics", "/health/ready",
)  # fmt: skip
"""What a tenant's people may read of everything at once."""
FRAME_SHARE = 0.1
"""Of the generated cases, those that are frames."""


class Searched(msgspec.Struct, kw_only=True):
    """What left, and what of it was another's."""

    tenants: int
    seconds: float
    frames: int
    answers: int
    megabytes: float
    prompts: int
    own: int
    kinds: int
    foreign: list[str]
    turns: dict[str, int]
    id_cases: int
    id_places: int
    id_kinds: dict[str, int]
    id_wrong: list[str]


async def search(world: World, frames: int, cases: int, minutes: float, sessions: int, watchers: int) -> Searched:
    """Until so many frames were heard, or so long: people at work, then everything that can be read, then the cases."""
    began = monotonic()
    await give_sessions(world)
    over, models = asyncio.Event(), Ears(world.secrets, "")
    people, task = await at_work(world, sessions, watchers, over)
    prompts: set[str] = set()
    while not task.done() and heard(world) < frames and monotonic() - began < minutes * 60:
        await asyncio.wait({task}, timeout=LOOK_S)
        prompts |= await asyncio.to_thread(_prompts, world, models)
    over.set()
    await task
    await asyncio.to_thread(_read_everything, world)
    on_routes = await asyncio.to_thread(try_routes, world, round(cases * (1 - FRAME_SHARE)))
    on_frames = await try_frames(world, cases - on_routes.cases)
    await asyncio.to_thread(_still_there, world, on_routes)
    ears = [tenant.ears for tenant in world.tenants]
    turns = sum((person.counts for person in people), Counter[str]())
    own = sum((one.own for one in ears), Counter[str]())
    return Searched(
        tenants=len(ears),
        seconds=round(monotonic() - began, 1),
        frames=heard(world),
        answers=sum(one.answers for one in ears),
        megabytes=round(sum(one.bytes for one in ears) / 1e6, 1),
        prompts=len(prompts),
        own=sum(own.values()),
        kinds=len(own),
        foreign=[said for one in ears for said in one.foreign] + models.foreign,
        turns=dict(turns),
        id_cases=on_routes.cases + on_frames.cases,
        id_places=on_routes.places + on_frames.places,
        id_kinds=dict(on_routes.by_kind + on_frames.by_kind),
        id_wrong=on_routes.wrong + on_frames.wrong,
    )


def heard(world: World) -> int:
    """Frames, by all sockets."""
    return sum(tenant.ears.frames for tenant in world.tenants)


def _prompts(world: World, models: Ears) -> set[str]:
    """What left for the model of late, by its call: a request that is a tenant's holds nobody else's secrets."""
    searched = set()
    asked = httpx.get(f"{world.ours.bedrock_url}/control/requests?last=50", timeout=30).json()["requests"]
    for body in (request["body"] for request in asked):
        said = body.get("requestMetadata") or {}
        if said.get("tenant_id"):
            ears = Ears(world.secrets, said["tenant_id"])
            ears.hear(json.dumps(body), f"a prompt for {said['tenant_id']}")
            models.foreign += ears.foreign
            searched.add(said["call_id"])
    return searched


def _read_everything(world: World) -> None:
    for tenant in world.tenants:
        with world.http(tenant) as http:
            pages = [http.get(page) for page in PAGES]
            pages.append(http.post("/v1/search", json={"query": "the code of the harbour", "k": 50}))
            for kind, path in (("session_id", "sessions/{}/turns"), ("session_id", "sessions/{}/export?format=md"),
                               ("document_id", "documents/{}/text"), ("incident_id", "incidents/{}")):  # fmt: skip
                pages.append(http.get(f"/v1/{path.format(tenant.ids[kind])}"))
            bad = [answer for answer in pages if answer.status_code >= 400]
            if bad:
                raise RuntimeError(f"{bad[0].request.url}: {bad[0].text[:300]}")


def _still_there(world: World, tried: Tried) -> None:
    """Whatever was tried, everybody still has what they had."""
    for tenant in world.tenants:
        with world.http(tenant) as http:
            for kind, path in (("session_id", "sessions"), ("document_id", "documents"), ("incident_id", "incidents"),
                               ("file_id", "files"), ("name", "assistants")):  # fmt: skip
                if http.get(f"/v1/{path}/{tenant.ids[kind]}").status_code != 200:
                    tried.wrong.append(f"{path} of {tenant.id} is gone")


def run(
    tenants: int, frames: int, cases: int, minutes: float, sessions: int, watchers: int, **settings: Any
) -> Searched:
    """All of it, on an installation of its own."""
    with installed(0, {}, **settings) as ours:
        httpx.post(f"{ours.bedrock_url}/control/pace", json={"first_token_ms": 5, "token_ms": 1}, timeout=10)
        world = populate(ours, tenants)
        return asyncio.run(search(world, frames, cases, minutes, sessions, watchers))


@click.command()
@recordable
@click.option("--tenants", default=50, show_default=True)
@click.option("--frames", default=1_000_000, show_default=True, help="To be heard, by all sockets together.")
@click.option("--cases", default=5_000, show_default=True, help="Ids that are not one's own, over routes and frames.")
@click.option("--minutes", default=20.0, show_default=True, help="Then it ends, however many frames there were.")
@click.option("--sessions", default=1, show_default=True, help="Of each tenant, that ask all the time.")
@click.option("--watchers", default=3, show_default=True, help="Further sockets on each session.")
@click.option("--json", "as_json", is_flag=True)
def canaries(
    tenants: int, frames: int, cases: int, minutes: float, sessions: int, watchers: int, as_json: bool
) -> None:
    """Secrets in every tenant and kind of thing; everybody at work; every byte that leaves is searched for others'.

    Example: colloquy bench canaries --tenants 50 --frames 1000000 --cases 5000
    """
    found = run(tenants, frames, cases, minutes, sessions, watchers)
    click.echo(json.dumps(msgspec.to_builtins(found)) if as_json else said(found))
    keep({"foreign secrets": float(len(found.foreign)), "frames": float(found.frames)})
    if found.foreign or found.id_wrong or not found.own:
        raise click.exceptions.Exit(1)


def said(found: Searched) -> str:
    """For people."""
    lines = [
        f"{found.tenants} tenants, {found.seconds:.0f} s: {found.frames:,} frames, {found.answers:,} answers of routes,"
        f" {found.megabytes} MB, {found.prompts:,} prompts searched",
        f"own secrets seen {found.own:,} times, of {found.kinds} kinds; others' {len(found.foreign)} times",
        f"turns: {', '.join(f'{name} {count:,}' for name, count in sorted(found.turns.items()))}",
        f"{found.id_cases:,} ids at {found.id_places} places ({found.id_kinds}): {len(found.id_wrong)} wrong",
    ]
    return "\n".join([*lines, *found.foreign[:20], *found.id_wrong[:20]])
