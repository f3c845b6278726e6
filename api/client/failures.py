"""What can go wrong, each with its public code and a sentence for people."""

from __future__ import annotations


class Failure(Exception):
    """The root of all that this library raises. `code` is one of the contract's; `retryable` says whether the same may
    succeed later, in `retry_after_s` seconds where the server says so."""

    def __init__(self, code: str, message: str, *, retryable: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code, self.message, self.retryable, self.retry_after_s = code, message, retryable, retry_after_s


class Refused(Failure):
    """An `error` frame: the server did not take what was sent."""


class TurnFailed(Failure):
    """A `turn.failed` frame: the turn ended without a whole answer."""


class Closed(Failure):
    """The socket was closed and will not be opened again; `close_code` is the WebSocket's (4401: credentials)."""

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__("closed", reason or f"the connection was closed with {close_code}")
        self.close_code = close_code


class Problem(Failure):
    """An HTTP answer that is an error: a problem document (RFC 9457)."""

    def __init__(self, status: int, code: str, message: str, trace_id: str, retry_after_s: float | None = None) -> None:
        super().__init__(code, message, retryable=status in (429, 503), retry_after_s=retry_after_s)
        self.status, self.trace_id = status, trace_id
