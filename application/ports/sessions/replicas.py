"""Messages between the processes of an installation: said at once, and lost where nobody listens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

Hear = Callable[[str, bytes], Awaitable[None]]
"""Takes a stream and what was told of it."""
Answer = Callable[[bytes], Awaitable[bytes]]
Begun = Callable[[str, Sequence[str]], Awaitable[None]]
"""Takes a process and the streams whose turns it is said to run now: a hint, by whoever can send one."""


class Replicas(Protocol):
    """Nothing that hangs on it may be lost with it. What is sent is sealed by its sender; a subject names the tenant
    and the session alone. Every call is `domain.refusals.DependencyUnavailable` while there is no way to the others."""

    async def listen(self, streams: Sequence[str], hear: Hear) -> None:
        """From its return on, hear what other processes tell of these streams, one message of a stream at a time."""
        ...

    async def leave(self, streams: Sequence[str]) -> None:
        """Hear no more of them; never an error."""
        ...

    async def tell(self, stream: str, message: bytes) -> None:
        """Tell every process that listens to a stream."""
        ...

    async def announce(self, streams: Sequence[str]) -> None:
        """Tell every other process that turns of these streams run in this one from now on."""
        ...

    async def hear_begun(self, begun: Begun) -> None:
        """From its return on, hear what others announce."""
        ...

    async def ask(self, process: str, message: bytes, within_s: float) -> bytes:
        """What a process answers. `DependencyUnavailable` also when it is gone, or silent for so long."""
        ...

    async def answer(self, answer: Answer) -> None:
        """Be asked, from its return on. A question on which `answer` raises is left without an answer."""
        ...
