"""What is seen of a turn while it runs: frames on its session's feed, the answer's text and its citations."""

from __future__ import annotations

from application.clock import monotonic
from application.plan.citations import Citations
from application.sessions import feed_frames as f
from application.sessions.frame_limits import ANSWER_BYTES, cut, text_size
from application.sessions.live_session import LiveSession
from application.turns.turn_outcome import TurnOutcome
from domain.session import events as e


class TurnOutput:
    """What its watchers see. What is said stands in the turn's outcome too."""

    def __init__(self, live: LiveSession, turn_id: str, outcome: TurnOutcome) -> None:
        self._live, self._turn_id, self._outcome, self._room = live, turn_id, outcome, ANSWER_BYTES

    def show(self, frame: f.Frame) -> None:
        """Put a frame of this turn on the feed; nothing follows the one that ended it."""
        if not self._outcome.ended:
            self.show_end(frame)

    def show_end(self, frame: f.Frame) -> None:
        """The frame that ends the turn, or one that leads to it."""
        frame.turn_id = self._turn_id
        self._live.feed.put(frame)

    def say(self, text: str) -> None:
        """More of the answer, and the citations it brings; nothing beyond what a frame can hold."""
        outcome = self._outcome
        if (size := text_size(text)) > self._room:
            text, outcome.full = cut(text, self._room), True
            size = text_size(text)
        if outcome.ended or not text:
            return
        self._room -= size
        if outcome.first_text is None:
            outcome.first_text = monotonic()
        outcome.text += text
        self.show(f.Delta(delta=text))
        for citation in outcome.citations.read(outcome.text):
            self._show_citation(citation)

    def quote(self, citations: Citations) -> None:
        """From here on this is what marks in the text mean."""
        self._outcome.citations = citations

    def cite(self, n: int) -> None:
        """The model itself says that the last sentence comes from passage `n`."""
        if citation := self._outcome.citations.cite(n, self._outcome.text):
            self._show_citation(citation)

    def hear_out(self) -> None:
        """The answer is whole: show the citations that only its end could tell."""
        outcome = self._outcome
        for citation in [] if outcome.ended else outcome.citations.read(outcome.text, whole=True):
            self._show_citation(citation)

    def reset(self, reason: str, keep: str = "") -> None:
        """The text so far is void, but for `keep`, which is said again."""
        outcome = self._outcome
        if outcome.ended:
            return
        self._room = ANSWER_BYTES
        outcome.text, outcome.full, outcome.was_reset = "", False, True
        outcome.citations = outcome.citations.anew()
        self.show(f.Reset(reason=reason))
        if keep:
            self.say(keep)

    def _show_citation(self, c: e.Citation) -> None:
        self.show(
            f.Cited(
                n=c.n,
                document_id=c.document_id,
                title=c.title,
                quote=c.quote,
                start=c.start,
                end=c.end,
                score=c.score,
                page=c.page,
                row=c.row,
                heading=c.heading,
            )
        )
