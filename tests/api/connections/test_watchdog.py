"""The sockets' watchdog goes on whatever one socket does, and a client that is gone is one exception of ours."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest
from litestar.exceptions import WebSocketDisconnect

from api.connections.client_socket import ClientGone, ClientSocket
from api.connections.registry import STUCK_S, Sockets
from application.tasks import Loops, ended
from domain.access import Identity, Principal
from domain.refusals import Refusal
from tests.fakes.in_memory_console_sign_ins import InMemoryConsoleSignIns
from tests.virtual_time import in_virtual_time

GONE = [
    WebSocketDisconnect(detail="gone"),
    RuntimeError("unexpected ASGI message"),
    OSError("broken pipe"),
    KeyError("state"),
]
ODD = [*GONE, ClientGone(), asyncio.CancelledError(), TimeoutError()]


class FrameworksSocket:
    """The framework's socket: whatever is asked of it raises `error`, or gives `message`."""

    def __init__(self, error: BaseException | None = None, message: Any = None) -> None:
        self.error, self.message = error, message
        self.blocked: asyncio.Event | None = None

    async def _do(self, *_: Any, **__: Any) -> Any:
        if self.blocked:
            await self.blocked.wait()
        if self.error:
            raise self.error
        return self.message

    accept = send = close = receive = _do


class Watched:
    """A socket as the watchdog sees it, which raises `fault` when something is sent on it."""

    def __init__(self, tenant: str = "t", *, left_s: float = 3_600, fault: BaseException | None = None) -> None:
        self.principal = Principal(tenant, "ada", frozenset({"member"}), time.time() + left_s)
        self.sending_since, self.expiry_told = 0.0, False
        self.fault, self.sent, self.ended = fault, asyncio.Event(), asyncio.Event()
        self.code = 0

    def notice(self) -> dict[str, Any]:
        return {"seq": 0, "session_id": "", "at": ""}

    async def send(self, frame: Any) -> None:
        await asyncio.sleep(0)
        if self.fault:
            raise self.fault
        self.sent.set()

    async def tell_error(self, refusal: Refusal) -> None:
        await self.send(refusal)

    def hang_up(self, code: int, reason: str) -> None:
        self.code = self.code or code
        self.ended.set()


def watched(*sockets: Watched) -> Sockets:
    ours = Sockets(100, 100)
    for socket in sockets:
        ours.add(socket)
    return ours


@pytest.mark.parametrize("error", GONE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("doing", ["accept", "receive", "send", "close"])
@in_virtual_time
async def test_whatever_is_raised_for_a_client_that_is_gone_is_one_exception(doing: str, error: Exception) -> None:
    client = ClientSocket(FrameworksSocket(error))  # type: ignore[arg-type]
    arguments: dict[str, tuple[Any, ...]] = {"accept": (None,), "receive": (), "send": ("{}",), "close": (1000, "")}
    with pytest.raises(ClientGone):
        await getattr(client, doing)(*arguments[doing])
    assert not client.sending_since


@in_virtual_time
async def test_a_disconnect_is_a_client_that_is_gone() -> None:
    with pytest.raises(ClientGone):
        await ClientSocket(FrameworksSocket(message={"type": "websocket.disconnect"})).receive()  # type: ignore[arg-type]


@in_virtual_time
async def test_a_frame_that_is_stuck_counts_from_its_own_beginning_although_others_give_up() -> None:
    framework = FrameworksSocket()
    framework.blocked, client = asyncio.Event(), ClientSocket(framework)  # type: ignore[arg-type]
    first = asyncio.create_task(client.send("1"))
    await asyncio.sleep(0)
    since = client.sending_since
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.send("2"), 0.01)
    assert since and client.sending_since == since
    framework.blocked.set()
    await first
    assert not client.sending_since


