"""Every step by its name."""

from __future__ import annotations

from application.steps.act import ACT
from application.steps.after import AFTER
from application.steps.answer import ANSWER
from application.steps.retrieve import RETRIEVE
from application.steps.step import Step
from application.steps.understand import UNDERSTAND
from application.steps.verify import VERIFY

STEPS: dict[str, Step] = {step.name: step for step in (*UNDERSTAND, *RETRIEVE, *ACT, *ANSWER, *VERIFY, *AFTER)}
