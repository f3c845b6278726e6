"""A tool asks its user before it is called: the question, and the answer that any of the user's sockets may give."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from application.execute import Context
from application.sessions import feed_frames as f
from application.sessions.live_session import LiveSession
from application.turns.elsewhere import NOWHERE, Elsewhere
from application.turns.running_turn import RunningTurn
from domain.session import rules
from domain.session.commands import ConfirmTool
from domain.session.events import ToolCalled, ToolConfirmationAsked
from domain.session.state import Session


@dataclass(frozen=True, slots=True)
class AskFirst:
    """Asks, and waits `within_s` seconds. What is asked and answered are facts of the session, so that an answer may
    come through any process, and is still known to whoever takes the turn over."""

    within_s: float

    async def __call__(self, run: RunningTurn, call: ToolCalled) -> bool:
        """Whether the call may be made. Not so when nobody answers in time, or the turn ends meanwhile or is taken
        over."""

        def answer(session: Session) -> bool | None:
            turn = session.running
            if turn is None or (turn.turn_id, turn.resumed) != (run.turn_id, run.request.resumed):
                return False
            return turn.confirmations.get(call.key)

        if answer(run.live.state) is None:
            asked = ToolConfirmationAsked(turn_id=run.turn_id, key=call.key, name=call.name, input=call.input)
            await run.live.commit(lambda session: rules.ask_first(session, asked), run.log.context)
            run.output.show(
                f.ToolCall(name=call.name, status="waiting", call=call.key, input=msgspec.json.decode(call.input))
            )
            await run.live.until(lambda session: answer(session) is not None, self.within_s)
            no = ConfirmTool(turn_id=run.turn_id, call=call.key, allow=False)
            await run.live.commit(
                lambda session: rules.confirm_tool(session, no) if answer(session) is None else [], run.log.context
            )
        allowed = answer(run.live.state) is True and not run.ended
        if allowed:
            run.output.show(f.ToolCall(name=call.name, status="started"))
        return allowed


@dataclass(frozen=True, slots=True)
class ConfirmToolHandler:
    """The answer is a fact of the session; whoever runs the turn `elsewhere` is told to look."""

    elsewhere: Elsewhere = NOWHERE

    async def __call__(self, live: LiveSession, command: ConfirmTool) -> None:
        """The user's answer. TurnNotFound when the turn has ended or never was, NotFound when no such call waits."""
        await live.refresh()  # another process may run the turn
        context = Context(command.by, command.turn_id)
        await live.commit(lambda session: rules.confirm_tool(session, command), context)
        if live.runs_elsewhere:
            await self.elsewhere.look(live)
