"""The rules of a session: each takes what it remembers and a command, and gives the facts that follow or a refusal."""

from __future__ import annotations

from collections.abc import Sequence

from domain.event import Event
from domain.model_calls import settle
from domain.refusals import EmptyPrompt, IdempotencyConflict, NotFound, SessionNotFound, TurnInProgress, TurnNotFound
from domain.session.commands import ConfirmTool, CreateTurn, GiveFeedback, OpenSession, RenameSession
from domain.session.events import (
    FeedbackGiven,
    FollowedUp,
    FollowUpDue,
    SessionErased,
    SessionOpened,
    SessionRenamed,
    ToolConfirmationAsked,
    ToolConfirmed,
    TurnFailed,
    TurnResumed,
    TurnStarted,
)
from domain.session.state import Session, Turn


def open_session(session: Session, command: OpenSession) -> list[Event]:
    """A session begins once."""
    return [] if session.user else [SessionOpened(user=command.user, assistant=command.assistant)]


def take_over(session: Session, facts: Sequence[Event]) -> list[Event]:
    """A session takes over what another one held for as long as nothing was asked in it."""
    if session.erased:
        raise SessionNotFound
    if any(turn.client_id for turn in session.latest):
        raise TurnInProgress("Something was asked in the new session before the old one was copied whole.")
    return list(facts)


def rename_session(session: Session, command: RenameSession) -> list[Event]:
    """The user's own title stands, whatever is found for the session later."""
    if not session.user or session.erased:
        raise SessionNotFound
    if session.title_chosen and session.title == command.title:
        return []
    return [SessionRenamed(title=command.title, chosen=True)]


def known_turn(session: Session, command: CreateTurn) -> Turn | None:
    """The turn that this command already made; IdempotencyConflict when the same id said something else."""
    turn = session.turn_of_client(command.client_id)
    if turn and not turn.asks(command.text, command.attachments):
        raise IdempotencyConflict
    return turn


def create_turn(session: Session, command: CreateTurn) -> list[Event]:
    """One turn at a time; a repeated id makes no second one."""
    if session.closed:
        raise SessionNotFound
    if known_turn(session, command):
        return []
    if not command.text.strip():
        raise EmptyPrompt
    if session.running:
        raise TurnInProgress
    return [
        TurnStarted(
            turn_id=command.turn_id,
            client_id=command.client_id,
            text=command.text,
            attachments=command.attachments,
            use_cache=command.use_cache,
            metadata=command.metadata,
            instructions=command.instructions,
            collections=command.collections,
        )
    ]


def resume_turn(session: Session, by: str) -> list[Event]:
    """Take a running turn over: calls that nobody settled are settled by their estimate, marked as such."""
    turn = session.running
    if turn is None:
        return []
    return [*settle_open_calls(session), TurnResumed(turn_id=turn.turn_id, by=by)]


def settle_open_calls(session: Session) -> list[Event]:
    """A fact for each call whose outcome was lost: its estimate stands until the provider's log corrects it."""
    return [settle(call, call.estimate, estimated=True) for call in session.open_calls.values()]


def follow_up(session: Session) -> list[Event]:
    """Do what follows the latest turn, of which an earlier process left some undone."""
    if not session.follow_up:
        return []
    return [*settle_open_calls(session), FollowUpDue(turn_id=session.follow_up, tries=session.follow_up_tries + 1)]


def followed_up(session: Session, turn_id: str) -> list[Event]:
    """It is done, if another turn has not been begun meanwhile: then nothing is due any more."""
    return [FollowedUp(turn_id=turn_id)] if session.follow_up == turn_id else []


def fail_turn(session: Session, failure: TurnFailed) -> list[Event]:
    """A running turn ends without an answer; one that has ended stays as it is."""
    turn = session.running
    return [failure] if turn and turn.turn_id == failure.turn_id else []


def ask_first(session: Session, asked: ToolConfirmationAsked) -> list[Event]:
    """A call is asked about once, however often its turn is taken over."""
    turn = session.running
    return [asked] if turn and turn.turn_id == asked.turn_id and asked.key not in turn.confirmations else []


def confirm_tool(session: Session, command: ConfirmTool) -> list[Event]:
    """The first answer stands; the same again changes nothing."""
    turn = session.running
    if turn is None or turn.turn_id != command.turn_id:
        raise TurnNotFound
    if command.call not in turn.confirmations:
        raise NotFound("No call of that name waits to be confirmed.")
    decided = turn.confirmations[command.call]
    if decided is None:
        return [ToolConfirmed(turn_id=turn.turn_id, key=command.call, allow=command.allow, by=command.by)]
    if decided != command.allow:
        raise NotFound("That call waits no longer: it has been decided.")
    return []


def give_feedback(session: Session, command: GiveFeedback) -> list[Event]:
    """Only a turn that has ended can be rated."""
    turn = session.turn(command.turn_id)
    if turn is None or turn.status == "running":
        raise TurnNotFound
    return [FeedbackGiven(turn_id=command.turn_id, rating=command.rating, comment=command.comment)]


def erase_session(session: Session, reason: str) -> list[Event]:
    """Erasure of a session that is there; running turns must have been ended before."""
    if not session.user or session.erased:
        raise SessionNotFound
    due = followed_up(session, session.follow_up) if session.follow_up else []
    return [*due, SessionErased(reason=reason)]
