"""What the results of a plan's steps change in its turn: what is searched, which passages count, how it is answered."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from application.plan.catalogue.act import ToolChoice
from application.plan.catalogue.answer import PROPER, answer_words
from application.plan.catalogue.retrieve import Collections, Excerpts, Grades, Ranking
from application.plan.catalogue.understand import (
    MOST_PARTS,
    Complexity,
    Expansions,
    Intent,
    Language,
    Parts,
    Screening,
    StandaloneQuestion,
)
from application.plan.catalogue.verify import Grounding, OutputScreening
from application.plan.facts import Facts
from application.plan.prompt import question_message
from application.plan.step import Tier
from application.ports.model import Message, Text
from domain.session.events import Passage

MOST_QUERIES = 6
SHORTEST_EXCERPT = 20  # characters; less says nothing on its own
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effects:
    """A pure view on the results so far: ask it again whenever there are more. `keep` is how many passages go into the
    prompt, `answers` which answer steps the plan allows; with `lean` the answer's prompt is as it is without steps."""

    facts: Facts
    results: Mapping[str, Any]
    keep: int = 6
    answers: Collection[str] = PROPER
    lean: bool = False

    def _result(self, step: str, kind: type[T]) -> T | None:
        found = self.results.get(step)
        return found if isinstance(found, kind) else None

    # What is asked

    @property
    def question(self) -> str:
        """The question, understandable without the conversation before it."""
        found = self._result("rewrite_question", StandaloneQuestion)
        return found.question if found else self.facts.question

    @property
    def search_queries(self) -> tuple[str, ...]:
        """What to search for: the question first, then its parts and other wordings, each once."""
        parts, more = self._result("split_question", Parts), self._result("expand_query", Expansions)
        found = [self.question]
        found += parts.parts[:MOST_PARTS] if parts else []
        found += more.queries if more else []
        return tuple(dict.fromkeys(text for query in found if (text := query.strip())))[:MOST_QUERIES]

    @property
    def collections(self) -> tuple[str, ...]:
        """Where to search; nowhere in particular when empty."""
        found = self._result("choose_collections", Collections)
        return tuple(name for name in found.collections if name in self.facts.collections) if found else ()

    @property
    def language(self) -> str:
        """The language to answer in (BCP 47); empty when it is not known."""
        found = self._result("detect_language", Language)
        return self.facts.wanted_language or (found.language if found and found.language != "und" else "")

    @property
    def complexity(self) -> str:
        """`simple`, `moderate` or `complex`; empty when it was not assessed."""
        found = self._result("assess_complexity", Complexity)
        return found.level if found else ""

    # How it is answered

    @property
    def answer_step(self) -> str:
        """Which step speaks to the user."""
        wanted = self._wanted_answer()
        if wanted in self.answers:
            return wanted
        return "answer_from_documents" if self.facts.documents else "answer_directly"

    def _wanted_answer(self) -> str:
        screening, intent = self._result("screen_input", Screening), self._result("classify_intent", Intent)
        if screening and screening.verdict == "unsafe":
            return "decline"
        match intent.intent if intent else "documents":
            case "off_topic":
                return "decline"
            case "ambiguous":
                return "ask_back"
            case "tools" if self.facts.tools:
                return "answer_from_data"
            case "conversation":
                return "answer_directly"
        if self.facts.tools and not self.facts.documents:
            return "answer_from_data"
        return "answer_from_documents" if self.facts.documents else "answer_directly"

    @property
    def settled(self) -> bool:
        """Nothing more need be found out: the question is declined or asked back."""
        return self.answer_step in ("decline", "ask_back")

    @property
    def answer_tier(self) -> Tier:
        """The tier of model that the answer needs."""
        return "fast" if self.settled or self.complexity == "simple" else "balanced"

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools to offer. Where it is not clear whether the question is safe, none that change
        anything."""
        if self.settled or (self.answer_step == "answer_directly" and self.facts.documents):
            return ()
        choice, screening = self._result("choose_tools", ToolChoice), self._result("screen_input", Screening)
        wanted = None if choice is None or (choice.needed and not choice.tools) else set(choice.tools)
        careful = screening is not None and screening.verdict != "safe"
        return tuple(
            tool.name
            for tool in self.facts.tools
            if (wanted is None or tool.name in wanted) and not (careful and tool.effects)
        )

    def message(self, retrieved: Sequence[Passage]) -> Message:
        """The last message of the answer's prompt: what the step is told, the kept passages numbered from [1], the
        question as typed and, where that is another one, in full. In `lean` there is only what `prompt` makes of it."""
        passages = self.prompt_passages(retrieved)
        if self.lean:
            return question_message(self.facts.question, passages)
        asked = self.facts.question
        if self.question != asked:
            asked += f"\n(In full: {self.question})"
        words = answer_words(self.answer_step, language=self.language, tools=bool(self.tools))
        blocks = question_message(asked, passages).content if passages else (Text("Question: "), Text(asked))
        return Message("user", (Text(f"{words}\n\n"), *blocks))

    # Which passages count: always the same tuple of retrieved ones goes in, numbered from 1 as the steps saw them

    def keep_passages(self, retrieved: Sequence[Passage]) -> tuple[Passage, ...]:
        """Those that are kept, whole and in their order; number them from 1 in the answer's prompt and citations."""
        return tuple(retrieved[n - 1] for n in self.kept_numbers(len(retrieved)))

    def prompt_passages(self, retrieved: Sequence[Passage]) -> tuple[Passage, ...]:
        """The same in the same order, shortened where `compress` did: for the prompt alone, never for citations."""
        found = self._result("compress", Excerpts)
        texts = {excerpt.n: excerpt.text for excerpt in found.excerpts} if found else {}
        return tuple(
            _shortened(retrieved[n - 1], texts[n]) if n in texts else retrieved[n - 1]
            for n in self.kept_numbers(len(retrieved))
        )

    def kept_numbers(self, retrieved: int) -> tuple[int, ...]:
        """Which of that many passages are kept, best first. One at least when the answer is to come from documents, for
        without any a model would answer from its memory."""
        if self.settled or self.answer_step == "answer_directly":
            return ()
        ranking, grades = self._result("rerank", Ranking), self._result("grade_passages", Grades)
        named = [n for n in ranking.order if n <= retrieved] if ranking else []
        order = list(dict.fromkeys([*named, *range(1, retrieved + 1)]))
        dropped = set(grades.drop) if grades else set()
        kept = [n for n in order if n not in dropped] or order[:1]
        return tuple(kept[: self.keep])

    # What becomes of the answer

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The answer's statements that the passages do not bear out."""
        found = self._result("check_grounding", Grounding)
        return tuple(found.unsupported) if found and not found.grounded else ()

    @property
    def must_revise(self) -> bool:
        """The answer is to be written anew."""
        found = self._result("check_grounding", Grounding)
        return found is not None and not found.grounded

    @property
    def must_withdraw(self) -> bool:
        """The answer may not stand."""
        found = self._result("screen_output", OutputScreening)
        return found is not None and found.verdict == "unsafe"

    @property
    def must_translate(self) -> bool:
        """The question was in another language than the answer is wanted in, and so the answer may be too."""
        found, wanted = self._result("detect_language", Language), self.facts.wanted_language
        if found is None or not wanted or self.settled:
            return False
        return _primary(found.language) != _primary(wanted)


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def _shortened(passage: Passage, excerpt: str) -> Passage:
    """The passage with the excerpt as its text, if every sentence of that is really in it; else as it is."""
    whole = _spaced(passage.text)
    sentences = [_spaced(s) for s in _SENTENCE_END.split(excerpt.strip()) if s.strip()]
    if len(excerpt.strip()) < SHORTEST_EXCERPT or len(excerpt) >= len(passage.text):
        return passage
    if not all(sentence in whole for sentence in sentences):
        return passage
    return msgspec.structs.replace(passage, text=excerpt.strip())


def _spaced(text: str) -> str:
    return " ".join(text.split())
