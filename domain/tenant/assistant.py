"""What an assistant of a tenant is: how it answers, by which models and caches, and for whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

PII_DEFAULTS: dict[str, str] = dict.fromkeys(
    ("email", "phone", "card", "iban", "national_id", "ip", "credential", "person", "address"), "placeholder"
) | dict.fromkeys(("date", "organisation", "place"), "allow")
Semantic = Literal["off", "strict", "verified"]
THRESHOLDS: dict[Semantic, float] = {"off": 0.85, "strict": 0.85, "verified": 0.55}


class CachePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which answer caches an assistant uses, how long (seconds) and how alike (cosine) a question must be; None: as
    alike as its mode wants.

    `semantic`: `strict` gives an answer again where grammar shows that two questions are one; `verified` also where a
    model says so. True, as it was stored once, is `strict`, and False is `off`.
    """

    exact: bool = True
    semantic: Semantic | bool = "strict"
    ttl_s: int = 86_400
    threshold: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.semantic, bool):
            msgspec.structs.force_setattr(self, "semantic", "strict" if self.semantic else "off")
        if self.threshold is None:
            msgspec.structs.force_setattr(self, "threshold", THRESHOLDS[self.mode])

    @property
    def mode(self) -> Semantic:
        """`semantic` by its name."""
        return self.semantic if isinstance(self.semantic, str) else "strict"

    @property
    def at_least(self) -> float:
        """The cosine from which a question is a candidate."""
        return THRESHOLDS[self.mode] if self.threshold is None else self.threshold


class ModelPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The models of an assistant by tier; empty means the installation's own. An application's inference profile is
    named with its model, `ARN#ID`. `allowed` (model ids or families) and
    `regions` (prefixes of inference profiles: `us`, `eu`, `global`, ...) narrow what the router may choose; empty means
    all."""

    fast: str = ""
    balanced: str = ""
    allowed: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Assistant(msgspec.Struct, frozen=True, kw_only=True):
    """How a tenant's assistant answers: what it is told, the plan it follows, its tools, and whether it reads the
    tenant's documents. `links` are the hosts that its answers may link to (`*.example.com`: and those below); none
    when empty. `pictures`: whether pictures that a user attaches go to the model. What they show cannot be redacted.
    Where `roles` or `groups` are named, it is for whoever has one of them; else for every member. Where `collections`
    are named, it reads of these what its user may read; else all that the user may. Where it is `confidential`, its
    sessions' costs and what was said in them are shown to those analysts and auditors alone whom it is for."""

    instructions: str = ""
    plan: str | tuple[str, ...] = "lean"
    models: ModelPolicy = ModelPolicy()
    tools: tuple[str, ...] = ()
    documents: bool = True
    cache: CachePolicy = CachePolicy()
    pii: dict[str, str] = {}
    links: tuple[str, ...] = ()
    pictures: bool = False
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    confidential: bool = False

    def is_for(self, roles: Iterable[str], groups: Iterable[str]) -> bool:
        """Whether somebody with these may talk to it; for everybody else there is no such assistant."""
        if not (self.roles or self.groups):
            return True
        return not {*self.roles}.isdisjoint(roles) or not {*self.groups}.isdisjoint(groups)
