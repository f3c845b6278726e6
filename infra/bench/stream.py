"""What the server adds to a stream: first token, deltas a second, CPU a delta, beside a bare pipe in the same run."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Literal, Protocol

import click
import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from infra.bench.harness.chat_load import OPEN_AT_ONCE, ask, close_all, open_sockets, percentile
from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.bench.harness.installation import installed
from infra.bench.harness.processes import cpu_seconds
from infra.bench.harness.table import table
from infra.bench.results import keep, recordable
from infra.local.endpoints import installation_environment

Arrival = Literal["burst", "steady"]
ARRIVALS: tuple[Arrival, ...] = ("steady", "burst")
TENANTS = 50
STEADY_TURNS = 4
"""Questions on each socket of a steady load; the first, while the load builds up, does not count."""
SETTLE_S = 2.0
"""From the last socket's opening to the first question, so that what opening it set off is over."""
ANSWER_WITHIN_S = 180.0


class StreamRow(msgspec.Struct, kw_only=True):
    """One measurement: milliseconds, microseconds a delta of the model's."""

    what: str
    arrival: Arrival
    streams: int
    first_token_p50_ms: float
    first_token_p99_ms: float
    deltas_per_s: float
    cpu_us_per_delta: float
    errors: int


class TimedAnswer(msgspec.Struct):
    """One answer: seconds to its first token and to its end, and what went wrong."""

    first_s: float
    whole_s: float
    error: str = ""


class MeasuredServer(Protocol):
    """A server that is measured."""

    what: str
    pid: int

    async def open(self, streams: int) -> list[ClientConnection]:
        """So many sockets, ready to be asked."""
        ...

    async def ask(self, socket: ClientConnection, name: str) -> TimedAnswer:
        """The question, answered to its end."""
        ...


class Pipe:
    """The bare pipe, in a process of its own. It is `asked` what the whole server asks the model for the question."""

    what = "bare pipe"

    def __init__(self, environment: dict[str, str], asked: dict[str, Any]) -> None:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(2_048)
        self._url = f"ws://127.0.0.1:{listening.getsockname()[1]}/chat"
        self._asked = json.dumps(asked)
        command = [sys.executable, "-m", "infra.bench.bare_pipe", str(listening.fileno())]
        self._process = subprocess.Popen(command, env=environment, pass_fds=(listening.fileno(),))
        self.pid = self._process.pid
        listening.close()

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)

    async def open(self, streams: int) -> list[ClientConnection]:
        """See `MeasuredServer`."""
        gate = asyncio.Semaphore(OPEN_AT_ONCE)

        async def one() -> ClientConnection:
            async with gate:
                return await connect(self._url, compression=None, max_size=None, open_timeout=60, ping_interval=None)

        return list(await asyncio.gather(*(one() for _ in range(streams))))

    async def ask(self, socket: ClientConnection, name: str) -> TimedAnswer:
        """See `MeasuredServer`."""
        heard, began = TimedAnswer(0.0, 0.0), time.perf_counter()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await socket.send(self._asked)
                while "done" not in json.loads(await socket.recv()):
                    heard.first_s = heard.first_s or time.perf_counter() - began
        except Exception as error:  # a client counts whatever went wrong
            heard.error = f"{type(error).__name__}: {error}"
        heard.whole_s = time.perf_counter() - began
        return heard


class Colloquy:
    """The whole server, in an installation with its tenants."""

    what = "colloquy"

    def __init__(self, url: str, pid: int, tokens: Sequence[str]) -> None:
        self._url, self.pid, self._tokens = url.replace("http", "ws", 1) + "/v1/chat", pid, tokens

    async def open(self, streams: int) -> list[ClientConnection]:
        """See `MeasuredServer`."""
        return await open_sockets(self._url, self._tokens[:streams])

    async def ask(self, socket: ClientConnection, name: str) -> TimedAnswer:
        """See `MeasuredServer`."""
        seen = await ask(socket, name, QUESTION)
        error = seen.error if seen.exact else seen.error or "the text differs from its deltas"
        return TimedAnswer(seen.first_token, seen.whole, error)


class StandInControl:
    """The stand-in's control endpoint: how many deltas it has sent, and what it was asked last."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)

    def deltas(self) -> int:
        """Text deltas sent since it started."""
        return int(self._http.get("/control/totals").json()["deltas"])

    def pace(self, first_token_ms: int, token_ms: int) -> None:
        """How fast it answers."""
        self._http.post(
            "/control/pace", json={"first_token_ms": first_token_ms, "token_ms": token_ms}
        ).raise_for_status()

    def last_asked(self) -> dict[str, Any]:
        """What it was asked to stream last: `system` and `messages`."""
        seen: Any = self._http.get("/control/requests?last=50").json()["requests"]
        body = [request["body"] for request in seen if request["operation"] == "ConverseStream"][-1]
        return {"system": body["system"], "messages": body["messages"]}


async def measure(
    side: MeasuredServer, bedrock: StandInControl, arrival: Arrival, streams: int, spread_s: float
) -> StreamRow:
    """`burst`: every stream asks once, all at the same instant. `steady`: each asks again as soon as it is answered, so
    that as many streams are always under way; they begin spread over `spread_s`."""
    sockets = await side.open(streams)
    await asyncio.sleep(SETTLE_S)
    cpu, before, began = cpu_seconds(side.pid), bedrock.deltas(), time.perf_counter()

    async def one(n: int) -> list[TimedAnswer]:
        name = f"{arrival}-{n}"
        if arrival == "burst":
            return [await side.ask(sockets[n], name)]
        await asyncio.sleep(n / streams * spread_s)
        return [await side.ask(sockets[n], f"{name}-{turn}") for turn in range(STEADY_TURNS)]

    heard = await asyncio.gather(*(one(n) for n in range(streams)))
    took, cpu, deltas = time.perf_counter() - began, cpu_seconds(side.pid) - cpu, bedrock.deltas() - before
    await close_all(sockets)
    counted = [answer for answers in heard for answer in (answers[1:] or answers)]
    firsts = [answer.first_s for answer in counted if not answer.error]
    return StreamRow(
        what=side.what,
        arrival=arrival,
        streams=streams,
        first_token_p50_ms=round(percentile(firsts, 0.5) * 1e3, 1),
        first_token_p99_ms=round(percentile(firsts, 0.99) * 1e3, 1),
        deltas_per_s=round(deltas / took),
        cpu_us_per_delta=round(cpu / max(1, deltas) * 1e6, 1),
        errors=sum(bool(answer.error) for answers in heard for answer in answers),
    )


class Comparison(msgspec.Struct, kw_only=True):
    """The pipe and the whole server at one load: the middle of each figure, and of the rounds' ratios (ours / pipe)."""

    rows: tuple[StreamRow, StreamRow]
    cpu: float
    first_token_p50: float
    first_token_p99: float


