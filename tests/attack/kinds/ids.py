"""Ids of others, of nothing and of no shape, wherever one can be said."""

from __future__ import annotations

import httpx

from tests.attack.attack import CANARY, Attack, Ground, refused

ABSENT = "01977c9e-1111-7000-8000-000000000001"
ODD = (
    "0",
    "..",
    "%2e%2e%2f",
    "%00",
    "a" * 300,
    "' OR 1=1",
    "01977C9E-1111-7000-8000-00000000000Z",
    "%F0%9F%98%80",
    "null",
)
PLACES = {
    "session": ("member", "/v1/sessions/{}"), "turns": ("member", "/v1/sessions/{}/turns"),
    "history": ("member", "/v1/sessions/{}/history?version=1"), "document": ("editor", "/v1/documents/{}"),
    "text": ("editor", "/v1/documents/{}/text"),
}  # fmt: skip
MUST_ODD = "a problem with a code, never a 5xx, nothing of anybody"
MUST_SAME = "the same bytes as for an id that does not exist, but for the trace id"


async def _theirs(ground: Ground) -> dict[str, str]:
    """The neighbour's own ids."""
    async with ground.http("editor", tenant=ground.neighbour, user="nina") as http:
        documents = (await http.get("/v1/documents")).json()["documents"]
    async with ground.chat(tenant=ground.neighbour, user="nina") as chat:
        assert (await chat.ask("How long?"))["type"] == "turn.completed"
        return {"document": documents[0]["document_id"], "session": chat.session}


def _plain(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, str({k: v for k, v in body.items() if k != "trace_id"})


def _odd(place: str, role: str, route: str, id: str) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.http(role) as http:
            answer = await http.get(route.format(id))
            assert answer.status_code < 500, answer.text[:300]
            assert CANARY not in answer.text
            if answer.status_code >= 400 and "json" in answer.headers.get("content-type", ""):
                refused(answer)

    return Attack("ids", f"{place} {id[:20]!r}", MUST_ODD, run)


def _foreign(place: str, role: str, route: str) -> Attack:
    async def run(ground: Ground) -> None:
        theirs = (await _theirs(ground))["document" if "documents" in route else "session"]
        async with ground.http(role) as http:
            answer, absent = await http.get(route.format(theirs)), await http.get(route.format(ABSENT))
        assert _plain(answer) == _plain(absent)
        assert CANARY not in answer.text

    return Attack("ids", f"{place} of the neighbour", MUST_SAME, run)


def _colleague(place: str, role: str, route: str) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.chat(user="ada") as chat:
            await chat.ask("How long?")
        async with ground.http(role) as http:
            answer, absent = await http.get(route.format(chat.session)), await http.get(route.format(ABSENT))
        assert _plain(answer) == _plain(absent)

    return Attack("ids", f"{place} of a colleague", MUST_SAME, run)


def _opened(whose: str) -> Attack:
    async def run(ground: Ground) -> None:
        theirs = (await _theirs(ground))["session"] if whose == "neighbour" else ABSENT
        async with ground.chat(open=False) as chat:
            await chat.send({"type": "session.open", "session_id": theirs})
            frame = await chat.until("error", "session.opened")
            assert frame["type"] == "closed" or frame.get("code") == "session_not_found", frame

    return Attack("ids", f"session of {whose} opened", "session_not_found", run)


def _deleted(kind: str, role: str, route: str) -> Attack:
    async def run(ground: Ground) -> None:
        theirs = (await _theirs(ground))[kind]
        async with ground.http(role) as http:
            refused(await http.delete(route.format(theirs)), 404)
        await ground.still_works()

    return Attack("ids", f"{kind} of the neighbour deleted", "404, and it is still there", run)


def _cursor(route: str, role: str, cursor: str) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.http(role) as http:
            answer = await http.get(route, params={"cursor": cursor})
            assert answer.status_code < 500 and CANARY not in answer.text, answer.text[:300]

    return Attack("ids", f"cursor {cursor[:16]!r} at {route}", MUST_ODD, run)


ATTACKS = [
    *(_odd(place, role, route, id) for place, (role, route) in PLACES.items() for id in ODD),
    *(_foreign(place, role, route) for place, (role, route) in PLACES.items()),
    *(_colleague(place, role, route) for place, (role, route) in PLACES.items() if role == "member"),
    _opened("neighbour"),
    _opened("nobody"),
    _deleted("document", "editor", "/v1/documents/{}"),
    _deleted("session", "member", "/v1/sessions/{}"),
    *(
        _cursor(route, role, cursor)
        for route, role in (("/v1/sessions", "member"), ("/v1/documents", "editor"), ("/v1/costs/lines", "analyst"))
        for cursor in ("x", "A" * 5_000, "eyJhIjoxfQ", "..%00")
    ),
]
