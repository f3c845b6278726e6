"""A dependency that fails at one of the calls that are made to it, whichever the test wants, and works otherwise."""

from __future__ import annotations

import inspect
from typing import Any


class Faults:
    """Counts the awaited calls of all that share it; the one numbered `at` raises `fault` instead, once. What `spoiled`
    names as (method, first argument) raises it always."""

    def __init__(self, at: int = -1, fault: BaseException | None = None, spoiled: tuple[str, str] = ("", "")) -> None:
        self.at, self.fault, self.spoiled = at, fault, spoiled
        self.calls: list[str] = []
        self.raised = False

    def pass_by(self, name: str, arguments: tuple[Any, ...]) -> None:
        """A call is made."""
        number, self.calls = len(self.calls), [*self.calls, name]
        spoiled = bool(arguments) and (name, arguments[0]) == self.spoiled
        if self.fault is not None and (number == self.at or spoiled):
            self.raised = True
            raise self.fault


class Faulty:
    """`target` behind `faults`."""

    def __init__(self, target: Any, faults: Faults) -> None:
        self._target, self._faults = target, faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if inspect.isasyncgenfunction(found):

            async def give(*arguments: Any, **named: Any) -> Any:
                self._faults.pass_by(name, arguments)
                async for item in found(*arguments, **named):
                    yield item

            return give
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            self._faults.pass_by(name, arguments)
            return await found(*arguments, **named)

        return call
