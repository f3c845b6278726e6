"""How a turn is answered, by the results of its plan's steps: which step speaks, on which tier, with which tools."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from application.plan.asked import AskedQuestion
from application.steps.act import ToolChoice
from application.steps.answer import PROPER
from application.steps.facts import Facts
from application.steps.step import Tier
from application.steps.step_results import Results, result_of
from application.steps.understand import Intent, Screening

FROM_FILES = "answer_from_documents"


@dataclass(frozen=True, slots=True)
class Answering:
    """`allowed` are the answer steps that the plan has."""

    facts: Facts
    results: Results
    allowed: Collection[str] = PROPER

    @property
    def step(self) -> str:
        """Which step speaks to the user."""
        wanted = self._wanted()
        if wanted in self.allowed:
            return wanted
        return "answer_from_documents" if self.facts.documents else "answer_directly"

    def _wanted(self) -> str:
        screening = result_of(self.results, "screen_input", Screening)
        intent = result_of(self.results, "classify_intent", Intent)
        if screening and screening.verdict == "unsafe":
            return "decline"
        if self.facts.attached:  # what is asked is asked of them, however it reads without them
            return "answer_from_data" if intent and intent.intent == "tools" and self.facts.tools else FROM_FILES
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
        return self.step in ("decline", "ask_back")

    @property
    def tier(self) -> Tier:
        """The tier of model that the answer needs."""
        return "fast" if self.settled or AskedQuestion(self.facts, self.results).complexity == "simple" else "balanced"

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools to offer. Where it is not clear whether the question is safe, none that change
        anything."""
        if self.settled or (self.step == "answer_directly" and self.facts.documents):
            return ()
        choice = result_of(self.results, "choose_tools", ToolChoice)
        screening = result_of(self.results, "screen_input", Screening)
        wanted = None if choice is None or (choice.needed and not choice.tools) else set(choice.tools)
        careful = screening is not None and screening.verdict != "safe"
        return tuple(
            tool.name
            for tool in self.facts.tools
            if (wanted is None or tool.name in wanted) and not (careful and tool.effects)
        )
