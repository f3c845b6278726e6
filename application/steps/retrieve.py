"""The steps around the search: where to look, which passages are of use, in which order, and how much of each."""

from __future__ import annotations

from typing import Annotated

import msgspec

from application.steps.facts import Facts
from application.steps.step import Step
from domain.dependence import NOTHING

Number = Annotated[int, msgspec.Meta(ge=1)]


class Collections(msgspec.Struct, frozen=True):
    """The collections to look in; all of them when none is named."""

    collections: list[str]


class Grades(msgspec.Struct, frozen=True):
    """The numbers of the passages that are of no use."""

    drop: list[Number]


class Ranking(msgspec.Struct, frozen=True):
    """The numbers of the passages, the most useful first; those not named keep their order behind."""

    order: list[Number]


class Excerpt(msgspec.Struct, frozen=True):
    """What matters of passage `n`, word for word."""

    n: Number
    text: str


class Excerpts(msgspec.Struct, frozen=True):
    """The passages that can be shortened; the others stay whole."""

    excerpts: list[Excerpt]


def _documents(facts: Facts) -> bool:
    return facts.documents


RETRIEVE = (
    Step(
        name="choose_collections",
        stage="retrieve",
        depends=NOTHING,
        purpose="Which of the tenant's collections may hold the answer?",
        prompt="""From the list of collections choose every one whose documents may answer the question, by its exact \
name. A collection left out is not searched, so leave out only those that clearly cannot help. When you cannot tell, \
choose none, and all are searched.""",
        reads=("collections", "standalone_question"),
        output=Collections,
        default=Collections([]),
        follows=("rewrite_question",),
        when=lambda facts: facts.documents and len(facts.collections) > 1,
        cacheable=True,
    ),
    Step(
        name="grade_passages",
        stage="retrieve",
        depends=NOTHING,
        purpose="Which passages are of no use for the answer?",
        prompt="""Read the numbered passages. List the numbers of those that help in no way to answer the question: \
about another subject, another product, place, time or group of people than it asks for, or merely sharing words with \
it. A passage that answers only a part, sets a condition or an exception, or contradicts another one is of use: do not \
list it. In doubt do not list it.""",
        reads=("passages", "standalone_question"),
        output=Grades,
        default=Grades([]),
        needs=("retrieve",),
        max_tokens=100,
        when=_documents,
    ),
    Step(
        name="rerank",
        stage="retrieve",
        depends=NOTHING,
        purpose="The order in which the passages help most.",
        prompt="""Put the numbered passages in the order in which they help to answer the question: first the one that \
answers it most directly and completely; of two that say the same, first the more specific, then the more recent one. \
List each number once.""",
        reads=("passages", "standalone_question"),
        output=Ranking,
        default=Ranking([]),
        needs=("retrieve",),
        max_tokens=120,
        when=_documents,
    ),
    Step(
        name="compress",
        stage="retrieve",
        depends=NOTHING,
        purpose="Of long passages, only what matters.",
        prompt="""For each numbered passage that says much beside the point, copy the sentences that bear on the \
question: word for word, in their order, with every condition, exception, number and date that belongs to them. Never \
reword, join or complete a sentence. A passage that is short or all to the point you leave out of your list; it is \
then used whole.""",
        reads=("kept_passages", "standalone_question"),
        output=Excerpts,
        default=Excerpts([]),
        needs=("retrieve",),
        follows=("grade_passages", "rerank"),
        max_tokens=1_200,
        timeout_s=6.0,
        when=_documents,
    ),
)
