"""An answer cites the version of a document that it was made from, and that can be opened when another stands."""

from __future__ import annotations

from application.sessions import feed_frames as f
from tests.application.documents.harness import House as DocumentHouse
from tests.application.turns.harness import TENANT, frames_of, house
from tests.fakes.scripted_model import Reply

QUESTION = "what are the harbour dues"


async def test_what_an_answer_cites_can_be_opened_after_another_version_came() -> None:
    documents = DocumentHouse()
    first = await documents.added("dues.txt", b"Harbour dues are forty crowns.")
    async with house(Reply(("Forty crowns [1].",)), corpus=documents.corpus) as ours:
        live = await ours.open()
        before = await ours.ask(live, QUESTION)
        assert [cited.document_id for cited in before.citations] == [first]
        second = await documents.added("dues.txt", b"As of today harbour dues are fifty crowns.")
        other = await ours.open("bob")
        after = await ours.ask(other, QUESTION, use_cache=False)  # which version stands is known for a second
        assert [cited.document_id for cited in after.citations] == [second]
        for cited, session in ((before.citations[0], live), (after.citations[0], other)):
            text = await documents.corpus.fetch_text(TENANT, cited.document_id)
            assert text is not None and text[cited.start : cited.end] == cited.quote
            assert [frame.document_id for frame in frames_of(session, f.Cited)] == [cited.document_id]
