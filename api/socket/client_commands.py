"""From a client's frame to the command that it asks for, and to what its socket is told at once."""

from __future__ import annotations

from dataclasses import dataclass

from api.connections import client_frames as f
from api.http.turn_answers import history, repeat
from api.services import Services
from api.socket.frames_out import FramesOut
from application.sessions.live_session import LiveSession
from application.sessions.replay_session import Replay
from domain.access import Principal
from domain.access_denials import THEIRS
from domain.refusals import InvalidField, Refusal, SessionAlreadyOpen, SessionNotOpen
from domain.session.commands import ConfirmTool, GiveFeedback

NAMES = {kind: name for name, kind in f.CLIENT_FRAMES.items()}


@dataclass(frozen=True, eq=False)
class ClientCommands:
    """Of one socket, for the session that it has opened."""

    services: Services
    principal: Principal
    out: FramesOut

    async def __call__(self, frame: f.AnyClientFrame) -> None:
        """Do what a frame asks; whatever is refused is a `Refusal`."""
        try:
            await self._do(frame)
        except Refusal as refusal:
            if refusal.of_somebody_else:
                self.services.access.denials.note(self.principal, f"SOCKET {NAMES[type(frame)]}", THEIRS)
            raise

    async def _do(self, frame: f.AnyClientFrame) -> None:
        if isinstance(frame, f.SessionOpen):
            return await self._open(frame)
        live = self.out.live
        if live is None:
            raise SessionNotOpen
        match frame:
            case f.TurnCreate():
                await self._create(live, frame)
            case f.TurnCancel():
                await self.services.turns.cancel_turn(live, frame.turn_id)
            case f.ToolConfirm(turn_id=turn_id, call=call, allow=allow):
                by = self.principal.user
                command = ConfirmTool(turn_id=turn_id, call=call, allow=allow, by=by)
                await self.services.turns.confirm_tool(live, command)
            case f.FeedbackCreate():
                given = GiveFeedback(turn_id=frame.turn_id, rating=frame.rating, comment=frame.comment)
                await self.services.turns.give_feedback(self.principal, live, given)
            case f.Ping():
                await self.out.send(f.Pong(**self.out.notice(), client_id=frame.id))
        return None

    async def _open(self, frame: f.SessionOpen) -> None:
        if self.out.live:
            raise SessionAlreadyOpen
        if frame.session_id is None:
            if frame.after_seq is not None:
                raise InvalidField("`after_seq` needs a `session_id`.")
            live = await self.services.sessions.open_session.begin(self.principal, frame.assistant)
        else:
            live = await self.services.sessions.open_session.find(self.principal, frame.session_id)
        watching = self.services.sessions.watching
        await watching.watch(live)
        try:
            self.out.attach(live, frame.after_seq)
        except Refusal:
            watching.leave(live)
            raise
        told, older = history(live.state)
        await self.out.send(
            f.SessionWatched(
                **self.out.notice(),
                assistant=live.state.assistant,
                history=told,
                history_next=older,
                client_id=frame.id,
            )
        )
        self.out.opened.set()

    async def _create(self, live: LiveSession, frame: f.TurnCreate) -> None:
        turn, new = await self.services.turns.create_turn(
            self.principal,
            live,
            client_id=frame.id,
            text=frame.text,
            attachments=frame.attachments,
            use_cache=frame.cache == "use",
            metadata=frame.metadata,
        )
        if turn.digest:  # long past: what was said in it is with its facts alone
            turn = await Replay(self.services.store, str(live.id)).turn(turn.turn_id) or turn
        for told in [] if new else repeat(live, turn, self.out.cursor, self.out.first):
            await self.out.send(told)
