"""An event loop that waits for nothing: its clock jumps to the next timer, and no kernel is asked for anything."""

from __future__ import annotations

import selectors

from tests.virtual_time import JumpingSelector, VirtualTimeLoop

A_ROUND_S = 2e-5
"""What a round of the loop takes, in seconds: so timers come also where somebody spins."""


class NothingLeft(RuntimeError):
    """Nothing is ready and no timer is set: whatever is waited for will never be."""


class Clockwork(JumpingSelector):
    """Nothing ever comes from outside."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft
        self.now += max(timeout, A_ROUND_S)
        return []


def simulated_loop() -> VirtualTimeLoop:
    """What runs there waits for no thread and for no other process."""
    return VirtualTimeLoop(Clockwork())
