"""What members do with their sessions, over HTTP, on fakes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.services import Services
from application.clock import new_id, now
from application.sessions.live_session import LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import LONGEST_TITLE, RenameSessionHandler
from domain.event import Envelope, Event
from domain.session import events as e
from tests.api.harness import TENANT, asgi, bearer, make_services
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.small_ports import NoTail

OTHER = "01977c9e-1111-7000-8000-000000000002"
CITED = e.Citation(
    n=1, document_id="d", title="Har](bour", quote="![x](https://evil.example/x)\n# forty", start=3, end=9, score=0.5
)


class Caring:
    """A server's app over one store in memory, and sessions written into it."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore()
        tenants = make_services().tenants
        found = OpenSessionHandler(LiveSessions(self.store, NoTail()), tenants)
        self.services: Services = make_services(
            store=self.store, open_session=found, rename_session=RenameSessionHandler()
        )
        self.client = httpx.AsyncClient(transport=asgi(self.services), base_url="http://colloquy")

    async def ask(self, method: str, path: str, *, tenant: str = TENANT, user: str = "ada", **more: Any) -> Any:
        headers = bearer(self.services, [more.pop("role", "member")], tenant, user)
        return await self.client.request(method, f"/v1/sessions/{path}", headers=headers, **more)

    async def session(self, *facts: Event, user: str = "ada") -> str:
        id = new_id()
        told = [e.SessionOpened(user=user, assistant="default"), *facts]
        await self.write(id, *told)
        return id

    async def write(self, id: str, *facts: Event) -> None:
        stream = f"{TENANT}/session/{id}"
        last = sum(fact.stream == stream for fact in self.store.log)
        envelopes = [Envelope(stream=stream, version=last + n, at=now(), event=f) for n, f in enumerate(facts, 1)]
        await self.store.append(envelopes)


@pytest.fixture
def caring() -> Caring:
    return Caring()


def said(number: int, **more: Any) -> list[Event]:
    """A turn that was answered."""
    id = new_id()
    return [
        e.TurnStarted(turn_id=id, client_id=f"c{number}", text=f"What is {number}?\nAnd why?"),
        e.TurnCompleted(turn_id=id, text=f"It is {number} [1].", model="sonnet", **more),
    ]


async def test_a_session_goes_by_the_title_that_its_user_gave(caring: Caring) -> None:
    id = await caring.session(*said(1), e.SessionRenamed(title="found"))
    for given, kept in (
        ("Harbour dues", "Harbour dues"),
        ("  two\n lines\x1b ", "two lines"),
        ("★ 港の料金", "★ 港の料金"),
        ("x" * LONGEST_TITLE, "x" * LONGEST_TITLE),
    ):
        answer = await caring.ask("PATCH", id, json={"title": given})
        assert (answer.status_code, answer.json()["title"], answer.json()["session_id"]) == (200, kept, id)
    before = len(caring.store.log)
    assert (await caring.ask("PATCH", id, json={"title": "x" * LONGEST_TITLE})).json()["version"] == before
    assert len(caring.store.log) == before, "the same again is no fact"
    bodies: list[Any] = [{}, [], None, *({"title": bad} for bad in ("", " \n", "\u200b", 3, "x" * 201))]
    for bad in bodies:
        answer = await caring.ask("PATCH", id, json=bad)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field"), bad
    assert (await caring.ask("PATCH", id, json={"title": "a\0"})).json()["code"] == "invalid_character"


async def test_what_is_not_ones_own_answers_like_what_is_not_there(caring: Caring) -> None:
    own, colleagues = await caring.session(*said(1)), await caring.session(*said(1), user="bob")
    erased = await caring.session(*said(1), e.SessionErased())
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", "", {"json": {"title": "x"}}),
        ("GET", "/export", {}),
    ]
    for method, of, body in asked:
        assert (await caring.ask(method, own + of, **body)).status_code < 300
        answers = [await caring.ask(method, id + of, **body) for id in (colleagues, erased, new_id(), "nonsense")]
        answers.append(await caring.ask(method, own + of, tenant=OTHER, **body))
        bodies = [{**answer.json(), "trace_id": ""} for answer in answers]
        assert bodies[0]["code"] == "session_not_found"
        assert {answer.status_code for answer in answers} == {404} and bodies == [bodies[0]] * len(bodies)
        for role in ("auditor", "analyst", "editor", "admin"):
            assert (await caring.ask(method, own + of, role=role, **body)).status_code == 403


async def test_a_session_is_taken_away_whole_with_what_it_cites(caring: Caring) -> None:
    turns = [fact for n in range(120) for fact in said(n, citations=(CITED,))]
    failed = e.TurnFailed(turn_id="t", code="model_unavailable", message="No model.", retryable=True)
    running = e.TurnStarted(turn_id="u", client_id="u", text="not yet")
    start = e.TurnStarted(turn_id="t", client_id="t", text="why?")
    id = await caring.session(*turns, start, failed, e.SessionRenamed(title="A # title"), running)
    answer = await caring.ask("GET", f"{id}/export", params={"format": "json"})
    told = answer.json()
    assert answer.headers["content-disposition"] == f'attachment; filename="session-{id}.json"'
    assert (told["session_id"], told["title"], told["version"]) == (id, "A # title", len(caring.store.log))
    assert [turn["answer"] for turn in told["turns"]] == [*(f"It is {n} [1]." for n in range(120)), ""]
    assert told["turns"][0]["citations"][0]["quote"] == CITED.quote and told["turns"][0]["created_at"].endswith("Z")
    assert told["turns"][-1]["error"]["code"] == "model_unavailable"
    answer = await caring.ask("GET", f"{id}/export")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="session-{id}.md"'
    lines = answer.text.splitlines()
    assert lines[0] == r"# A \# title"
    assert lines.count("> And why?") == 120 and "It is 119 [1]." in lines and "not yet" not in answer.text
    source = next(line for line in lines if line.startswith("- [1]"))
    assert r"Har\] (bour, characters 3 to 9: “" in source and "https" not in source and r"\# forty" in source
    for wrong in ("pdf", "", "JSON"):
        answer = await caring.ask("GET", f"{id}/export", params={"format": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")
