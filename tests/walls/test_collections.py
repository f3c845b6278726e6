"""Whoever may not read a collection gets nothing of it: not by search, not in an answer, and not by anybody's kept
one."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from itertools import permutations
from typing import Any

import msgspec
import pytest

from application.clock import new_id
from application.documents.readable_documents import ReadableDocuments
from application.documents.search_documents import SearchDocumentsHandler
from application.ports.documents.corpus import NewDocument, NewPassage
from application.ports.models.model import Finished, ModelCall, ModelEvent, TextDelta
from application.redaction.embeddable import Embeddable
from application.sessions.live_session import LiveSession
from application.sessions.open_session import OpenSessionHandler
from application.turns.turn_request import TurnRequest
from domain.access import Principal
from domain.session import events as e
from domain.tenant.assistant import Assistant, CachePolicy
from domain.tenant.document_collections import DocumentCollection
from domain.tenant.readable import readable
from domain.usage import Usage
from tests.application.turns.harness import TENANT, House, frames_of, house
from tests.fakes.in_memory_corpus import InMemoryCorpus
from tests.fakes.nothing_private import NothingPrivate
from tests.fakes.scripted_model import ScriptedModel

CANARY = re.compile(r"CANARY-\w+")
QUESTION = "what is the salary of the harbour master"
COLLECTIONS = {
    "board": DocumentCollection(groups=("directors",)),
    "staff": DocumentCollection(roles=("editor",)),
    "own": DocumentCollection(users=("~ada",)),
    "all": DocumentCollection(),
}


def somebody(user: str, *roles: str, groups: tuple[str, ...] = ()) -> Principal:
    return Principal(TENANT, user, frozenset({"member", *roles}), 4e9, groups=frozenset(groups))


NOBODY, DIRECTOR = somebody("~nobody"), somebody("~dora", groups=("directors",))
EDITOR, ADA = somebody("~eda", "editor"), somebody("~ada")
READS = {
    NOBODY.user: {"CANARY-open", "CANARY-all"},
    DIRECTOR.user: {"CANARY-open", "CANARY-all", "CANARY-board"},
    EDITOR.user: {"CANARY-open", "CANARY-all", "CANARY-staff"},
    ADA.user: {"CANARY-open", "CANARY-all", "CANARY-own"},
}


class Tattler(ScriptedModel):
    """Says every canary that it is shown."""

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        self.calls.append(call)
        shown = "\n".join([*call.system, *(message.text for message in call.messages)])
        yield TextDelta("Told: " + " ".join(sorted(set(CANARY.findall(shown)))))
        yield Finished("stop", Usage(1, 1))


class Choosing(Tattler):
    """Chooses the board's collection, and reads aloud what it is given."""

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        if not any("list of collections" in text for text in call.system):
            async for event in super().stream(call):
                yield event
            return
        self.calls.append(call)
        yield TextDelta('{"collections": ["board"]}')
        yield Finished("stop", Usage(1, 1))


async def filled() -> InMemoryCorpus:
    corpus = InMemoryCorpus()
    for collection in ("", *COLLECTIONS):
        text, id = f"the salary of the harbour master is CANARY-{collection or 'open'}", new_id()
        new = NewDocument(
            document_id=id,
            title="pay",
            content_hash=id.encode(),
            media_type="text/plain",
            size=1,
            collection=collection,
        )
        await corpus.register(TENANT, new)
        passage = NewPassage(start=0, end=len(text), text=text, vector=[0.0] * 256)
        await corpus.index(TENANT, id, title="pay", text=text, passages=[passage])
    return corpus


def telling(corpus: InMemoryCorpus, model: ScriptedModel | None = None, **assistant: Any) -> Any:
    cache = CachePolicy(semantic="strict", threshold=0.0)
    return house(assistant=Assistant(cache=cache, **assistant), model=model or Tattler(), corpus=corpus)


async def asked(ours: House, who: Principal, text: str = QUESTION) -> tuple[set[str], str]:
    """The canaries in anything that somebody gets, and whether the answer was a kept one."""
    live: LiveSession = await OpenSessionHandler(ours.sessions, ours.turns.prepare.tenants).begin(who, "default")
    turn, _ = await ours.create(who, live, client_id=new_id(), text=text)
    await ours.settled()
    ended = live.state.turn(turn.turn_id)
    assert ended is not None and ended.status == "completed"
    got = msgspec.json.encode(frames_of(live)).decode() + ended.answer
    return set(CANARY.findall(got)), ended.cached


