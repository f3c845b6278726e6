"""What members do with their sessions, over HTTP, on fakes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from application.clock import new_id
from application.execute import Context
from application.plan.history import history_messages
from application.sessions.rename_session import LONGEST_TITLE
from domain.refusals import TurnInProgress
from domain.session import events as e
from domain.session import rules
from domain.session.commands import CreateTurn
from domain.session.state import Session
from tests.api.http.caring import Caring, said

OTHER = "01977c9e-1111-7000-8000-000000000002"
CITED = e.Citation(
    n=1, document_id="d", title="Har](bour", quote="![x](https://evil.example/x)\n# forty", start=3, end=9, score=0.5
)


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
    assert (await caring.ask("PATCH", id, json={"title": "x" * LONGEST_TITLE})).status_code == 200
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
        ("POST", "/fork", {"json": {"version": 1}}),
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
    assert (told["session_id"], told["title"], told["version"]) == (id, "A # title", 245)
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


def told(session: Session) -> list[tuple[str, str, str, str]]:
    return [(turn.text, turn.answer, turn.status, turn.model) for turn in session.turns]


async def test_a_fork_goes_on_from_a_version_with_the_turns_up_to_there(caring: Caring) -> None:
    stopped = [
        e.TurnStarted(turn_id="s", client_id="s", text="stop?"),
        e.TurnCancelled(turn_id="s", text="No", citations=(CITED,)),
    ]
    failed = [
        e.TurnStarted(turn_id="f", client_id="f", text="fail?"),
        e.TurnFailed(turn_id="f", code="model_unavailable", message="No model.", retryable=True),
    ]
    summary = e.HistorySummarised(through_turn="s", summary="They stopped.")
    id = await caring.session(
        *said(1, cost_usd=Decimal(3)), e.SessionRenamed(title="Numbers"), *stopped, *failed, summary
    )
    await caring.write(id, e.TurnStarted(turn_id="r", client_id="r", text="running?"))
    source = await caring.live(id)
    whole = told(source.state)[:-1]
    for version, turns in ((1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2), (8, 3), (10, 3)):
        answer = await caring.ask("POST", f"{id}/fork", json={"version": version})
        assert answer.status_code == 201, answer.text
        assert answer.json()["forked_from"] == {"session_id": id, "version": version}
        fork = (await caring.live(answer.json()["session_id"])).state
        assert told(fork) == whole[:turns] and fork.running is None and not fork.open_calls
        assert fork.title == ("Numbers" if version >= 4 else "") and fork.assistant == "default"
        assert {turn.client_id for turn in fork.turns} <= {""} and not any(turn.cost_usd for turn in fork.turns)
    assert fork.summary == "They stopped." and fork.summary_through == fork.turns[1].turn_id != "s"
    assert fork.turns[1].citations == (CITED,)
    told_to_models = str(history_messages(replace(fork, summary_through=""), 10_000))
    assert "What is 1?" in told_to_models and "It is 1" in told_to_models
    assert "They stopped." in str(history_messages(fork, 10_000))
    wrong: list[Any] = [{"version": bad} for bad in ("x", 1.5, True, None, [1])]
    wrong += [{}, [], None, {"version": 1, "before_turn": "s"}]
    refused: list[tuple[Any, int, str]] = [
        *(({"version": bad}, 400, "invalid_range") for bad in (0, -1, 11, 2**62)),
        *((bad, 400, "invalid_field") for bad in wrong),
        ({"before_turn": new_id()}, 404, "turn_not_found"),
    ]
    before = len(caring.store.log)
    for body, status, code in refused:
        answer = await caring.ask("POST", f"{id}/fork", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert len(caring.store.log) == before
    for turn, turns in (("s", 1), ("r", 3)):
        answer = await caring.ask("POST", f"{id}/fork", json={"before_turn": turn})
        fork = (await caring.live(answer.json()["session_id"])).state
        assert told(fork) == whole[:turns]


async def test_a_long_session_is_forked_in_pieces_and_a_fork_again(caring: Caring) -> None:
    turns = [fact for n in range(450) for fact in said(n)]
    first = await caring.session(*turns)
    latest = first
    for _ in range(2):
        version = (await caring.live(latest)).held.version
        answer = await caring.ask("POST", f"{latest}/fork", json={"version": version})
        latest = answer.json()["session_id"]
    exported = [(await caring.ask("GET", f"{id}/export?format=json")).json()["turns"] for id in (first, latest)]
    shown = [[(t["question"], t["answer"], t["created_at"]) for t in own] for own in exported]
    assert shown[0] == shown[1] and len(shown[0]) == 450
    assert [t["turn_id"] for t in exported[1]] == sorted(t["turn_id"] for t in exported[1])
    assert not {t["turn_id"] for t in exported[0]} & {t["turn_id"] for t in exported[1]}
    live = await caring.live(latest)
    command = CreateTurn(turn_id="n", client_id="c1", text="another")
    assert rules.create_turn(live.state, command), "a client's id that was used in the old session is new here"
    await caring.write(latest, e.TurnStarted(turn_id="n", client_id="c1", text="another"))
    with pytest.raises(TurnInProgress):
        await live.commit(lambda session: rules.take_over(session, [e.SessionRenamed(title="x")]), Context("ada"))
