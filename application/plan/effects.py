"""What the results of a plan's steps change in its turn: what is searched, which passages count, how it is answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from application.plan.answering import Answering
from application.plan.asked import AskedQuestion
from application.plan.attached import NOTHING_ATTACHED, Attached
from application.plan.kept_passages import KeptPassages
from application.plan.prompt import question_message
from application.plan.verdict import AnswerVerdict
from application.ports.models.model import Message, Text
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

    def quoted(self, retrieved: Sequence[Passage], attached: Attached = NOTHING_ATTACHED) -> tuple[Passage, ...]:
        """What marks of the answer mean, from [1]: passages of files that are attached, then those that were kept."""
        return (*self._files(attached).passages, *self.passages.whole(retrieved))

    def message(self, retrieved: Sequence[Passage], attached: Attached = NOTHING_ATTACHED) -> Message:
        """The last message of the answer's prompt: pictures, what the step is told, the passages numbered from [1] as
        in `quoted`, the question as typed and, where that is another one, in full. In `lean` there is only what
        `prompt` makes of it."""
        attached = self._files(attached)
        message = self._message((*attached.passages, *self.passages.shortened(retrieved)), attached.notes)
        return Message("user", (*attached.pictures, *message.content)) if attached.pictures else message

    def _files(self, attached: Attached) -> Attached:
        """Nothing of files in a reply that declines."""
        return NOTHING_ATTACHED if self.answering.settled else attached

    def _message(self, passages: Sequence[Passage], notes: Sequence[str]) -> Message:
        if self.lean:
            return question_message(self.facts.question, passages, notes)
        asked = self.facts.question
        if self.asked.question != asked:
            asked += f"\n(In full: {self.asked.question})"
        words = answer_words(self.answering.step, language=self.asked.language, tools=bool(self.answering.tools))
        told = passages or notes
        blocks = question_message(asked, passages, notes).content if told else (Text("Question: "), Text(asked))
        return Message("user", (Text(f"{words}\n\n"), *blocks))
