"""Files that are attached to a turn: whose they may be, what of them reaches a model, and what is kept of that."""

from __future__ import annotations

import pytest

from application.clock import new_id
from application.files.delete_file import key_of
from application.plan.attached import ReadFile, fitted
from application.ports.documents.extractor import Extracted
from application.ports.models.model import ModelCall, Picture
from application.sessions import feed_frames as f
from application.sessions.erase_session import EraseSessionHandler
from application.turns.read_attachments import LARGEST_PICTURE, MOST_PICTURES
from domain.event import StreamId
from domain.file.events import FileDeleted
from domain.refusals import FileNotFound, IdempotencyConflict, PayloadTooLarge, UnsupportedMediaType
from domain.session import events as e
from domain.tenant.assistant import Assistant, ModelPolicy
from domain.usage import estimate_tokens
from tests.application.turns.harness import TENANT, frames_of, house, member
from tests.fakes.in_memory_known_exchanges import InMemoryKnownExchanges
from tests.fakes.nothing_private import NamedWords
from tests.fakes.scripted_model import Reply
from tests.fakes.small_ports import NoTail

PNG = b"\x89PNG\r\n\x1a\n rest"
NOTES = b"The lighthouse opens at nine. Call ada@example.com for keys."
LOOKS = Assistant(pictures=True)


def told(call: ModelCall) -> str:
    return "".join(message.text for message in call.messages)


def pictures(call: ModelCall) -> list[Picture]:
    return [block for message in call.messages for block in message.content if isinstance(block, Picture)]


async def test_a_file_joins_the_prompt_fenced_redacted_and_can_be_cited() -> None:
    asked = Reply(("The lighthouse opens at nine [1]. Coffee goes back [2].",))
    async with house(asked, detector=NamedWords(email="ada@example.com")) as ours:
        file = await ours.files.add("notes [7].txt", NOTES)
        live = await ours.open()
        turn = await ours.ask(live, "When does it open?", attachments=(file,))
        prompt = told(ours.model.calls[-1])
        assert "[1] notes (7).txt\nThe lighthouse opens at nine. Call [EMAIL_1] for keys." in prompt
        assert (
            prompt.index("<data-") < prompt.index("[1] notes") < prompt.index("[2] Returns") < prompt.index("</data-")
        )
        first, second = turn.citations
        assert (first.document_id, first.title) == (file, "notes [7].txt")
        assert NOTES.decode()[first.start : first.end] == first.quote == "The lighthouse opens at nine."
        assert second.document_id == "d1"
        (read,) = await ours.facts(live, e.AttachmentsRead)
        assert [passage.text for passage in read.passages] == [NOTES.decode()]
        steps = [
            (frame.step, frame.status) for frame in frames_of(live, f.StepProgress) if frame.step == "read_attachments"
        ]
        assert steps == [("read_attachments", "started"), ("read_attachments", "finished")]


@pytest.mark.parametrize("plan", ["lean", "standard"])
async def test_a_tenant_without_documents_is_answered_from_the_file(plan: str) -> None:
    async with house(Reply(("Nine [1].",)), assistant=Assistant(plan=plan), passages=()) as ours:
        file = await ours.files.add("notes.txt", NOTES)
        turn = await ours.ask(await ours.open(), "Summarise this, please.", attachments=(file,))
        assert [citation.document_id for citation in turn.citations] == [file]
        assert [call for call in ours.model.calls if "[1] notes.txt" in told(call)]


async def test_files_that_are_not_the_users_begin_no_turn() -> None:
    async with house(assistant=LOOKS) as ours:
        live, mine = await ours.open(), await ours.files.add("a.txt", b"mine")
        theirs = await ours.files.add("b.txt", b"theirs", user="bob")
        foreign = await ours.files.add("c.txt", b"foreign", tenant=new_id())
        gone = await ours.files.add("d.txt", b"gone")
        await ours.files.delete(TENANT, gone, "asked", "ada")
        for wrong in (theirs, foreign, gone, new_id(), "x", ""):
            with pytest.raises(FileNotFound):
                await ours.ask(live, "What is in it?", attachments=(mine, wrong))
        assert not await ours.facts(live, e.TurnStarted) and not ours.model.calls
        assert (await ours.ask(live, "What is in it?", attachments=(mine,))).status == "completed"


async def test_pictures_go_only_where_the_assistant_takes_them() -> None:
    async with house() as ours:
        live, picture = await ours.open(), await ours.files.add("a.png", PNG)
        unknown = await ours.files.add("a.zip", b"PK\x03\x04rest")
        for file in (picture, unknown):
            with pytest.raises(UnsupportedMediaType):
                await ours.ask(live, "What is this?", attachments=(file,))
        assert not ours.model.calls
    async with house(assistant=LOOKS) as ours:
        live, picture = await ours.open(), await ours.files.add("a.png", PNG)
        await ours.ask(live, "What is this?", attachments=(picture, picture))
        (call,) = ours.model.calls
        assert pictures(call) == [Picture("image/png", PNG)] and "Returns" not in told(call)
        text = await ours.files.add("a.txt", NOTES)
        await ours.ask(live, "And with this?", attachments=(picture, text))
        assert len(pictures(ours.model.calls[-1])) == 1 and "lighthouse" in told(ours.model.calls[-1])
        large = await ours.files.add("b.png", PNG + b"x" * LARGEST_PICTURE)
        many = [await ours.files.add(f"{n}.png", PNG) for n in range(MOST_PICTURES + 1)]
        for files in ([large], many):
            with pytest.raises(PayloadTooLarge):
                await ours.ask(live, "And these?", attachments=tuple(files))


