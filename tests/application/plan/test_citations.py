"""Citations: every mark once, split or not, quoting the document exactly."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from application.plan.citations import CitationReader, best_sentence
from domain.session.events import Passage

DOCUMENT = "Intro here. Coffee may be returned within 30 days. Tea may not be returned.\nThe shop opens at nine."
PASSAGE = Passage(
    passage_id="p", document_id="d", title="policy", text=DOCUMENT[12:], start=12, end=len(DOCUMENT), score=0.5
)


def test_a_citation_quotes_the_sentence_that_supports_the_claim() -> None:
    (citation,) = CitationReader([PASSAGE]).read("You can return coffee within 30 days [1].", whole=True)
    assert citation.quote == "Coffee may be returned within 30 days."
    assert DOCUMENT[citation.start : citation.end] == citation.quote


@given(st.lists(st.integers(1, 12), max_size=8))
def test_marks_split_over_deltas_are_found_once(sizes: list[int]) -> None:
    text = "Coffee within 30 days [1]. More [12]. And the shop opens at nine [1][2]."
    reader, found, end = CitationReader([PASSAGE, PASSAGE]), [], 0
    for size in [*sizes, len(text)]:
        end = min(len(text), end + size)
        found += [citation.n for citation in reader.read(text[:end])]
    found += [citation.n for citation in reader.read(text, whole=True)]
    assert found == [1, 2]


def test_a_mark_that_names_no_passage_is_none() -> None:
    assert CitationReader([PASSAGE]).read("Nothing [7] [0] [999].", whole=True) == []


@given(st.text(max_size=200), st.text(max_size=60))
def test_the_best_sentence_is_a_trimmed_piece_of_the_text(text: str, claim: str) -> None:
    start, end = best_sentence(text, claim)
    assert 0 <= start <= end <= len(text)


def test_a_citation_of_a_table_names_the_row_of_its_sentence() -> None:
    rows = "port: Brest; tide: 7 m\nport: Hull; tide: 5 m\nport: Kiel; tide: none at all"
    passage = structs.replace(PASSAGE, text=rows, start=0, end=len(rows), page=2, row=40, heading="Ports")
    (citation,) = CitationReader([passage]).read("At Kiel there is no tide at all [1].", whole=True)
    assert citation.quote == "port: Kiel; tide: none at all"
    assert (citation.page, citation.row, citation.heading) == (2, 42, "Ports")
