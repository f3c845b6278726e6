"""One answer while it is streamed: each delta at its time, the bill before the last byte, the fault on order."""

from __future__ import annotations

from collections.abc import Callable

from infra.local.bedrock import event_stream, faults
from infra.local.bedrock.http_server import HttpReply, chunk
from infra.local.bedrock.ticker import Ticker


def immediately() -> float:
    """No time between deltas."""
    return 0.0


class DeltaStream:
    """A stream of prepared deltas. `bill(deltas_sent, error_code)` is called exactly once, before the end is sent or
    when the client goes. Without an error the whole answer is to be billed, as AWS does, whoever has left."""

    def __init__(
        self,
        reply: HttpReply,
        ticker: Ticker,
        *,
        head: bytes,
        deltas: list[bytes],
        tail: Callable[[], bytes],
        bill: Callable[[int, str], None],
        fault: faults.Fault | None,
    ) -> None:
        self._reply, self._ticker = reply, ticker
        self._pending, self._deltas, self._tail = head, deltas, tail
        self._bill_once: Callable[[int, str], None] | None = bill
        self._fault = fault
        self._sent = 0
        self._due, self._gap_s = 0.0, immediately
        reply.on_drop = self.settle

    def begin(self, first_at: float, gap_s: Callable[[], float]) -> None:
        """Send the first delta at `first_at` on the loop's clock and the others `gap_s` apart, which is asked before
        each: a pace that is set anew holds for answers under way."""
        self._due, self._gap_s = first_at, gap_s
        self._ticker.at(first_at, self._step)

    def settle(self) -> None:
        """Bill it in full now: the client has gone, or the process ends."""
        self._bill()

    def _step(self) -> None:
        if self._reply.ended:
            return
        while True:
            if self._fault and self._sent >= min(self._fault.after_deltas, len(self._deltas)):
                self._fail(self._fault)
                return
            if self._sent == len(self._deltas):
                self._end()
                return
            self._pending += chunk(self._deltas[self._sent])
            self._sent += 1
            if gap := self._gap_s():
                break
        self._flush()
        self._due += gap
        self._ticker.at(self._due, self._step)

    def _flush(self, more: bytes = b"") -> None:
        if self._pending or more:
            self._reply.send(self._pending + more)
        self._pending = b""

    def _end(self) -> None:
        self._bill()
        self._flush(chunk(self._tail()))
        self._reply.finish()

    def _fail(self, fault: faults.Fault) -> None:
        following = self._deltas[self._sent] if self._sent < len(self._deltas) else self._tail()
        if fault.kind in faults.EVENTS:
            frame, code = faults.EVENTS[fault.kind]
            self._bill(code)
            self._flush(chunk(frame()))
            self._reply.finish()
            return
        self._bill()
        if fault.kind == "cut":
            self._flush(chunk(following)[: len(following) // 2])
            self._reply.cut()
        elif fault.kind == "stall":
            self._flush()
        elif fault.kind == "corrupt":
            self._flush(chunk(following[:-6] + bytes([following[-6] ^ 0xFF]) + following[-5:]))
            self._reply.finish()
        elif fault.kind == "malformed":
            self._flush(chunk(event_stream.not_json("contentBlockDelta")))
            self._reply.finish()
        else:
            self._flush()
            self._reply.finish()

    def _bill(self, code: str = "") -> None:
        bill, self._bill_once = self._bill_once, None
        if bill:
            bill(self._sent, code)