@pytest.mark.parametrize("fault", ODD, ids=lambda fault: type(fault).__name__)
@in_virtual_time
async def test_one_socket_that_breaks_keeps_no_other_from_being_looked_at(fault: BaseException) -> None:
    expired, warned = Watched(left_s=-1, fault=fault), Watched(left_s=30, fault=fault)
    other, told, stuck = Watched(left_s=-1), Watched(left_s=30), Watched()
    stuck.sending_since = time.monotonic() - STUCK_S - 1
    async with asyncio.timeout(5), Loops() as loops:
        loops.every("socket_watch", 0.0, watched(expired, warned, other, told, stuck).watch)
        await asyncio.gather(expired.ended.wait(), other.ended.wait(), told.sent.wait(), stuck.ended.wait())
    assert (expired.code, other.code, stuck.code) == (4401, 4401, 4408)


@pytest.mark.parametrize("fault", ODD, ids=lambda fault: type(fault).__name__)
@in_virtual_time
async def test_the_watchdog_looks_again_after_whatever_a_socket_did(fault: BaseException) -> None:
    ours, later = watched(Watched(left_s=-1, fault=fault)), Watched(left_s=-1)
    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        loops.every("socket_watch", 0.0, ours.watch)
        await asyncio.sleep(0)
        ours.add(later)
        await later.ended.wait()


@in_virtual_time
async def test_a_watched_socket_that_is_broken_itself_is_ended() -> None:
    class Broken(Watched):
        def notice(self) -> dict[str, Any]:
            raise KeyError("bug")

    broken, other = Broken(left_s=30), Watched(left_s=-1)
    await watched(broken, other).watch()
    assert (broken.code, other.code) == (1011, 4401)


@in_virtual_time
async def test_many_that_do_not_read_are_told_of_their_expiry_side_by_side() -> None:
    class Deaf(Watched):
        async def send(self, frame: Any) -> None:
            await asyncio.Event().wait()

    deaf = [Deaf(left_s=-1) for _ in range(50)]
    async with asyncio.timeout(5):  # one after the other they take 25 s
        await watched(*deaf).watch()
    assert {socket.code for socket in deaf} == {4401}


@pytest.mark.parametrize("fault", ODD, ids=lambda fault: type(fault).__name__)
@in_virtual_time
async def test_a_drain_is_announced_to_all(fault: BaseException) -> None:
    other = Watched()
    await watched(Watched(fault=fault), other).announce_drain()
    assert other.sent.is_set()


@in_virtual_time
async def test_sockets_of_who_signs_out_are_ended_and_no_others() -> None:
    mine, theirs, older = Watched(), Watched(), Watched()
    for socket, token_id in ((mine, "s-1"), (theirs, "s-2"), (older, "")):
        socket.principal = msgspec.structs.replace(socket.principal, token_id=token_id)
    sockets = watched(mine, theirs, older)
    sockets.hang_up_token("s-1", 4401, "signed out")
    sockets.hang_up_token("", 4401, "signed out")
    assert (mine.code, theirs.ended.is_set(), older.ended.is_set()) == (4401, False, False)


@in_virtual_time
async def test_a_broken_watchdog_is_counted() -> None:
    before = ended["socket_watch"]

    async def broken() -> None:
        raise KeyError

    async with asyncio.timeout(5), Loops(backoff_s=(0.0,)) as loops:
        loops.every("socket_watch", 0.0, broken)
        while not loops.down()["socket_watch"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert ended["socket_watch"] > before


async def test_sockets_of_a_browsers_session_end_with_it_whichever_process_ended_it() -> None:
    signing, sockets = InMemoryConsoleSignIns(), Sockets(9, 9)
    opened = []
    for _ in range(2):
        identity = Identity("t", "ada", frozenset({"member"}), time.time() + 600, "link")
        secret = await signing.begin(identity)
        session = await signing.find(secret)
        assert session
        for _ in range(2):
            socket = Watched()
            socket.principal = msgspec.structs.replace(socket.principal, token_id=session.token_id)
            opened.append((secret, socket))
            sockets.add(socket)
    other = Watched()
    sockets.add(other)  # opened by a token of its own
    await sockets.hang_up_ended(signing.ended)
    await signing.end(opened[0][0])
    await sockets.hang_up_ended(signing.ended)
    assert [socket.code for _, socket in opened] == [4401, 4401, 0, 0] and other.code == 0
