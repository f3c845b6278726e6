"""What must be so when a simulated installation has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from api.client import frames as f
from application.acting_tenant import EVERY, act_for
from domain.event import Envelope, StreamId
from domain.session import events as e
from domain.usage import Usage
from projections.sealed_items import unsealed
from tests.fakes.in_memory_session_items import InMemorySessionItems
from tests.simulation.clients import Client
from tests.simulation.erasures import judge_erasures
from tests.simulation.installation import Installation
from tests.simulation.provider import answer_to
from tests.simulation.shared import NAMES, tenant_id
from tests.simulation.views import Rows, rebuilt

ENDS = e.TurnCompleted | e.TurnCancelled | e.TurnFailed
STATUS: dict[type, str] = {e.TurnCompleted: "completed", e.TurnCancelled: "cancelled", e.TurnFailed: "failed"}


async def judge(house: Installation) -> None:
    """Look at everything; each thing that is wrong is a finding."""
    act_for(EVERY)
    for stream, facts in house.shared.database.streams.items():
        if StreamId.parse(stream).kind == "session":
            _turns_end_once(house, stream, facts)
    for client in house.clients:
        _was_answered(house, client)
    _effects_are_done_once(house)
    await judge_erasures(house)
    _ledger_is_the_bill(house)
    items, rows = await rebuilt(house.shared)
    _costs_are_rebuilt(house, rows)
    await _items_are_rebuilt(house, items)


def _turns_end_once(house: Installation, stream: str, facts: list[Envelope]) -> None:
    find = house.world.find
    if [fact.version for fact in facts] != list(range(1, len(facts) + 1)):
        find(f"{stream}: versions {[fact.version for fact in facts]}")
    started, ended, clients = Counter[str](), Counter[str](), Counter[str]()
    questions: dict[str, str] = {}
    running = ""
    for fact in facts:
        event = fact.event
        if isinstance(event, e.TurnStarted):
            started[event.turn_id] += 1
            clients[event.client_id] += 1
            questions[event.turn_id] = event.text
            if running:
                find(f"{stream}: {event.turn_id} began while {running} ran")
            running = event.turn_id
        elif isinstance(event, e.FollowUpDue) and event.tries > 1:
            house.world.happened["made_up"] += 1
        elif isinstance(event, ENDS):
            ended[event.turn_id] += 1
            running = ""
            _text_is_one(house, event, questions.get(event.turn_id, ""))
    if (due := _due(facts)) is not None:
        find(f"{stream}: what follows {due} was never done")
    if started != ended or any(count != 1 for count in started.values()):
        find(f"{stream}: begun {dict(started)}, ended {dict(ended)}")
    if twice := [id for id, count in clients.items() if count > 1]:
        find(f"{stream}: {twice} was taken twice")


def _due(facts: list[Envelope]) -> str | None:
    """The turn whose steps afterwards are still due."""
    due: str | None = None
    for fact in facts:
        if isinstance(fact.event, e.FollowUpDue):
            due = fact.event.turn_id
        elif isinstance(fact.event, e.FollowedUp | e.TurnStarted):
            due = None
    return due


def _text_is_one(house: Installation, event: Any, question: str) -> None:
    whole = answer_to(question)
    if isinstance(event, e.TurnCompleted) and event.finish == "stop" and event.text != whole:
        house.world.find(f"{event.turn_id}: {event.text!r} and not {whole!r}")
    elif not whole.startswith(event.text):
        house.world.find(f"{event.turn_id}: {event.text!r} is not how {whole!r} begins")


def _was_answered(house: Installation, client: Client) -> None:
    """Every question that was asked has an end, the one that is stored."""
    stream = f"{tenant_id(client.tenant)}/session/{client.session_id}"
    stored: dict[str, Any] = {}
    by_id: dict[str, str] = {}
    for fact in house.shared.database.streams.get(stream, []):
        if isinstance(fact.event, e.TurnStarted):
            by_id[fact.event.client_id] = fact.event.turn_id
        elif isinstance(fact.event, ENDS):
            stored[fact.event.turn_id] = fact.event
    for id in client.asked:
        told, turn = client.answers.get(id), by_id.get(id, "")
        if told is None or turn not in stored:
            house.world.find(f"{client.name}: {id} has no end: told {told}, stored {turn in stored}")
        elif told.turn_id != turn:
            house.world.find(f"{client.name}: {id} is turn {turn}, told was {told.turn_id}")
        else:
            _told_as_stored(house, client, told, stored[turn])


def _told_as_stored(house: Installation, client: Client, told: f.Completed | f.Failed, stored: Any) -> None:
    status = told.status if isinstance(told, f.Completed) else "failed"
    text = told.text if isinstance(told, f.Completed) else stored.text
    if (status, text) != (STATUS[type(stored)], stored.text):
        house.world.find(f"{client.name}: told {status} {text!r}, stored {STATUS[type(stored)]} {stored.text!r}")


def _effects_are_done_once(house: Installation) -> None:
    """A turn asks the shop once, however often it is taken over, after it has said that it will; and what it takes for
    done has been."""
    done, intended, believed = house.shared.shop.done, set[tuple[str, str]](), set[tuple[str, str]]()
    for stream, facts in house.shared.database.streams.items():
        for called in (fact.event for fact in facts if isinstance(fact.event, e.ToolCalled)):
            key = (StreamId.parse(stream).tenant, called.key)
            intended |= {key} if called.status == "started" else set()
            believed |= {key} if called.status == "completed" else set()
    turns = Counter(key.partition(":")[0] for _, key in done.elements())
    if twice := [turn for turn, count in turns.items() if count > 1]:
        house.world.find(f"the shop was asked more than once by {twice}")
    if wrong := (done.keys() - intended) | (believed - done.keys()):
        house.world.find(f"done without intent, or believed and not done: {wrong}")


def _ledger_is_the_bill(house: Installation) -> None:
    """After reconciliation: one line a call, of the same tenant, with the same tokens."""
    lines = house.rows.lines
    logged = {(line.metadata["tenant_id"], line.metadata["call_id"]): line for line in house.shared.provider.logs.lines}
    for key, line in logged.items():
        if key not in lines:
            house.world.find(f"the call {key} was billed and is not in the costs")
        elif _usage(lines[key]) != line.usage:
            house.world.find(f"the call {key} was billed as {line.usage} and stands as {_usage(lines[key])}")
    for key, entry in lines.items():
        if key not in logged and _usage(entry) != Usage():
            house.world.find(f"the call {key} stands as {_usage(entry)} and was never billed")


def _usage(entry: dict[str, Any]) -> Usage:
    return Usage(entry["input_tokens"], entry["output_tokens"])


def _costs_are_rebuilt(house: Installation, rows: Rows) -> None:
    for what, shown, again in (("lines", house.rows.lines, rows.lines), ("marks", house.rows.marks, rows.marks)):
        if differ := _differences(shown, again):
            house.world.find(f"{what} of costs differ from a rebuild: {differ}")
    if house.rows.parked:
        house.world.find(f"sessions are parked: {house.rows.parked}")


def _differences(shown: Mapping[Any, Any], again: Mapping[Any, Any]) -> list[Any]:
    return [key for key in {**again, **shown} if again.get(key) != shown.get(key)]


async def _items_are_rebuilt(house: Installation, again: InMemorySessionItems) -> None:
    shown, rebuilt_ = await _plain(house, house.shared.items), await _plain(house, again)
    if differ := _differences(shown, rebuilt_):
        house.world.find(f"items differ from a rebuild: {differ}")
    for (stream, _), says in shown.items():
        for name in NAMES:
            if not stream.startswith(tenant_id(name)) and f"canary-{name}" in says:
                house.world.find(f"{stream} shows the canary of {name}")


async def _plain(house: Installation, items: InMemorySessionItems) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    async for stream, turn_id, attributes in items.scan(1):
        plain = await unsealed(house.shared.sealer, stream, attributes)
        found[stream, turn_id] = repr(sorted(plain.items()))
    return found
