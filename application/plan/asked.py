"""What a turn asks, by the results of its plan's steps: its question in full, and what is searched for."""

from __future__ import annotations

from dataclasses import dataclass

from application.steps.facts import Facts
from application.steps.retrieve import Collections
from application.steps.step_results import Results, result_of
from application.steps.understand import (
    MOST_PARTS,
    Complexity,
    Expansions,
    Language,
    Parts,
    StandaloneQuestion,
)

MOST_QUERIES = 6


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """The question of a turn, as far as the steps have understood it."""

    facts: Facts
    results: Results

    @property
    def question(self) -> str:
        """The question, understandable without the conversation before it."""
        found = result_of(self.results, "rewrite_question", StandaloneQuestion)
        return found.question if found else self.facts.question

    @property
    def search_queries(self) -> tuple[str, ...]:
        """What to search for: the question first, then its parts and other wordings, each once."""
        parts = result_of(self.results, "split_question", Parts)
        more = result_of(self.results, "expand_query", Expansions)
        found = [self.question]
        found += parts.parts[:MOST_PARTS] if parts else []
        found += more.queries if more else []
        return tuple(dict.fromkeys(text for query in found if (text := query.strip())))[:MOST_QUERIES]

    @property
    def collections(self) -> tuple[str, ...]:
        """Where to search; nowhere in particular when empty."""
        found = result_of(self.results, "choose_collections", Collections)
        known = {one.name for one in self.facts.collections}
        return tuple(name for name in found.collections if name in known) if found else ()

    @property
    def language(self) -> str:
        """The language to answer in (BCP 47); empty when it is not known."""
        found = result_of(self.results, "detect_language", Language)
        return self.facts.wanted_language or (found.language if found and found.language != "und" else "")

    @property
    def complexity(self) -> str:
        """`simple`, `moderate` or `complex`; empty when it was not assessed."""
        found = result_of(self.results, "assess_complexity", Complexity)
        return found.level if found else ""
