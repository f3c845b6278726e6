"""Every "no" the business can give: its public code, one plain sentence, and whether trying again can help."""

from __future__ import annotations

from typing import ClassVar, Self


class Refusal(Exception):
    """The base of every refusal. The first line of the docstring is the message, unless a `detail` says it better."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    of_somebody_else: bool = False
    """Whether what answers like an absent thing is a colleague's. Whoever asked is told nothing of it; auditors are."""

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.retry_after_s = retry_after_s
        super().__init__(self.detail)

    def theirs(self) -> Self:
        """The same, where what was asked for is somebody else's in the tenant."""
        self.of_somebody_else = True
        return self


class InvalidJson(Refusal):
    """The frame is not valid JSON."""

    code = "invalid_json"


class TooDeep(Refusal):
    """The message is nested too deeply."""

    code = "too_deep"


class InvalidMessage(Refusal):
    """The message is not an object with a type."""

    code = "invalid_message"


class UnknownType(Refusal):
    """There is no message of that type."""

    code = "unknown_type"


class InvalidField(Refusal):
    """A field is missing or has a value that cannot be accepted."""

    code = "invalid_field"


class DuplicateKey(Refusal):
    """An object holds the same key twice."""

    code = "duplicate_key"


class InvalidCharacter(Refusal):
    """The text holds a NUL character or half of a surrogate pair, which no store can keep."""

    code = "invalid_character"


class EmptyPrompt(Refusal):
    """The prompt has no text."""

    code = "empty_prompt"


class PromptTooLong(Refusal):
    """The prompt is longer than the session's limit."""

    code = "prompt_too_long"


class MetadataTooLarge(Refusal):
    """The metadata is larger than the session's limit."""

    code = "metadata_too_large"


class FrameTooLarge(Refusal):
    """The frame is larger than 256 KiB."""

    code = "frame_too_large"


class TurnInProgress(Refusal):
    """A turn is running in this session; wait for it or cancel it."""

    code, retryable = "turn_in_progress", True


class IdempotencyConflict(Refusal):
    """This id was used before with another text or other files."""

    code = "idempotency_conflict"


class TurnNotFound(Refusal):
    """There is no such turn, or it has ended."""

    code = "turn_not_found"


class SessionNotOpen(Refusal):
    """The first frame must be session.open."""

    code = "session_not_open"


class SessionAlreadyOpen(Refusal):
    """This socket already watches a session; open another socket for another session."""

    code = "session_already_open"


class SessionNotFound(Refusal):
    """There is no such session."""

    code = "session_not_found"


class AssistantNotFound(Refusal):
    """There is no such assistant."""

    code = "assistant_not_found"


class DocumentNotFound(Refusal):
    """There is no such document."""

    code = "document_not_found"


class FileNotFound(Refusal):
    """There is no such file."""

    code = "file_not_found"


class FileRefused(Refusal):
    """This file may not be kept here."""

    code = "invalid_field"


class NotFound(Refusal):
    """There is nothing here."""

    code = "not_found"


class ForeignTenant(Refusal):
    """There is nothing here.

    Work named another tenant than the one that is acted for. No caller can bring that about unless something is wrong
    with the program, and then the caller learns no more than of what is absent."""

    code = "not_found"


class ResumeOutOfRange(Refusal):
    """The frames after that seq are no longer kept; open the session without after_seq."""

    code = "resume_out_of_range"


class InUse(Refusal):
    """Others still use this."""

    code = "in_use"


class InvalidCursor(Refusal):
    """The cursor is not one that this list gave out."""

    code = "invalid_cursor"


class InvalidRange(Refusal):
    """A limit or a time range is out of bounds."""

    code = "invalid_range"


class Unauthorized(Refusal):
    """The credentials are missing, wrong or expired."""

    code = "unauthorized"


class Forbidden(Refusal):
    """Your roles do not allow this."""

    code = "forbidden"


class RateLimited(Refusal):
    """Too many requests; try again later."""

    code, retryable = "rate_limited", True


class BudgetExceeded(Refusal):
    """The budget is used up."""

    code, retryable = "budget_exceeded", True


class Overloaded(Refusal):
    """The server is at its limit; try again shortly."""

    code, retryable = "overloaded", True


class ModelUnavailable(Refusal):
    """No model could answer; try again."""

    code, retryable = "model_unavailable", True


class ModelRefused(Refusal):
    """The model did not accept this conversation: asking the same again will not help."""

    code = "model_unavailable"


class PiiBlocked(Refusal):
    """The text holds private data of a kind that this tenant does not allow."""

    code = "pii_blocked"


class Draining(Refusal):
    """The server is restarting; connect again."""

    code, retryable = "draining", True


class UnsupportedMediaType(Refusal):
    """This content type is not accepted here."""

    code = "unsupported_media_type"


class PayloadTooLarge(Refusal):
    """The body is larger than the limit."""

    code = "payload_too_large"


class DependencyUnavailable(Refusal):
    """A part that this request needs is away; try again."""

    code, retryable = "dependency_unavailable", True


class DependencyRefuses(DependencyUnavailable):
    """A part that this request needs does not let us use it: its rights or settings have to be mended."""


class Internal(Refusal):
    """Something went wrong on our side; the trace id tells us what."""

    code, retryable = "internal", True


class Conflict(Refusal):
    """Somebody else wrote to this stream first."""

    code, retryable = "overloaded", True


class DocumentRefused(Refusal):
    """The document cannot be read. `reason` is one of the public codes of a refused document."""

    code = "invalid_field"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