async def compare(
    arrivals: Sequence[Arrival], counts: Sequence[int], rounds: int, tell: Callable[[str], None]
) -> list[Comparison]:
    """For each load the bare pipe and the whole server, taking turns; `tell` hears of each measurement."""
    with installed(min(TENANTS, max(counts)), DOCUMENTS) as installation:
        bedrock = StandInControl(installation.bedrock_url)
        bedrock.pace(50, 20)
        ours = Colloquy(installation.url, installation.pids["api"], installation.tokens(max(counts)))
        (socket,) = await ours.open(1)
        alone = await ours.ask(socket, "warm-up")
        await close_all([socket])
        pipe = Pipe(os.environ | installation_environment(installation.data_dir), bedrock.last_asked())

        async def told(side: MeasuredServer, arrival: Arrival, streams: int) -> StreamRow:
            row = await measure(side, bedrock, arrival, streams, alone.whole_s)
            tell(
                f"{arrival} {streams} {side.what}: first token {row.first_token_p50_ms:.0f} ms (p50), "
                f"{row.first_token_p99_ms:.0f} ms (p99), {row.cpu_us_per_delta:.0f} us a delta, {row.errors} errors"
            )
            return row

        try:
            await measure(pipe, bedrock, "burst", 1, 0)
            return [
                _middle(
                    [(await told(pipe, arrival, streams), await told(ours, arrival, streams)) for _ in range(rounds)]
                )
                for arrival in arrivals
                for streams in counts
            ]
        finally:
            pipe.stop()


def _middle(pairs: Sequence[tuple[StreamRow, StreamRow]]) -> Comparison:
    def ratio(of: str) -> float:
        return round(median(float(getattr(ours, of)) / max(1e-9, float(getattr(pipe, of))) for pipe, ours in pairs), 2)

    def of_side(rounds: Sequence[StreamRow]) -> StreamRow:
        figures = ("first_token_p50_ms", "first_token_p99_ms", "deltas_per_s", "cpu_us_per_delta")
        middle = {figure: median(getattr(row, figure) for row in rounds) for figure in figures}
        return msgspec.structs.replace(rounds[0], errors=sum(row.errors for row in rounds), **middle)

    pipe, ours = zip(*pairs, strict=True)
    return Comparison(
        rows=(of_side(pipe), of_side(ours)),
        cpu=ratio("cpu_us_per_delta"),
        first_token_p50=ratio("first_token_p50_ms"),
        first_token_p99=ratio("first_token_p99_ms"),
    )


@click.command()
@recordable
@click.option("--streams", default="1,50,250,500", show_default=True, help="How many at once, one comparison each.")
@click.option(
    "--arrivals",
    default="steady,burst",
    show_default=True,
    help="steady: each stream asks again when answered; burst: all ask at the same instant.",
)
@click.option("--rounds", default=3, show_default=True, help="How often each takes its turn; the median counts.")
@click.option("--json", "as_json", is_flag=True)
def stream(streams: str, arrivals: str, rounds: int, as_json: bool) -> None:
    """What the server adds to a stream, beside a bare pipe (Litestar and aioboto3 as they come) in the same run.

    Example: colloquy bench stream --streams 1,250 --arrivals steady
    """
    ways = [way for way in ARRIVALS if way in arrivals.split(",")]
    counts = [int(part) for part in streams.split(",")]
    found = asyncio.run(compare(ways, counts, rounds, lambda line: click.echo(line, err=True)))
    keep(
        {
            f"{each.rows[1].arrival} {each.rows[1].streams}, {name}": value
            for each in found
            for name, value in (
                ("CPU a delta", each.cpu),
                ("first token p50", each.first_token_p50),
                ("first token p99", each.first_token_p99),
            )
        }
    )
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(each) for each in found]))
        return
    click.echo(table([row for each in found for row in each.rows]))
    for each in found:
        ours = each.rows[1]
        click.echo(
            f"{ours.arrival} {ours.streams}: ours / pipe: CPU a delta {each.cpu:.2f}, "
            f"first token p50 {each.first_token_p50:.2f}, p99 {each.first_token_p99:.2f}"
        )
