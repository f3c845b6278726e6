"""The fact that somebody was kept from something."""

from __future__ import annotations

from domain.event import Event, topic

THEIRS = "theirs"


@topic("access.denied.1")
class AccessDenied(Event, frozen=True, kw_only=True):
    """Whoever caused it asked for a `route` (its pattern, without what stood in its place; or a frame) and got nothing:
    `forbidden` by their roles, or with credentials that were `revoked`, or for what is a colleague's (`theirs`).
    `count` is how often, within a few seconds; `more` how many others of the tenant there were beside, which are not
    told one by one."""

    route: str
    reason: str
    count: int = 1
    more: int = 0
