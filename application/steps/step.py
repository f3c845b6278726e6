"""What a step is: a task for a model, declared as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from application.steps.facts import Facts
from domain.dependence import Dependence

Stage = Literal["understand", "retrieve", "act", "answer", "verify", "after"]
Tier = Literal["fast", "balanced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A task for a model.

    `prompt` is what the model is told to do and `reads` names the inputs it is shown, each as data inside a tag.
    `output` is the type its JSON reply must fit, None when its reply is prose that is streamed to the user (or, in
    `call_tools`, tool calls); `default` stands in when there is no usable reply in `timeout_s` seconds. `needs` are
    the steps without whose results it makes no sense; `follows` those it waits for where the plan has them. `when`
    says from the facts whether there is anything to do; a step `on_demand` is asked by the turn itself when it comes
    to that and not by the plan. `depends` is what an answer hangs on in which the reply had a part, beside what the
    step reads. `cacheable`: the same inputs may be given the same reply for a while, whoever's they are.
    """

    name: str
    stage: Stage
    depends: Dependence
    purpose: str
    prompt: str
    reads: tuple[str, ...]
    output: type[msgspec.Struct] | None = None
    default: msgspec.Struct | None = None
    needs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    tier: Tier = "fast"
    max_tokens: int = 150
    timeout_s: float = 4.0
    cacheable: bool = False
    when: Callable[[Facts], bool] | None = None
    on_demand: bool = False

    def __post_init__(self) -> None:
        if self.cacheable and self.depends.audience != "tenant":
            raise ValueError(f"the replies of {self.name} are not for all, and so not to be kept for all")
