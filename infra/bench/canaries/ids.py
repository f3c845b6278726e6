"""Ids that are not one's own, drawn for every route and frame that takes one: foreign, malformed, swapped, absent."""

from __future__ import annotations

import asyncio
import json
import random  # noqa: TID251  # seeded: the same in every run
import re
from collections import Counter
from typing import Any, Literal

import httpx
import msgspec

from application.clock import new_id
from infra.bench.canaries.people import HeardFrame, Person
from infra.bench.canaries.world import PopulatedTenant, World

Kind = Literal["foreign", "malformed", "swapped", "absent"]
KINDS: tuple[Kind, ...] = ("foreign", "malformed", "swapped", "absent")
MALFORMED = (
    "0", "..", "%2e%2e%2f", "%00", "a" * 300, "' OR 1=1", "01977C9E-1111-7000-8000-00000000000Z", "%F0%9F%98%80",
    "null", "{id}%20", "{id}%00", "{upper}", "{bare}", "{id}/../{id}", "*", "-1", "1e9", "%25", "~",
)  # fmt: skip
OWN_WORDS = {"position", "where", "provider"}
"""Parameters of paths that name nothing of a tenant's, or not by an id."""
BODIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("POST", "/v1/erasures", {"session_id": "session_id"}),
    ("POST", "/v1/erasures", {"document_id": "document_id"}),
    ("POST", "/v1/incidents", {"session_id": "session_id", "title": "", "text": ""}),
    ("POST", "/v1/incidents", {"session_id": "session_id", "turn_id": "turn_id", "title": "", "text": ""}),
)
"""Ids in bodies: the field, and which id of somebody's it is."""
QUERIES = (
    ("/v1/audit/events", "session", "session_id"),
    ("/v1/costs/lines", "cursor", "turn_id"),
    ("/v1/sessions", "cursor", "session_id"),
    ("/v1/documents", "cursor", "document_id"),
)
FRAMES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"type": "turn.create", "text": "What is the code?", "id": "x"}, "attachments", "file_id"),
    ({"type": "turn.cancel"}, "turn_id", "turn_id"),
    ({"type": "feedback.create", "id": "x", "rating": "down"}, "turn_id", "turn_id"),
    ({"type": "tool.confirm", "call": "x", "allow": True}, "turn_id", "turn_id"),
    ({"type": "session.open"}, "session_id", "session_id"),
)


class IdPlace(msgspec.Struct, frozen=True):
    """Somewhere an id can be said: a method and a path with `{}`, a field of a body, or a parameter of a query."""

    method: str
    path: str
    of: str
    body: str = ""


