"""What becomes of an answer that was given, by the results of the steps that looked at it."""

from __future__ import annotations

from dataclasses import dataclass

from application.plan.answering import Answering
from application.steps.step_results import result_of
from application.steps.understand import Language
from application.steps.verify import Grounding, OutputScreening


@dataclass(frozen=True, slots=True)
class AnswerVerdict:
    """Whether it stands, is written anew, withdrawn or translated."""

    answering: Answering

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The answer's statements that the passages do not bear out."""
        found = result_of(self.answering.results, "check_grounding", Grounding)
        return tuple(found.unsupported) if found and not found.grounded else ()

    @property
    def must_revise(self) -> bool:
        """The answer is to be written anew."""
        found = result_of(self.answering.results, "check_grounding", Grounding)
        return found is not None and not found.grounded

    @property
    def must_withdraw(self) -> bool:
        """The answer may not stand."""
        found = result_of(self.answering.results, "screen_output", OutputScreening)
        return found is not None and found.verdict == "unsafe"

    @property
    def must_translate(self) -> bool:
        """The question was in another language than the answer is wanted in, and so the answer may be too."""
        found = result_of(self.answering.results, "detect_language", Language)
        wanted = self.answering.facts.wanted_language
        if found is None or not wanted or self.answering.settled:
            return False
        return _primary(found.language) != _primary(wanted)


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