async def test_search_finds_what_one_may_read() -> None:
    corpus = await filled()
    async with telling(corpus) as ours:
        ours.tenant.collections.update(COLLECTIONS)
        tenants = ours.turns.prepare.tenants
        search = SearchDocumentsHandler(
            ours.store,
            corpus,
            ours.embedder,
            Embeddable(NothingPrivate(), tenants),
            tenants,
            ReadableDocuments(tenants, corpus),
        )
        for who in (NOBODY, DIRECTOR, EDITOR, ADA):
            for wanted in ((), ("board", "staff", "own")):
                found = {one for p in await search(who, QUESTION, 50, "both", wanted) for one in CANARY.findall(p.text)}
                assert found == (READS[who.user] - {"CANARY-open", "CANARY-all"} if wanted else READS[who.user])


@pytest.mark.parametrize("plan", ["lean", "thorough"])
async def test_whoever_asks_first_tells_the_others_nothing(plan: str) -> None:
    for order in permutations((NOBODY, DIRECTOR, EDITOR, ADA)):
        async with telling(await filled(), plan=plan) as ours:
            ours.tenant.collections.update(COLLECTIONS)
            for who in order:
                told, cached = await asked(ours, who)
                assert told == READS[who.user] and not cached
            for who in order:
                assert await asked(ours, who) == (READS[who.user], "exact")


async def test_an_assistant_reads_of_its_own_collections_what_its_user_may() -> None:
    async with telling(await filled(), collections=("all", "board")) as ours:
        ours.tenant.collections.update(COLLECTIONS)
        assert await asked(ours, DIRECTOR) == ({"CANARY-all", "CANARY-board"}, "")
        assert await asked(ours, NOBODY) == ({"CANARY-all"}, "")
        assert await asked(ours, ADA) == ({"CANARY-all"}, "exact"), "who may read the same shares an answer"


async def test_the_step_chooses_among_what_one_may_read() -> None:
    async with telling(await filled(), plan="thorough") as ours:
        ours.tenant.collections.update(COLLECTIONS)
        assert (await asked(ours, DIRECTOR))[0] == READS[DIRECTOR.user], "who chooses nothing looks everywhere"
    async with telling(await filled(), model=Choosing(), plan="thorough") as ours:
        ours.tenant.collections.update(COLLECTIONS)
        assert (await asked(ours, DIRECTOR))[0] == {"CANARY-open", "CANARY-board"}
        ours.tenant.collections["more"] = DocumentCollection(description="Of all")
        assert (await asked(ours, NOBODY))[0] == READS[NOBODY.user], "what is not theirs to choose is not chosen"


async def test_who_may_read_less_now_gets_less_now() -> None:
    corpus = await filled()
    async with telling(corpus) as ours:
        ours.tenant.collections.update(COLLECTIONS)
        assert await asked(ours, DIRECTOR) == (READS[DIRECTOR.user], "")
        ours.tenant.collections["board"] = DocumentCollection(groups=("owners",))
        assert await asked(ours, DIRECTOR) == (READS[NOBODY.user], "")
        del ours.tenant.collections["own"]
        assert (await asked(ours, ADA, "salary of the harbour master?"))[0] == READS[NOBODY.user], "nobody's to read"


async def test_a_turn_that_is_taken_over_reads_what_its_user_might() -> None:
    async with telling(await filled()) as ours:
        ours.tenant.collections.update(COLLECTIONS)
        live = await OpenSessionHandler(ours.sessions, ours.turns.prepare.tenants).begin(ADA, "default")
        await ours.create(ADA, live, client_id="c", text=QUESTION)
        await ours.settled()
        [started] = await ours.facts(live, e.TurnStarted)
        assert started.collections == readable(ours.tenant, ADA) == ("", "all", "own")
        turn = live.state.turn(started.turn_id)
        assert turn is not None and turn.collections == started.collections
        heir = TurnRequest(
            turn_id=turn.turn_id, command="c", user=ADA.user, text=QUESTION, resumed=1, collections=turn.collections
        )
        prepared = await ours.turns.prepare(live, heir)
        assert prepared.run.config.collections == started.collections, "whose roles are known no more"