def places(openapi: dict[str, Any]) -> list[IdPlace]:
    """Every route of the API's own description whose path takes an id, and what is said in bodies and queries."""
    found = []
    for path, methods in openapi["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        if len(names) != 1 or names[0] in OWN_WORDS:
            continue
        for method in sorted({"get", "delete", "patch", "post"} & methods.keys()):
            found.append(IdPlace(method.upper(), path.replace(f"{{{names[0]}}}", "{}"), names[0]))
    for method, path, fields in BODIES:
        of = next(iter(fields.values()))
        found.append(
            IdPlace(method, path, of, json.dumps({name: "{}" if kind else "x" for name, kind in fields.items()}))
        )
    found += [IdPlace("GET", f"{path}?{name}={{}}", of) for path, name, of in QUERIES]
    return found


def id_for(kind: Kind, of: str, mine: PopulatedTenant, theirs: PopulatedTenant, drawn: random.Random) -> str:
    """Of what another tenant has, of no shape, of another kind of mine, or of nothing."""
    match kind:
        case "foreign":
            return theirs.ids[of]
        case "swapped":
            return mine.ids[drawn.choice([other for other in mine.ids if other not in (of, "name")])]
        case "absent":
            return new_id()
    id = theirs.ids[of]
    return drawn.choice(MALFORMED).format(id=id, upper=id.upper(), bare=id.replace("-", ""))


class Tried(msgspec.Struct):
    """What came of all cases."""

    cases: int = 0
    places: int = 0
    by_kind: Counter[str] = msgspec.field(default_factory=Counter)
    by_status: Counter[int] = msgspec.field(default_factory=Counter)
    wrong: list[str] = msgspec.field(default_factory=list)


def try_routes(world: World, cases: int, seed: int = 7) -> Tried:
    """So many cases over all routes, by people who hold every role of their own tenant, so that nothing but whose it
    is keeps them out."""
    drawn, tried = random.Random(seed), Tried()  # the same in every run of one seed
    all_places = places(httpx.get(f"{world.ours.url}/docs/openapi.json", timeout=30).json())
    tried.places = len(all_places)
    for batch in range(0, cases, len(all_places) * len(KINDS)):
        mine, theirs = drawn.sample(list(world.tenants), 2)
        with world.http(mine) as http:
            for place in all_places:
                for kind in KINDS:
                    if tried.cases < cases:
                        _try(http, place, kind, id_for(kind, place.of, mine, theirs, drawn), tried)
        _ = batch
    return tried


def _try(http: httpx.Client, place: IdPlace, kind: Kind, id: str, tried: Tried) -> None:
    path = place.path if place.body else place.path.replace("{}", id)
    body = {"content": place.body.replace("{}", id)} if place.body else {"json": _body(place)} if _body(place) else {}
    try:
        answer = http.request(place.method, path, **body)
    except httpx.InvalidURL:
        return  # no client sends it
    tried.cases += 1
    tried.by_kind[kind] += 1
    tried.by_status[answer.status_code] += 1
    if answer.status_code >= 500:
        tried.wrong.append(f"{answer.status_code} of {place.method} {path[:120]}")
    if kind == "foreign" and place.of != "tenant_id" and "?" not in place.path:
        absent = new_id()
        again = http.request(place.method, path.replace(id, absent), **_said(body, id, absent))
        if _plain(answer, id) != _plain(again, absent):
            tried.wrong.append(f"foreign and absent differ: {place.method} {place.path} {answer.status_code}")


def _said(body: dict[str, Any], id: str, other: str) -> dict[str, Any]:
    return {"content": body["content"].replace(id, other)} if "content" in body else body


def _body(place: IdPlace) -> dict[str, Any]:
    needed: dict[str, dict[str, Any]] = {
        "/v1/sessions/{}/fork": {"version": 1}, "/v1/sessions/{}": {"title": "x"},
        "/v1/incidents/{}": {"status": "closed"}, "/v1/tenants/{}": {"name": "x"},
    }  # fmt: skip
    return needed.get(place.path, {}) if place.method in ("POST", "PATCH") else {}


def _plain(answer: httpx.Response, id: str) -> str:
    """But for the trace, and the id that was asked for."""
    return f"{answer.status_code} " + re.sub(r'"trace_id":\s*"[^"]*"', "", answer.text).replace(id, "")


async def try_frames(world: World, cases: int, seed: int = 8) -> Tried:
    """The same over every frame that takes an id."""
    drawn, tried = random.Random(seed), Tried(places=len(FRAMES))  # the same in every run of one seed
    while tried.cases < cases:
        mine, theirs = drawn.sample(list(world.tenants), 2)
        person = Person(world, mine, "ada", seed=tried.cases)
        async with person.connected() as socket:
            for frame, field, of in FRAMES[:-1]:
                for kind in KINDS:
                    id = id_for(kind, of, mine, theirs, drawn)
                    socket.send(json.dumps(frame | {field: [id] if field == "attachments" else id}))
                    socket.send('{"type": "ping"}')
                    answers: list[HeardFrame] = []
                    while not answers or answers[-1].type != "pong":
                        answers.append(await person.hear(socket))
                    told = [one for one in answers if one.type not in ("pong", "turn.created")]
                    _count(tried, kind, told and told[0].type == "error", f"{frame['type']} with a {kind} {field}")
                    socket.send('{"type": "ping", "id": "p"}')
                    await person.hear(socket)
        for kind in KINDS:
            stranger = Person(world, mine, "ada", seed=0)
            stranger.session = id_for(kind, "session_id", mine, theirs, drawn)
            try:
                async with asyncio.timeout(30), stranger.connected():
                    _count(tried, kind, False, f"session.open with a {kind} id")
            except RuntimeError:
                _count(tried, kind, True, "")
    return tried


def _count(tried: Tried, kind: Kind, refused: Any, what: str) -> None:
    tried.cases += 1
    tried.by_kind[kind] += 1
    if not refused:
        tried.wrong.append(f"not refused: {what}")
