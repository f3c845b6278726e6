"""What the results of a plan's steps change in its turn: what is searched, which passages count, how it is answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from application.plan.answering import Answering
from application.plan.asked import AskedQuestion
from application.plan.kept_passages import KeptPassages
from application.plan.prompt import question_message
from application.plan.verdict import AnswerVerdict
from application.ports.model import Message, Text
from application.steps.answer import PROPER, answer_words
from application.steps.facts import Facts
from application.steps.step_results import Results
from domain.session.events import Passage


@dataclass(frozen=True, slots=True)
class Effects:
    """A pure view on the results so far: ask it again whenever there are more. `keep` is how many passages go into the
    prompt, `answers` which answer steps the plan allows; with `lean` the answer's prompt is as it is without steps."""

    facts: Facts
    results: Results
    keep: int = 6
    answers: Collection[str] = PROPER
    lean: bool = False

    @property
    def asked(self) -> AskedQuestion:
        """What is asked and searched for."""
        return AskedQuestion(self.facts, self.results)

    @property
    def answering(self) -> Answering:
        """How it is answered."""
        return Answering(self.facts, self.results, self.answers)

    @property
    def passages(self) -> KeptPassages:
        """Which passages count."""
        return KeptPassages(self.answering, self.keep)

    @property
    def verdict(self) -> AnswerVerdict:
        """What becomes of the answer."""
        return AnswerVerdict(self.answering)

    def message(self, retrieved: Sequence[Passage]) -> Message:
        """The last message of the answer's prompt: what the step is told, the kept passages numbered from [1], the
        question as typed and, where that is another one, in full. In `lean` there is only what `prompt` makes of it."""
        passages = self.passages.shortened(retrieved)
        if self.lean:
            return question_message(self.facts.question, passages)
        asked = self.facts.question
        if self.asked.question != asked:
            asked += f"\n(In full: {self.asked.question})"
        words = answer_words(self.answering.step, language=self.asked.language, tools=bool(self.answering.tools))
        blocks = question_message(asked, passages).content if passages else (Text("Question: "), Text(asked))
        return Message("user", (Text(f"{words}\n\n"), *blocks))