async def test_models_that_take_no_pictures_get_none() -> None:
    blind = Assistant(pictures=True, models=ModelPolicy(fast="x.blind-v1:0", balanced="x.blind-v1:0"))
    async with house(assistant=blind) as ours:
        live, picture = await ours.open(), await ours.files.add("a.png", PNG)
        turn = await ours.ask(live, "What is this?", attachments=(picture,))
        assert (turn.status, turn.error_code) == ("failed", "model_unavailable") and not ours.model.calls


async def test_what_cannot_be_read_is_said_to_the_model() -> None:
    async with house(passages=()) as ours:
        broken, empty = await ours.files.add("a.pdf", b"%PDF-1.7 broken"), await ours.files.add("b.txt", b"   ")
        turn = await ours.ask(await ours.open(), "What do they say?", attachments=(broken, empty))
        prompt = told(ours.model.calls[-1])
        assert turn.status == "completed"
        assert "a.pdf: it could not be read (unreadable)" in prompt and "b.txt: it could not be read" in prompt


async def test_a_file_that_is_out_of_reach_fails_the_turn_honestly() -> None:
    async with house() as ours:
        file = await ours.files.add("a.txt", NOTES)
        ours.files.blobs.away = True
        turn = await ours.ask(await ours.open(), "What does it say?", attachments=(file,))
        assert (turn.status, turn.error_code, turn.error_retryable) == ("failed", "dependency_unavailable", True)
        assert not ours.model.calls


async def test_the_same_id_is_the_same_text_with_the_same_files() -> None:
    async with house() as ours:
        live = await ours.open()
        one, two = await ours.files.add("a.txt", b"one"), await ours.files.add("b.txt", b"two")
        first = await ours.ask(live, "What?", client_id="k", attachments=(one,))
        assert (await ours.ask(live, "What?", client_id="k", attachments=(one,))).turn_id == first.turn_id
        for other in ((), (two,), (one, two)):
            with pytest.raises(IdempotencyConflict):
                await ours.ask(live, "What?", client_id="k", attachments=other)
        assert len(ours.model.calls) == 1


async def test_answers_with_files_and_without_are_not_each_others() -> None:
    asked = "When does the lighthouse open?"
    async with house(Reply(("First.",)), Reply(("Second.",)), Reply(("Third.",))) as ours:
        file = await ours.files.add("a.txt", NOTES)
        answers = [
            (await ours.ask(await ours.open(), asked, attachments=files)).answer for files in ((file,), (), (file,), ())
        ]
        assert answers == ["First.", "Second.", "Third.", "Second."]


async def test_large_files_share_the_budget_and_small_ones_come_whole() -> None:
    async with house(attachment_tokens=300) as ours:
        small = await ours.files.add("small.txt", b"Small but whole.")
        lines = "\n\n".join(f"Paragraph {n} is about nothing in particular at all." for n in range(400))
        large = await ours.files.add("large.txt", f"{lines}\n\nThe zebra sleeps in the attic.\n\n{lines}".encode())
        live = await ours.open()
        await ours.ask(live, "Where does the zebra sleep?", attachments=(large, small))
        prompt = told(ours.model.calls[-1])
        assert "Small but whole." in prompt and "large.txt: only those parts" in prompt
        (read,) = await ours.facts(live, e.AttachmentsRead)
        assert sum(estimate_tokens(passage.text) for passage in read.passages) <= 300


def test_a_file_that_does_not_fit_gives_what_matters_in_its_order() -> None:
    lines = [f"Line {n} about tea." for n in range(50)] + ["The zebra sleeps."] + ["More about tea."] * 50
    text = "\n".join(lines)
    spans, at = [], 0
    for line in lines:
        spans.append((at, at + len(line)))
        at += len(line) + 1
    found = fitted([ReadFile("f", "a.txt", Extracted("", text, tuple(spans)))], "where does the zebra sleep", 100)
    texts = [passage.text for passage in found.passages]
    assert "The zebra sleeps." in texts and len(texts) > 2
    assert [passage.start for passage in found.passages] == sorted(passage.start for passage in found.passages)
    assert found.notes and found.notes[0].startswith("a.txt: only")


async def test_erasing_a_session_takes_the_files_of_its_own_turns_along() -> None:
    async with house() as ours:
        attached, other = await ours.files.add("a.txt", NOTES), await ours.files.add("b.txt", b"not attached")
        live = await ours.open()
        await ours.ask(live, "What?", attachments=(attached,))
        views = []

        async def erase_view(tenant: str, session: str, version: int) -> None:
            views.append(session)

        cache, files = ours.turns.cache, ours.files
        exchanges = InMemoryKnownExchanges()
        erase = EraseSessionHandler(ours.store, ours.sessions, NoTail(), cache, files.delete, exchanges, erase_view)
        receipt = await erase(member(), live.id)
        assert list(files.blobs.kept) == [key_of(StreamId(TENANT, "file", other))]
        assert "files" in receipt and views == [live.id.id]
        assert files.facts()[-1] == FileDeleted(reason="session_erased")
