"""A model that says raw events of Bedrock's stream, read as the adapter reads them, without a server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import msgspec

from adapters.bedrock.answer import Answer
from adapters.bedrock.failures import CAUGHT, of_error
from adapters.bedrock.frames import Headers
from application.ports.models.model import ModelCall, ModelEvent, ModelFailure

Frame = tuple[str, object]
"""Its event's name (`!name`: an exception's) and its body; bytes as they are."""


@dataclass
class WireModel:
    """Gives its streams one after the other, the last one for ever."""

    streams: Sequence[Sequence[Frame]]
    calls: list[ModelCall] = field(default_factory=list)

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelEvent, None]:
        """See the port, and `adapters/bedrock/language_model.py`."""
        frames = self.streams[min(len(self.calls), len(self.streams) - 1)]
        self.calls.append(call)
        answer, failure = Answer(), None
        for name, body in frames:
            payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
            kind = "exception" if name.startswith("!") else "event"
            try:
                answer.take_frame(Headers(kind, name.lstrip("!")), payload)
            except ModelFailure as error:
                failure = error
            except CAUGHT as error:
                failure = of_error(error, opened=True, started=answer.started)
            for event in answer.drain():
                yield event
            if failure is not None:
                break
        if failure is not None and not answer.complete:
            raise failure
        yield answer.finished()
