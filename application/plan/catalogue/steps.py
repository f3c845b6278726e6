"""Every step by its name."""

from __future__ import annotations

from application.plan.catalogue.act import ACT
from application.plan.catalogue.after import AFTER
from application.plan.catalogue.answer import ANSWER
from application.plan.catalogue.retrieve import RETRIEVE
from application.plan.catalogue.understand import UNDERSTAND
from application.plan.catalogue.verify import VERIFY
from application.plan.step import Step

STEPS: dict[str, Step] = {step.name: step for step in (*UNDERSTAND, *RETRIEVE, *ACT, *ANSWER, *VERIFY, *AFTER)}
